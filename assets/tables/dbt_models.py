"""The dbt project as assets: staging, core and feature tables, cleaned and tested in SQL.

Grain: see each model's description in dbt/. A run of source days rewrites the event days that their lines lie
in or lay in before (event_days.py). Stale when raw tables, cleaning settings or SQL change.
"""

import datetime as dt
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject, dbt_assets

from assets.graph import EVENT_DAYS, OWNERS, TABLE_ROWS, WAREHOUSE_POOL, Graph, event_range, preview
from assets.tables.event_days import as_text, days_to_build, finish_days
from resources.settings import Project, Settings
from resources.warehouse import Warehouse, quoted

PREVIEW_ROWS = 5


class Translator(DagsterDbtTranslator):
    """Puts every dbt model into the group `tables` with the owner of the raw tables, described in dbt's own words."""

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The model's description, without the SQL that Dagster would put under it."""
        return str(dbt_resource_props.get("description") or dbt_resource_props["name"]).strip()

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        """The check of a dbt test, with the test's description."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        description = manifest["nodes"][unique_id].get("description", "").strip()
        return spec._replace(description=description) if spec else None

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """One group for all models."""
        return "tables"

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """The same owners as everywhere."""
        return OWNERS


def build(graph: Graph, manifest: Path) -> dg.AssetsDefinition:
    """All dbt models as one op; dbt's own tests become checks that block what follows.

    Args:
        graph: The project and its days.
        manifest: The `manifest.json` that `dbt parse` wrote.
    """

    @dbt_assets(
        manifest=manifest,
        name="dbt_models",
        partitions_def=graph.days,
        backfill_policy=EVENT_DAYS,
        dagster_dbt_translator=Translator(),
        exclude="resource_type:unit_test",
        pool=WAREHOUSE_POOL,
    )
    def dbt_models(context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: Warehouse) -> Iterator[Any]:
        first, last = event_range(context)
        days = days_to_build(warehouse, graph, first, last)
        os.environ.update(dbt_environment(graph.project, first, last, days))
        variables = json.dumps(dbt_variables(graph.settings))
        arguments = ["build", "--exclude-resource-type", "unit_test", "--vars", variables]
        with warehouse.writing():
            for event in dbt.cli(arguments, context=context).stream():
                if isinstance(event, dg.Output):
                    event = event.with_metadata({**event.metadata, **table_as_it_is(warehouse, event.output_name)})
                yield event
        if not context.is_subset:
            finish_days(warehouse, days)

    return dbt_models


def table_as_it_is(warehouse: Warehouse, table: str) -> dict[str, Any]:
    """A snapshot that holds it, rows of the whole table, and the first few.

    dbt has committed it and builds the next one meanwhile, so the snapshot may be one that another model made.
    """
    snapshot = warehouse.snapshot()
    with warehouse.connect(read_only=True) as connection:
        count = connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()
        first = connection.execute(f"SELECT * FROM {quoted(table)} LIMIT {PREVIEW_ROWS}").pl()
    rows = count[0] if count else 0
    return {TABLE_ROWS: rows, "preview": dg.MetadataValue.md(preview(first)), "snapshot": snapshot}


def dbt_environment(
    project: Project, first: dt.date | None = None, last: dt.date | None = None, days: Sequence[dt.date] = ()
) -> dict[str, str]:
    """Where dbt finds the lake (`dbt/profiles.yml`), the loaded source days, and the event days to make again.

    `None` and no days: all.
    """
    catalogue = project.catalogue
    return {
        "SLUICE_TARGET": "server" if catalogue.several_machines else "lake",
        "SLUICE_CATALOG": catalogue.address,
        "SLUICE_SCHEMA": catalogue.schema,
        "SLUICE_DATA_PATH": str(project.data_path),
        "SLUICE_FROM_DAY": str(first or ""),
        "SLUICE_UNTIL_DAY": str(last or ""),
        "SLUICE_EVENT_DAYS": as_text(list(days)),
    }


def dbt_variables(settings: Settings) -> dict[str, Any]:
    """The settings that the SQL reads. The same in every run, or dbt would parse the project anew."""
    return {
        "partition_start": str(settings.partitions.start),
        "event_weights": {name: kind.model_dump() for name, kind in settings.event_types.items()},
        **settings.cleaning.model_dump(),
    }
