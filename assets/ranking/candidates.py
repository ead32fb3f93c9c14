"""`candidates`: what every retriever offers every active user.

Grain: user, item, source and as-of day. Stale when a retriever, an index or the items change. Read by
`recommendations` and, source by source, by `metrics`.
"""

from typing import Any

import dagster as dg
import polars as pl

from assets.artifacts import artifact_folder
from assets.embeddings.vector_tables import vector_retrievers
from assets.graph import Columns, Graph, as_of, table_metadata
from assets.point_in_time import available, items_known
from assets.ranking.candidate_lists import active_users, offer
from models.retrieval.interactions import Interactions
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse

COLUMNS: Columns = {
    "as_of_day": ("DATE", "Partition: what was known at the end of this day"),
    "user_id": ("VARCHAR", "Who"),
    "item_id": ("VARCHAR", "What; never seen by the user, never withdrawn"),
    "source": ("VARCHAR", "The retriever that offers it"),
    "source_rank": ("INTEGER", "Place in that retriever's list, from 1"),
    "source_score": ("DOUBLE", "That retriever's score; comparable within a source only"),
}


def build(graph: Graph) -> dg.AssetsDefinition:
    """The candidates asset."""
    names = list(graph.settings.retrievers)
    indexes = [f"{name}_index" for name in vector_retrievers(graph)]
    common = graph.as_of_asset(
        "ranking", {"numpy", "duckdb"}, [*names, *indexes, "interaction_sequences", "core_item_versions"]
    )

    @dg.asset(description="What each retriever offers each active user", **common)
    def candidates(
        context: dg.AssetExecutionContext, warehouse: Warehouse, artifacts: ArtifactStore
    ) -> dg.MaterializeResult:
        day = as_of(context)
        data = Interactions.load(artifact_folder(warehouse, artifacts, "interaction_sequences", day))
        users = active_users(data, day, graph.settings.recommendations.active_days)
        allowed = available(items_known(warehouse, day)).to_numpy()
        rows = offer(graph, warehouse, artifacts, day, "final", data, users, allowed)
        frame = rows.select(pl.lit(day).alias("as_of_day"), *list(COLUMNS)[1:])
        warehouse.ensure_table("candidates", COLUMNS, "What one retriever offers one user, as of one day")
        snapshot = warehouse.replace_days("candidates", "as_of_day", day, day, frame)
        per_source = frame.group_by("source").agg(pl.len(), pl.col("item_id").n_unique().alias("items")).sort("source")
        metadata = table_metadata("candidates", COLUMNS, frame, snapshot)
        counts: dict[str, Any] = {"n_users": len(users), "per_source": dg.MetadataValue.json(per_source.to_dicts())}
        return dg.MaterializeResult(metadata={**metadata, **counts})

    return candidates
