"""The index of an earlier as-of day with the items that have come since: no build where embeddings stayed the same.

Retrievers that are trained every night move all their vectors every night, and their index is built again. Where the
vectors of the old items are the same bits, as those of an encoder that is not trained are, the new ones are added.
"""

import datetime as dt

import numpy as np

from assets.artifacts import artifact_folder
from models.ann.config import AnnIndexConfig
from models.ann.index import AnnIndex
from models.ann.update import with_new_items
from models.errors import UserError
from models.retrieval.interactions import Interactions
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse

ASKED = "asked"
MOST_NEW = 0.2
"""Clusters and codes were learned from the others; beyond this share they are learned again."""
NEWEST_SQL = """SELECT as_of_day, digest FROM artifacts WHERE asset = ? AND as_of_day < ?
    ORDER BY as_of_day DESC LIMIT 1"""


def earlier_index(
    warehouse: Warehouse,
    store: ArtifactStore,
    name: str,
    day: dt.date,
    config: AnnIndexConfig,
    ids: np.ndarray,
    vectors: np.ndarray,
) -> AnnIndex | None:
    """The newest earlier index, grown to the items of now; `None` where one has to be built.

    Args:
        warehouse: Where artifacts are looked up.
        store: Where they are loaded from.
        name: The retriever.
        day: The as-of day.
        config: Settings of now; those of the earlier index must be the same.
        ids: `[n_items]`.
        vectors: `[n_items, embedding_size]` float32.
    """
    rows = warehouse.read(NEWEST_SQL, [f"{name}_index", day])
    if rows.is_empty():
        return None
    then, digest = rows.row(0)
    try:
        if store.manifest(f"{name}_index", digest).get(ASKED) != config.model_dump(mode="json"):
            return None
        index = AnnIndex.load(store.get(f"{name}_index", digest))
        if index.n_vectors < (1 - MOST_NEW) * len(ids):
            return None
        before = Interactions.load(artifact_folder(warehouse, store, "interaction_sequences", then))
        return with_new_items(index, before.item_ids, ids, vectors)
    except (
        UserError
    ):  # Embeddings that were trained again, or a damaged artifact, which says so when that day is asked for.
        return None
