"""Every way of searching an ANN index that was tried, from the indexes' manifests, for the report."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import polars as pl

from assets.artifacts import artifact_digest
from models.ann.config import AnnIndexConfig
from models.ann.index import INDEX_FILE
from models.ann.wording import built_with
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse

SCHEMA = pl.Schema(
    {
        "retriever": pl.String(),
        "settings": pl.String(),
        "n_items": pl.Int64(),
        "n_bytes": pl.Int64(),
        "k": pl.Int64(),
        "kind": pl.String(),
        "effort": pl.Int64(),
        "recall": pl.Float64(),
        "microseconds": pl.Float64(),
        "is_used": pl.Boolean(),
    }
)


def index_rows(warehouse: Warehouse, store: ArtifactStore, retrievers: Sequence[str], day: dt.date) -> pl.DataFrame:
    """Rows of `SCHEMA`, in the order tried; an index whose manifest does not say what was tried has none.

    Args:
        warehouse: The lake.
        store: The artifacts.
        retrievers: Those that have an index.
        day: The as-of day.
    """
    rows: list[dict[str, Any]] = []
    for name in retrievers:
        digest = artifact_digest(warehouse, f"{name}_index", day)
        found = store.manifest(f"{name}_index", digest)
        n_bytes = (store.get(f"{name}_index", digest) / INDEX_FILE).stat().st_size
        settings = built_with(AnnIndexConfig.model_validate(found["config"]))
        shared = {"retriever": name, "settings": settings, "n_bytes": n_bytes}
        for one in found.get("tried", []):
            rows.append({**shared, "n_items": found["n_items"], "k": found["k"], **one})
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
