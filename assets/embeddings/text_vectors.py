"""What the tables of text vectors of items and of users have in common: encoding, writing, checking, reading."""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import numpy as np
import polars as pl

from assets.graph import Columns, table_metadata
from resources.text_encoder import CachedTextEncoder
from resources.warehouse import Warehouse

SOUND = "text_vectors_are_finite_unit_and_distinct"
COVERED = "every_{kind}_profile_has_a_text_vector"
MISSING_SQL = """SELECT {kind}_id FROM {kind}_profiles ANTI JOIN (
    SELECT {kind}_id FROM {kind}_text_embeddings WHERE as_of_day = $day
) USING ({kind}_id) WHERE as_of_day = $day ORDER BY {kind}_id"""


def columns(kind: str) -> Columns:
    """Columns of `item_text_embeddings` or `user_text_embeddings`."""
    return {
        "as_of_day": ("DATE", "Partition: what was known at the end of this day"),
        f"{kind}_id": ("VARCHAR", "The item" if kind == "item" else "Who"),
        "encoder": ("VARCHAR", "Encoder name and version, and how many dimensions are kept where not all"),
        "vector": ("FLOAT[]", "Unit-norm text vector"),
    }


def check_specs(kind: str) -> list[dg.AssetCheckSpec]:
    """Checks of the table."""
    words = {
        SOUND: "Every vector is finite and of unit norm, and they have not collapsed into one direction.",
        COVERED.format(kind=kind): f"No {kind} profile of the day is without a vector.",
    }
    table = f"{kind}_text_embeddings"
    return [dg.AssetCheckSpec(name, asset=table, blocking=True, description=text) for name, text in words.items()]


def write_vectors(
    kind: str, texts: pl.DataFrame, day: dt.date, warehouse: Warehouse, encoder: CachedTextEncoder
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Encode those texts of a day that were never encoded before, make the vectors those of the day, check them.

    Args:
        kind: `item` or `user`.
        texts: Rows `<kind>_id, text`, one each.
        day: As-of day.
        warehouse: Where the table and the encoder's cache are.
        encoder: What makes vectors.

    Yields:
        What the asset says of itself, and the results of its checks.
    """
    vectors, n_encoded = encoder.encode(warehouse, texts["text"].to_list())
    frame = texts.select(
        pl.lit(day).alias("as_of_day"),
        f"{kind}_id",
        pl.lit(encoder.vectors_version).alias("encoder"),
        pl.Series("vector", vectors.tolist(), dtype=pl.List(pl.Float32)),
    )
    table = f"{kind}_text_embeddings"
    warehouse.ensure_table(table, columns(kind), f"One text vector per {kind} and as-of day")
    snapshot = warehouse.replace_days(table, "as_of_day", day, day, frame)
    metadata = table_metadata(table, columns(kind), frame.drop("vector"), snapshot)
    counts = {"newly_encoded": n_encoded, "dimensions": int(vectors.shape[1])}
    yield dg.MaterializeResult(metadata={**metadata, **counts})
    yield check_vectors(kind, vectors)
    yield check_coverage(kind, warehouse, day)


def check_vectors(kind: str, vectors: np.ndarray) -> dg.AssetCheckResult:
    """Finite, unit norm, and a mean direction that does not swallow them all (its length below 0.95)."""
    norms = np.linalg.norm(vectors, axis=1)
    finite = bool(np.isfinite(vectors).all())
    unit = bool(finite and np.abs(norms - 1).max(initial=0) < 1e-3)
    mean_length = float(np.linalg.norm(vectors.mean(axis=0))) if finite and len(vectors) else float("nan")
    distinct = len(vectors) < 10 or mean_length < 0.95
    return dg.AssetCheckResult(
        asset_key=f"{kind}_text_embeddings",
        check_name=SOUND,
        passed=finite and unit and distinct,
        metadata={
            "finite": finite,
            "largest_norm_error": float(np.abs(norms - 1).max(initial=0)) if finite else float("nan"),
            "length_of_mean_vector": mean_length,
            "remedy": f"Look at the shortest texts in {kind}_profiles; try another encoder under text.encoder.",
        },
    )


def check_coverage(kind: str, warehouse: Warehouse, day: dt.date) -> dg.AssetCheckResult:
    """Every profile of the day has a vector in the table."""
    missing = warehouse.read(MISSING_SQL.format(kind=kind), {"day": day})[f"{kind}_id"].to_list()
    return dg.AssetCheckResult(
        asset_key=f"{kind}_text_embeddings",
        check_name=COVERED.format(kind=kind),
        passed=not missing,
        metadata={
            "n_missing": len(missing),
            "examples": dg.MetadataValue.json(missing[:20]),
            "remedy": f"Materialise {kind}_text_embeddings of the day again; its profiles changed since.",
        },
    )


def read_text_vectors(warehouse: Warehouse, kind: str, day: dt.date) -> tuple[list[str], np.ndarray]:
    """Ids of items or users and their `[n, d]` float32 text vectors of one as-of day."""
    sql = f"SELECT {kind}_id, vector FROM {kind}_text_embeddings WHERE as_of_day = ? ORDER BY {kind}_id"
    rows = warehouse.read(sql, [day])
    return rows[f"{kind}_id"].to_list(), np.array(rows["vector"].to_list(), dtype=np.float32)


def encoder_of(warehouse: Warehouse, day: dt.date) -> str | None:
    """By what the items' text vectors of an as-of day were made; `None` where there are none."""
    sql = "SELECT min(encoder) AS encoder FROM item_text_embeddings WHERE as_of_day = ?"
    return warehouse.read(sql, [day])["encoder"][0] if warehouse.has_table("item_text_embeddings") else None
