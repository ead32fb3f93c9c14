"""The k best items of each user from an ANN index of a vector retriever, exact again where the index fell short."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from models.ann.build import refuse_unusable
from models.ann.compatibility import refuse_other_vectors
from models.ann.index import AnnIndex
from models.retrieval.contract import Retriever
from models.retrieval.interactions import Interactions
from models.retrieval.interests import largest_products
from models.retrieval.proportional import drawn_in_proportion
from models.retrieval.recommend import check_allowed, recommend, seen_items
from models.retrieval.top_k import best_found


def top_k_by_index(
    retriever: Retriever,
    index: AnnIndex,
    histories: Interactions,
    users: np.ndarray,
    k: int,
    allowed: np.ndarray | None = None,
    block_size: int = 1024,
    overfetch: int = 4,
) -> tuple[np.ndarray, np.ndarray]:
    """Like `recommend`, but searching an index instead of scoring the whole catalogue.

    The index is asked for `overfetch * k` of the allowed items; seen ones are dropped; users left with fewer than k
    are done again by exact ranking. So no list is shorter than an exact one, though it may miss an item the index
    missed. Where the index keeps only codes of the vectors, what it found is scored by the vectors. A user with several
    vectors is searched for by each, an item's score is its largest. Where the retriever draws in proportion, each
    interest with a quota is searched for, and the list drawn from what was found.

    Args:
        retriever: A fitted retriever with vectors.
        index: An index over `retriever.item_vectors()`, by inner product (see `by_cosine.compared_by`).
        histories: The users' pasts; every item in a user's history, or taken back, counts as seen.
        users: User indices into `histories`, `[n]`.
        k: List length, at least 1.
        allowed: `[n_items]` bool, false for items that may not be recommended; `None` allows all.
        block_size: Users searched at once.
        overfetch: Items fetched per item wanted, at least 1.

    Returns:
        Items `[n, k]` int32 and scores `[n, k]` float32, as `recommend` returns them.

    Raises:
        ValueError: `allowed` has the wrong length.
        UserError: The index is of other vectors than the retriever's, or a user's vector is not finite (named).
    """
    check_allowed(allowed, histories.n_items)
    users = np.asarray(users)
    item_vectors = retriever.item_vectors()
    refuse_other_vectors(index, item_vectors, histories.item_ids)
    items = np.full((len(users), k), -1, dtype=np.int32)
    scores = np.full((len(users), k), -np.inf, dtype=np.float32)
    answers = _Answers(index, item_vectors, histories, min(overfetch * k, histories.n_items), allowed)
    for start in range(0, len(users), block_size):
        block = users[start : start + block_size]
        vectors = retriever.score_vectors(histories, block)
        refuse_unusable(vectors[:, 0], histories.user_ids[block], f"user vectors of {retriever.name}", False)
        if retriever.draws_in_proportion:
            interests = retriever.interests(histories, block)
            search = partial(_best_first, answers, block)
            found = drawn_in_proportion(interests, k, histories.n_items, search)
            found_scores = largest_products(vectors, item_vectors, found)
        else:
            found, found_scores = _of_all_vectors(answers, vectors, block)
        items[start : start + block_size], scores[start : start + block_size] = best_found(found, found_scores, k)
    short = np.flatnonzero(items[:, -1] < 0)
    if len(short):
        items[short], scores[short] = recommend(retriever, histories, users[short], k, allowed, block_size)
    return items, scores


def index_queries(retriever: Retriever, histories: Interactions, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What an index is asked for some users.

    Args:
        retriever: A fitted retriever with vectors.
        histories: The users' pasts.
        users: User indices into `histories`, `[n]`.

    Returns:
        Vectors `[q, embedding_size]` float32 and the user of each, `[q]`: those of the user's interests where lists are
        drawn in proportion, otherwise those whose products are the scores; at least one for each user.
    """
    vectors = retriever.score_vectors(histories, users)
    asked = np.ones(vectors.shape[:2], dtype=bool)
    if retriever.draws_in_proportion:
        interests = retriever.interests(histories, users)
        vectors, asked = interests.vectors, interests.weights > 0
        asked[:, 0] |= ~asked.any(axis=1)
    rows, columns = np.nonzero(asked)
    return vectors[rows, columns], np.asarray(users)[rows]


@dataclass(frozen=True)
class _Answers:
    """What an index finds that a user has not seen.

    Attributes:
        index: Over `item_vectors`.
        item_vectors: `[n_items, D]`.
        histories: What was seen.
        n_fetched: Items asked for each query.
        allowed: `[n_items]` bool or `None`.
    """

    index: AnnIndex
    item_vectors: np.ndarray
    histories: Interactions
    n_fetched: int
    allowed: np.ndarray | None

    def search(self, queries: np.ndarray, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Items `[r, n_fetched]` and products, about best first; -1 with `-inf` where missing or seen.

        Args:
            queries: `[r, D]`.
            users: `[r]`, whose each query is.
        """
        found, scores = self.index.search(queries, self.n_fetched, self.allowed)
        if not self.index.config.scores_are_exact:
            scores = np.einsum("nd,nkd->nk", queries, self.item_vectors[found])
        rows, seen = seen_items(self.histories, users)
        found_keys = np.arange(len(users))[:, None] * self.histories.n_items + found
        bad = np.isin(found_keys, rows * self.histories.n_items + seen) | (found < 0)
        return np.where(bad, -1, found), np.where(bad, -np.inf, scores)


def _best_first(answers: _Answers, users: np.ndarray, queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The unseen items of each query in their exact order, `[r, n_fetched]`."""
    return best_found(*answers.search(queries, users[rows]), answers.n_fetched)[0]


def _of_all_vectors(answers: _Answers, vectors: np.ndarray, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is found for each of a user's vectors `[n, s, D]`, no item twice, each with its largest product."""
    n, n_vectors, size = vectors.shape
    found, scores = answers.search(vectors.reshape(-1, size), np.repeat(users, n_vectors))
    if n_vectors == 1:
        return found, scores
    found = np.sort(found.reshape(n, -1), axis=1)
    found[:, 1:][found[:, 1:] == found[:, :-1]] = -1
    return found, largest_products(vectors, answers.item_vectors, found)
