"""The code location: every asset, check, job, schedule and sensor of one project."""

import os
import sys
import warnings
from pathlib import Path

import dagster as dg

from assets.catalogue import all_assets, all_checks
from assets.graph import Graph
from pipelines.dbt_cli import DbtCli
from pipelines.dbt_manifest import DBT_FOLDER, dbt_target, ensure_manifest
from pipelines.jobs import build_jobs
from pipelines.partitions import daily, event_axis
from pipelines.schedules import maintenance_schedule, nightly_schedule
from pipelines.sensors import build_sensor, history_sensor
from pipelines.storage import artifacts_of, warehouse_of
from resources.settings import Project
from resources.text_encoder import CachedTextEncoder


def graph_of(project: Project) -> Graph:
    """The project with its partition definitions."""
    return Graph(project=project, days=event_axis(project.settings), as_of_days=daily(project.settings))


def dbt_resource() -> DbtCli:
    """The dbt that was installed beside this Python, on our dbt project."""
    executable = Path(sys.executable).parent / "dbt"
    folder = os.fspath(DBT_FOLDER)
    return DbtCli(project_dir=folder, profiles_dir=folder, dbt_executable=os.fspath(executable))


def build_definitions(project: Project) -> dg.Definitions:
    """Everything Dagster needs to know of a project."""
    graph, settings = graph_of(project), project.settings
    manifest = ensure_manifest(project)
    jobs = build_jobs(settings)
    os.environ["DBT_TARGET_PATH"] = str(dbt_target(project))
    with warnings.catch_warnings():
        # Two parameters that most assets need are called beta; a user can do nothing about it.
        warnings.simplefilter("ignore", dg.BetaWarning)
        assets, checks = all_assets(graph, manifest), all_checks(graph)
    resources = {
        "warehouse": warehouse_of(project),
        "artifacts": artifacts_of(project),
        "text_encoder": CachedTextEncoder(
            name=settings.text.encoder,
            max_tokens=settings.text.max_tokens,
            device=settings.compute.device,
            n_threads=settings.compute.n_threads,
            dimensions=settings.text.dimensions,
        ),
        "dbt": dbt_resource(),
    }
    return dg.Definitions(
        assets=assets,
        asset_checks=checks,
        jobs=jobs,
        schedules=[nightly_schedule(graph), maintenance_schedule(graph)],
        sensors=[build_sensor(*jobs[:2]), history_sensor(warehouse_of(project))],
        resources=resources,
        executor=dg.in_process_executor,
    )
