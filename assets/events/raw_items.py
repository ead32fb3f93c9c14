"""`raw_items` and `rejected_items`: the catalogue as it lies there.

Grain: one item; one rejected line. Replaced as a whole by every run. Read by dbt (`stg_items`).
"""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets.events import source_schemas
from assets.events.columns import RAW_ITEMS, REJECTED_ITEMS
from assets.graph import EVENT_DAYS, OWNERS, TABLE_ROWS, WAREHOUSE_POOL, Columns, Graph, table_metadata
from models.events.catalogue import read_catalogue
from models.events.files import list_source_files
from resources.settings import Project
from resources.warehouse import Warehouse, insert, quoted

TABLES: dict[str, tuple[Columns, str]] = {
    "raw_items": (RAW_ITEMS, "One item of the source's catalogue; no row where the shop has none"),
    "rejected_items": (REJECTED_ITEMS, "One catalogue line that could not become an item, with the reason"),
}


def build(graph: Graph) -> dg.AssetsDefinition:
    """The catalogue tables as one op."""
    specs = [
        dg.AssetSpec(name, description=text, group_name="events", owners=OWNERS, kinds={"polars", "duckdb"})
        for name, (_, text) in TABLES.items()
    ]

    @dg.multi_asset(
        name="raw_items",
        specs=specs,
        partitions_def=graph.days,
        backfill_policy=EVENT_DAYS,
        pool=WAREHOUSE_POOL,
        check_specs=[source_schemas.check_spec("raw_items")],
    )
    def raw_items(warehouse: Warehouse) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        source = graph.settings.catalogue
        seen = source_schemas.look_at(list_source_files(source, graph.project.base), source) if source else {}
        yield from source_schemas.compared(graph, warehouse, "catalogue", seen)
        frames = read_items(graph.project)
        for name, (columns, text) in TABLES.items():
            warehouse.ensure_table(name, columns, text)

        def transaction(connection) -> None:
            for name, frame in frames.items():
                connection.execute(f"DELETE FROM {quoted(name)}")
                insert(connection, name, frame)

        warehouse.write(transaction)
        source_schemas.remember(warehouse, "catalogue", seen)
        snapshot = warehouse.snapshot()
        for name, (columns, _) in TABLES.items():
            metadata = table_metadata(name, columns, frames[name], snapshot, TABLE_ROWS)
            yield dg.MaterializeResult(asset_key=name, metadata=metadata)

    return raw_items


def read_items(project: Project) -> dict[str, pl.DataFrame]:
    """The catalogue's accepted and rejected rows; both empty where the config names no catalogue."""
    source = project.settings.catalogue
    if source is None:
        return {"raw_items": pl.DataFrame(), "rejected_items": pl.DataFrame()}
    batch = read_catalogue(source, project.base)
    return {"raw_items": batch.items, "rejected_items": batch.rejected}
