"""Which artifact belongs to which asset and as-of day: the table `artifacts`, and loading through it."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from assets.graph import Columns
from models.errors import UserError
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse, insert

COLUMNS: Columns = {
    "asset": ("VARCHAR", "The asset that made it"),
    "as_of_day": ("DATE", "Its partition"),
    "digest": ("VARCHAR", "Folder in the artifact store; SHA-256 of its files, first 32 characters"),
    "created_at": ("TIMESTAMP", "When it was recorded, UTC"),
}


def store_artifact(
    warehouse: Warehouse,
    store: ArtifactStore,
    asset: str,
    as_of_day: dt.date,
    fill: Callable[[Path], None],
    about: dict[str, Any],
) -> str:
    """Put an artifact into the store and make it the one of this asset and as-of day; returns its digest."""
    digest = store.put(asset, fill, {"as_of_day": str(as_of_day), **about})
    warehouse.ensure_table("artifacts", COLUMNS, "The artifact of each learned asset and as-of day")
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    row = pl.DataFrame({"asset": [asset], "as_of_day": [as_of_day], "digest": [digest], "created_at": [now]})

    def transaction(connection) -> None:
        connection.execute("DELETE FROM artifacts WHERE asset = ? AND as_of_day = ?", [asset, as_of_day])
        insert(connection, "artifacts", row)

    warehouse.write(transaction)
    return digest


def artifact_metadata(warehouse: Warehouse, digest: str) -> dict[str, Any]:
    """What the UI shows of an artifact that was just stored: its digest, and the snapshot that names it."""
    return {"digest": digest, "snapshot": warehouse.snapshot()}


def artifact_digest(warehouse: Warehouse, asset: str, as_of_day: dt.date) -> str:
    """The digest of an asset's artifact for one as-of day.

    Raises:
        UserError: It was never materialised for that day.
    """
    sql = "SELECT digest FROM artifacts WHERE asset = ? AND as_of_day = ?"
    rows = warehouse.read(sql, [asset, as_of_day]) if warehouse.has_table("artifacts") else pl.DataFrame()
    if rows.is_empty():
        raise UserError(f"no artifact for as-of day {as_of_day}", asset, f"Materialise {asset} for {as_of_day} first.")
    return rows["digest"][0]


def artifact_folder(warehouse: Warehouse, store: ArtifactStore, asset: str, as_of_day: dt.date) -> Path:
    """The verified folder of an asset's artifact for one as-of day."""
    return store.get(asset, artifact_digest(warehouse, asset, as_of_day))
