"""The code location: every asset, check, job, schedule and sensor of one project."""

import os
import sys
import warnings
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource

warnings.filterwarnings("ignore", category=dg.BetaWarning)

from assets.catalogue import all_assets, all_checks  # noqa: E402
from assets.graph import Graph  # noqa: E402
from pipelines.dbt_manifest import DBT_FOLDER, ensure_manifest  # noqa: E402
from pipelines.jobs import build_jobs  # noqa: E402
from pipelines.partitions import daily, event_axis  # noqa: E402
from pipelines.schedules import build_schedule  # noqa: E402
from pipelines.sensors import build_sensor  # noqa: E402
from pipelines.storage import artifacts_of, warehouse_of  # noqa: E402
from resources.settings import Project  # noqa: E402
from resources.text_encoder import CachedTextEncoder  # noqa: E402


def graph_of(project: Project) -> Graph:
    """The project with its partition definitions."""
    return Graph(project=project, days=event_axis(project.settings), as_of_days=daily(project.settings))


def dbt_resource() -> DbtCliResource:
    """The dbt that was installed beside this Python, on our dbt project."""
    executable = Path(sys.executable).parent / "dbt"
    folder = os.fspath(DBT_FOLDER)
    return DbtCliResource(project_dir=folder, profiles_dir=folder, dbt_executable=os.fspath(executable))


def build_definitions(project: Project) -> dg.Definitions:
    """Everything Dagster needs to know of a project."""
    graph, settings = graph_of(project), project.settings
    target = project.output / "dbt"
    manifest = ensure_manifest(target)
    tables, learning = build_jobs()
    os.environ["DBT_TARGET_PATH"] = str(target)
    resources = {
        "warehouse": warehouse_of(project),
        "artifacts": artifacts_of(project),
        "text_encoder": CachedTextEncoder(
            name=settings.text.encoder,
            max_tokens=settings.text.max_tokens,
            device=settings.compute.device,
            n_threads=settings.compute.n_threads,
        ),
        "dbt": dbt_resource(),
    }
    return dg.Definitions(
        assets=all_assets(graph, manifest),
        asset_checks=all_checks(graph),
        jobs=[tables, learning],
        schedules=[build_schedule(graph)],
        sensors=[build_sensor(tables, learning)],
        resources=resources,
        executor=dg.in_process_executor,
    )
