"""`item_embeddings` and `user_embeddings`: the vectors of every retriever that has them, as tables.

Grain: retriever, item (or user) and as-of day. Stale when a retriever is trained again. Read in SQL and by anyone who
wants nearest neighbours without loading a model.
"""

import datetime as dt

import dagster as dg
import numpy as np
import polars as pl

from assets.artifacts import artifact_folder
from assets.embeddings.retrievers import load
from assets.graph import Columns, Graph, as_of, table_metadata
from models.retrieval import registry
from models.retrieval.interactions import Interactions
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse


def columns(kind: str) -> Columns:
    """Columns of the table for `item` or `user` vectors."""
    return {
        "as_of_day": ("DATE", "Partition: what was known at the end of this day"),
        "retriever": ("VARCHAR", "The retriever that learned the vector"),
        f"{kind}_id": ("VARCHAR", f"The {kind}"),
        "vector": (
            "FLOAT[]",
            "Inner product of a user's and an item's vector = the retriever's score; of a user with several interests "
            "the mean",
        ),
    }


def vector_retrievers(graph: Graph) -> list[str]:
    """Names of the configured retrievers that have vectors."""
    return [name for name in graph.settings.retrievers if registry.retriever_class(name).has_vectors]


def build(graph: Graph) -> list[dg.AssetsDefinition]:
    """Both tables; none where no configured retriever has vectors."""
    return [_asset(graph, "item"), _asset(graph, "user")] if vector_retrievers(graph) else []


def _asset(graph: Graph, kind: str) -> dg.AssetsDefinition:
    table, names = f"{kind}_embeddings", vector_retrievers(graph)
    common = graph.as_of_asset("embeddings", {"duckdb"}, [*names, "interaction_sequences"])

    @dg.asset(name=table, description=f"Every {kind}'s vector from each retriever that learns vectors", **common)
    def vectors(
        context: dg.AssetExecutionContext, warehouse: Warehouse, artifacts: ArtifactStore
    ) -> dg.MaterializeResult:
        day = as_of(context)
        data = Interactions.load(artifact_folder(warehouse, artifacts, "interaction_sequences", day))
        frames = []
        for name in names:
            model = load(name, artifact_folder(warehouse, artifacts, name, day), "final")
            rows = model.item_vectors() if kind == "item" else model.user_vectors(data, np.arange(data.n_users))
            frames.append(vector_frame(kind, name, day, data, rows))
        frame = pl.concat(frames)
        warehouse.ensure_table(table, columns(kind), f"One vector per retriever, {kind} and as-of day")
        snapshot = warehouse.replace_days(table, "as_of_day", day, day, frame)
        return dg.MaterializeResult(metadata=table_metadata(table, columns(kind), frame.drop("vector"), snapshot))

    return vectors


def vector_frame(kind: str, retriever: str, day: dt.date, data: Interactions, vectors: np.ndarray) -> pl.DataFrame:
    """Rows of the table from `[n, d]` vectors in index order."""
    ids = data.item_ids if kind == "item" else data.user_ids
    return pl.DataFrame(
        {f"{kind}_id": ids.tolist(), "vector": vectors.astype(np.float32).tolist()},
        schema={f"{kind}_id": pl.Utf8, "vector": pl.List(pl.Float32)},
    ).select(pl.lit(day).alias("as_of_day"), pl.lit(retriever).alias("retriever"), f"{kind}_id", "vector")
