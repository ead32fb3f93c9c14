"""`item_text_embeddings`: one unit vector per item, from the text of its profile.

Grain: item and as-of day. Stale when the item's profile or the encoder changes (vectors are cached by content, so only
new texts are encoded). Read by the ranker's features and by anyone in SQL.
"""

import dagster as dg
import numpy as np
import polars as pl

from assets.graph import Columns, Graph, as_of, table_metadata
from resources.text_encoder import CachedTextEncoder
from resources.warehouse import Warehouse

COLUMNS: Columns = {
    "as_of_day": ("DATE", "Partition: what was known at the end of this day"),
    "item_id": ("VARCHAR", "The item"),
    "encoder": ("VARCHAR", "Encoder name and version"),
    "vector": ("FLOAT[]", "Unit-norm text vector"),
}


def build(graph: Graph) -> dg.AssetsDefinition:
    """The text embeddings asset with its check."""
    common = graph.as_of_asset("embeddings", {"transformers", "duckdb"}, ["item_profiles"])
    spec = dg.AssetCheckSpec(
        "text_vectors_are_finite_unit_and_distinct",
        asset="item_text_embeddings",
        blocking=True,
        description="Every vector is finite and of unit norm, and they have not collapsed into one direction.",
    )

    @dg.asset(description="A unit text vector for every item's profile", check_specs=[spec], **common)
    def item_text_embeddings(context: dg.AssetExecutionContext, warehouse: Warehouse, text_encoder: CachedTextEncoder):
        day = as_of(context)
        sql = "SELECT item_id, text FROM item_profiles WHERE as_of_day = ? ORDER BY item_id"
        profiles = warehouse.read(sql, [day])
        vectors, n_encoded = text_encoder.encode(warehouse, profiles["text"].to_list())
        frame = profiles.select(
            pl.lit(day).alias("as_of_day"),
            "item_id",
            pl.lit(text_encoder.version).alias("encoder"),
            pl.Series("vector", vectors.tolist(), dtype=pl.List(pl.Float32)),
        )
        warehouse.ensure_table("item_text_embeddings", COLUMNS, "One text vector per item and as-of day")
        snapshot = warehouse.replace_days("item_text_embeddings", "as_of_day", day, day, frame)
        metadata = table_metadata("item_text_embeddings", COLUMNS, frame.drop("vector"), snapshot)
        counts = {"newly_encoded": n_encoded, "dimensions": int(vectors.shape[1])}
        yield dg.MaterializeResult(metadata={**metadata, **counts})
        yield check_vectors(vectors, spec.name)

    return item_text_embeddings


def check_vectors(vectors: np.ndarray, check_name: str) -> dg.AssetCheckResult:
    """Finite, unit norm, and a mean direction that does not swallow them all (its length below 0.95)."""
    norms = np.linalg.norm(vectors, axis=1)
    finite = bool(np.isfinite(vectors).all())
    unit = bool(finite and np.abs(norms - 1).max(initial=0) < 1e-3)
    mean_length = float(np.linalg.norm(vectors.mean(axis=0))) if finite and len(vectors) else float("nan")
    distinct = len(vectors) < 10 or mean_length < 0.95
    return dg.AssetCheckResult(
        check_name=check_name,
        passed=finite and unit and distinct,
        metadata={
            "finite": finite,
            "largest_norm_error": float(np.abs(norms - 1).max(initial=0)) if finite else float("nan"),
            "length_of_mean_vector": mean_length,
            "remedy": "Look at the shortest texts in item_profiles; try another encoder under text.encoder.",
        },
    )


def read_text_vectors(warehouse: Warehouse, day) -> tuple[list[str], np.ndarray]:
    """Item ids and their `[n, d]` float32 text vectors of one as-of day."""
    sql = "SELECT item_id, vector FROM item_text_embeddings WHERE as_of_day = ? ORDER BY item_id"
    rows = warehouse.read(sql, [day])
    return rows["item_id"].to_list(), np.array(rows["vector"].to_list(), dtype=np.float32)
