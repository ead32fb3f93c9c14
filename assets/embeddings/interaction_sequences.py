"""`interaction_sequences`: every user's positive interactions up to the as-of day, as memory-mapped CSR arrays.

Grain: one artifact per as-of day. Stale when core_interactions, core_undone_interactions or core_item_versions change.
Read by every retriever.
"""

import dagster as dg
import numpy as np

from assets.artifacts import artifact_metadata, store_artifact
from assets.graph import Graph, as_of
from assets.point_in_time import interactions_until, items_known, taken_back_until
from models.errors import UserError
from models.retrieval.interactions import Interactions
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse


def build(graph: Graph) -> dg.AssetsDefinition:
    """The sequences asset."""
    deps = ["core_interactions", "core_undone_interactions", "core_item_versions", "event_funnel"]
    common = graph.as_of_asset("embeddings", {"numpy"}, deps)

    @dg.asset(description="Per-user sequences up to the as-of day, as CSR arrays: what models learn from", **common)
    def interaction_sequences(
        context: dg.AssetExecutionContext, warehouse: Warehouse, artifacts: ArtifactStore
    ) -> dg.MaterializeResult:
        day = as_of(context)
        items = items_known(warehouse, day)
        rows = interactions_until(warehouse, day)
        if rows.is_empty():
            mend = "Choose a later as-of day, or check event_types and the filter reasons in stg_events."
            raise UserError("no interaction up to this day", f"core_interactions, as-of day {day}", mend)
        vocabulary = items["item_id"].to_numpy().astype(object)
        data = Interactions.from_frame(rows, vocabulary, taken_back_until(warehouse, day))
        lengths = data.lengths()
        about = {"n_users": data.n_users, "n_items": data.n_items, "n_interactions": len(data.items)}
        about["n_taken_back"] = len(data.taken_back.items)
        digest = store_artifact(warehouse, artifacts, "interaction_sequences", day, data.save, about)
        quantiles = dict(zip(("p50", "p90", "max"), np.quantile(lengths, [0.5, 0.9, 1]).tolist(), strict=True))
        return dg.MaterializeResult(
            metadata={**about, **artifact_metadata(warehouse, digest), "history_length": quantiles}
        )

    return interaction_sequences
