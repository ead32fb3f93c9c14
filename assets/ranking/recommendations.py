"""`recommendations`: the final list of every active user.

Grain: user, rank and as-of day. Stale when candidates or the ranker change. Read by whoever serves the shop, by
`metrics`, and by `sluice recommend`.
"""

import datetime as dt

import dagster as dg
import numpy as np
import polars as pl

from assets.artifacts import artifact_folder
from assets.embeddings.retrievers import load as load_retriever
from assets.fingerprints import record_fingerprint
from assets.graph import Columns, Graph, as_of, table_metadata
from assets.ranking.feature_context import feature_context
from models.ranking import registry
from models.ranking.candidates import merge_candidates
from models.ranking.features import candidate_features
from models.ranking.final import final_list
from models.retrieval.interactions import Interactions
from models.retrieval.reasons import add_reasons
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse

COLUMNS: Columns = {
    "as_of_day": ("DATE", "Partition: what was known at the end of this day"),
    "user_id": ("VARCHAR", "Who"),
    "rank": ("INTEGER", "Place in the list, from 1"),
    "item_id": ("VARCHAR", "What; never seen by the user, never withdrawn"),
    "score": ("DOUBLE", "The ranker's score; comparable within a user only"),
    "source": ("VARCHAR", "The retriever that ranked it highest"),
    "sources": ("VARCHAR[]", "All retrievers that offered it"),
    "because_of": ("VARCHAR[]", "Items of the user's history that speak most for it"),
}


def build(graph: Graph) -> dg.AssetsDefinition:
    """The recommendations asset."""
    ranker = next(iter(graph.settings.rankers))
    deps = ["candidates", ranker, "item_text_embeddings", "feat_user_daily", "feat_item_daily", "core_item_versions"]
    common = graph.as_of_asset("ranking", {"polars", "duckdb"}, deps)

    @dg.asset(description="The final list of every active user, with its reasons", **common)
    def recommendations(
        context: dg.AssetExecutionContext, warehouse: Warehouse, artifacts: ArtifactStore
    ) -> dg.MaterializeResult:
        day = as_of(context)
        scored = score(graph, warehouse, artifacts, day)
        lists = final_list(scored, graph.settings.recommendations.k)
        frame = explain(graph, warehouse, artifacts, day, lists)
        warehouse.ensure_table("recommendations", COLUMNS, "One place in one user's list, as of one day")
        snapshot = warehouse.replace_days("recommendations", "as_of_day", day, day, frame)
        record_fingerprint(warehouse, graph.project, "recommendations", day)
        shares = dict(frame["source"].value_counts(normalize=True).sort("source").iter_rows())
        metadata = table_metadata("recommendations", COLUMNS, frame, snapshot)
        counts = {"n_users": frame["user_id"].n_unique(), "n_items": frame["item_id"].n_unique()}
        return dg.MaterializeResult(metadata={**metadata, **counts, "source_shares": dg.MetadataValue.json(shares)})

    return recommendations


def score(graph: Graph, warehouse: Warehouse, store: ArtifactStore, day: dt.date) -> pl.DataFrame:
    """The merged candidates of the day with the ranker's `score`."""
    sql = "SELECT * EXCLUDE (as_of_day) FROM candidates WHERE as_of_day = ?"
    merged = merge_candidates(warehouse.read(sql, [day]), list(graph.settings.retrievers))
    features = candidate_features(merged, feature_context(warehouse, day, vectors_of=day))
    name = next(iter(graph.settings.rankers))
    model = registry.ranker_class(name).load(artifact_folder(warehouse, store, name, day))
    return features.with_columns(pl.Series("score", np.asarray(model.score(features), dtype=np.float64)))


def explain(
    graph: Graph, warehouse: Warehouse, store: ArtifactStore, day: dt.date, lists: pl.DataFrame
) -> pl.DataFrame:
    """Add `because_of`: per recommended item, what each explaining retriever names from the history."""
    data = Interactions.load(artifact_folder(warehouse, store, "interaction_sequences", day))
    models = []
    for name in graph.settings.retrievers:
        models.append(load_retriever(name, artifact_folder(warehouse, store, name, day), "final"))
    explained = add_reasons(lists, data, models)
    return explained.select(pl.lit(day).alias("as_of_day"), *list(COLUMNS)[1:])
