"""New vectors in an index that is not built again."""

from __future__ import annotations

import numpy as np

from models.ann.build import named, refuse_unusable
from models.ann.compatibility import MEND, WHERE, refuse_changed, stored_fingerprints
from models.ann.faiss_index import library
from models.ann.fingerprints import row_fingerprints
from models.ann.index import AnnIndex
from models.ann.metric import prepared
from models.errors import UserError
from models.training.threads import faiss_threads


def with_new_items(index: AnnIndex, ids: np.ndarray, now_ids: np.ndarray, now_vectors: np.ndarray) -> AnnIndex:
    """An index with the items that have come since, and all of them at their positions of now.

    Clusters, codes and ranges stay those that were learned from the vectors of before, so that recall can fall as more
    is added that lies elsewhere: measure it, as `effort.index_that_finds` does.

    Args:
        index: What was built; it stays as it is.
        ids: `[n]` the items in it, by position; distinct.
        now_ids: `[n_now]` the items of now, among them all those in the index, in any order; distinct.
        now_vectors: `[n_now, embedding_size]` float32, by position of now.

    Returns:
        An index that answers with positions in `now_ids`.

    Raises:
        UserError: The embeddings are others: an item is gone or its vector has changed (named), or their size.
    """
    refuse_unusable(now_vectors, now_ids)
    places = _places(ids, now_ids)
    refuse_changed(index, stored_fingerprints(index), now_vectors[places], ids)
    is_new = np.ones(len(now_ids), dtype=bool)
    is_new[places] = False
    rows = places if index.positions is None else places[index.positions]
    grown = library().clone_index(index.index)
    with faiss_threads(index.config.build_threads):
        grown.add(prepared(now_vectors[is_new], index.config.metric))
    positions = np.concatenate([rows, np.flatnonzero(is_new)])
    in_order = np.array_equal(positions, np.arange(len(positions)))
    return AnnIndex(grown, index.config, row_fingerprints(now_vectors), None if in_order else positions)


def _places(ids: np.ndarray, now_ids: np.ndarray) -> np.ndarray:
    """Position of each of some items among those of now, `[n]` int64."""
    place = {item: number for number, item in enumerate(now_ids.tolist())}
    places = np.array([place.get(item, -1) for item in ids.tolist()], dtype=np.int64)
    gone = places < 0
    if gone.any():
        raise UserError(f"{gone.sum()} of its {len(ids)} items are no longer there: {named(ids[gone])}", WHERE, MEND)
    return places
