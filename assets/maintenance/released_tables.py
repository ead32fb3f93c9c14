"""What the tables of every release hold: read as a consumer reads them, at the release's snapshot."""

import duckdb
import polars as pl

from models.errors import UserError
from resources.warehouse import Warehouse, digest, table_names

SCHEMA = {"release_id": pl.Utf8, "snapshot": pl.Int64, "table": pl.Utf8, "contents": pl.Utf8, "readable": pl.Boolean}


def releases_of(warehouse: Warehouse) -> pl.DataFrame:
    """`release_id, snapshot, artifacts` of every release."""
    sql = "SELECT release_id, snapshot, artifacts FROM releases ORDER BY created_at, release_id"
    schema = {"release_id": pl.Utf8, "snapshot": pl.Int64, "artifacts": pl.Utf8}
    return warehouse.read(sql) if warehouse.has_table("releases") else pl.DataFrame(schema=schema)


def released_tables(warehouse: Warehouse, releases: pl.DataFrame) -> pl.DataFrame:
    """Row count and an order-independent hash of every table of every release.

    Every row is read, so that a file that is missing shows: 0.2 s and more for a release of 27 small tables, 0.3 s for
    5 million rows.

    Returns:
        `release_id, snapshot, table, contents, readable`. Where a release cannot be read it has one row, without a
        table, and the database's words.
    """
    rows = []
    for snapshot in sorted(set(releases["snapshot"])):
        names = releases.filter(pl.col("snapshot") == snapshot)["release_id"]
        found = _contents(warehouse, snapshot)
        rows += [(name, snapshot, *contents) for name in names for contents in found]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _contents(warehouse: Warehouse, snapshot: int) -> list[tuple[str | None, str, bool]]:
    try:
        with warehouse.connect(snapshot=snapshot) as connection:
            return [(name, digest(connection, name), True) for name in table_names(connection)]
    except (duckdb.Error, UserError) as error:
        return [(None, str(error).strip().splitlines()[0], False)]
