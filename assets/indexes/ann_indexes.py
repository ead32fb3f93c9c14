"""One ANN index per retriever that has vectors, named `<retriever>_index`.

Grain: one artifact per retriever and as-of day. Stale when the retriever is trained again. Read by `candidates`. Items
are added to the index of an earlier day where its vectors are still the same (`earlier_index`). The manifest also holds
what was tried, with times: the digest is of the index's files alone, so an index that is built again keeps its digest
and the times of the first time.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import numpy as np
import polars as pl

from assets.artifacts import artifact_folder, artifact_metadata, store_artifact
from assets.display import rounded
from assets.embeddings.retrievers import load
from assets.embeddings.vector_tables import vector_retrievers
from assets.graph import Graph, as_of, preview
from assets.indexes.earlier_index import ASKED, earlier_index
from models.ann.build import named, refuse_unusable
from models.ann.config import AnnIndexConfig
from models.ann.effort import MAX_DOUBLINGS, FoundIndex, index_that_finds
from models.ann.index import AnnIndex
from models.ann.recall import ExactAnswers
from models.retrieval.by_cosine import compared_by
from models.retrieval.interactions import Interactions
from models.retrieval.recommend_by_index import index_queries
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse

N_QUERIES = 500


def build(graph: Graph) -> list[dg.AssetsDefinition]:
    """An index asset for each retriever with vectors."""
    return [_asset(graph, name) for name in vector_retrievers(graph)]


def _asset(graph: Graph, name: str) -> dg.AssetsDefinition:
    asset = f"{name}_index"
    common = graph.as_of_asset("indexes", {"faiss"}, [name, "interaction_sequences"])
    recall = dg.AssetCheckSpec(
        f"{asset}_finds_what_exact_search_finds",
        asset=asset,
        blocking=True,
        description="Recall of the index against exact search on users' vectors is at least checks.min_index_recall.",
    )
    known = dg.AssetCheckSpec(
        f"{asset}_holds_only_known_items",
        asset=asset,
        blocking=True,
        description="The index answers with positions of the vocabulary and nothing else, and holds every item once.",
    )

    @dg.asset(name=asset, description=f"FAISS index over {name}'s item vectors", check_specs=[recall, known], **common)
    def index_asset(
        context: dg.AssetExecutionContext, warehouse: Warehouse, artifacts: ArtifactStore
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        day, settings = as_of(context), graph.settings
        data = Interactions.load(artifact_folder(warehouse, artifacts, "interaction_sequences", day))
        metric, wanted = settings.index.metric, settings.checks.min_index_recall
        model = compared_by(metric, load(name, artifact_folder(warehouse, artifacts, name, day), "final"))
        vectors, k = model.item_vectors(), min(settings.recommendations.candidates_per_source, data.n_items)
        queries, users = index_queries(model, data, sample_users(data.n_users))
        refuse_unusable(queries, data.user_ids[users], f"user vectors of {name}", zeros_are_refused=False)
        earlier = earlier_index(warehouse, artifacts, name, day, settings.index, data.item_ids, vectors)
        found = index_that_finds(vectors, queries, k, wanted, settings.index, data.item_ids, earlier)
        about = about_index(name, settings.index, found, data.n_items, k)
        digest = store_artifact(warehouse, artifacts, asset, day, found.built.save, about)
        stored = AnnIndex.load(artifacts.get(asset, digest))
        shown = {
            **about,
            f"recall_at_{k}": rounded(found.recall),
            "tried": dg.MetadataValue.md(preview(pl.DataFrame(found.tried), MAX_DOUBLINGS + 2)),
            **artifact_metadata(warehouse, digest),
        }
        yield dg.MaterializeResult(metadata=shown)
        worst = worst_served(found, vectors, queries, k, data.user_ids[users]) if found.recall < wanted else ""
        yield check_recall(recall.name, found.recall, wanted, k, worst)
        yield check_known(known.name, stored, queries, k, data.n_items)

    return index_asset


def about_index(name: str, asked: AnnIndexConfig, found: FoundIndex, n_items: int, k: int) -> dict[str, Any]:
    """What the manifest says of an index.

    Args:
        name: The retriever.
        asked: The settings; those of the index can be others, with kind `auto` or where it had to be searched harder.
        found: The index.
        n_items: What is in it.
        k: List length.
    """
    return {
        "retriever": name,
        ASKED: asked.model_dump(mode="json"),
        "config": found.built.config.model_dump(mode="json"),
        "n_items": n_items,
        "k": k,
        f"recall_at_{k}": found.recall,
        "tried": [one._asdict() for one in found.tried],
    }


def check_recall(name: str, found: float, wanted: float, k: int, worst: str = "") -> dg.AssetCheckResult:
    """Fails below the wanted recall, and names the users for whom the index misses most."""
    remedy = "Run `sluice index tune`, or set index.kind to auto or flat in sluice.yaml."
    limits = {"min_index_recall": wanted}
    metadata: dict[str, Any] = {f"recall_at_{k}": rounded(found), "limits": limits, "remedy": remedy}
    if worst:
        metadata["worst_served"] = worst
    return dg.AssetCheckResult(check_name=name, passed=bool(found >= wanted), metadata=metadata)


def worst_served(found: FoundIndex, vectors: np.ndarray, queries: np.ndarray, k: int, user_ids: np.ndarray) -> str:
    """Those users, of the ones that were searched for, for whom an index misses most.

    Args:
        found: The index.
        vectors: What is in it, `[n_items, embedding_size]` float32.
        queries: The users' vectors, `[n, embedding_size]` float32.
        k: List length.
        user_ids: `[n]`.
    """
    exact = ExactAnswers(vectors, queries, k, found.built.config.metric)
    recalls = exact.recalls(found.built.search(queries, exact.k)[0])
    worst_first = np.argsort(recalls, kind="stable")
    return named(user_ids[worst_first[recalls[worst_first] < 1]])


def check_known(name: str, index, queries: np.ndarray, k: int, n_items: int) -> dg.AssetCheckResult:
    """Fails when the index holds another number of vectors or answers with a position outside the vocabulary."""
    answers, _ = index.search(queries, k)
    unknown = sorted({int(item) for item in answers.ravel() if item < -1 or item >= n_items})
    return dg.AssetCheckResult(
        check_name=name,
        passed=not unknown and index.n_vectors == n_items,
        metadata={"unknown_positions": unknown[:10], "n_vectors": index.n_vectors, "n_items": n_items},
    )


def sample_users(n_users: int, most: int = N_QUERIES) -> np.ndarray:
    """Evenly spaced users, so that the sample is the same in every run."""
    return np.unique(np.linspace(0, n_users - 1, min(most, n_users)).astype(np.int64))
