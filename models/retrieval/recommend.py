"""The k best items of each user: exact, in blocks, without items already seen or not allowed.

Of a retriever that draws in proportion to a user's interests: the k drawn ones.
"""

from __future__ import annotations

import numpy as np

from models.retrieval.contract import Progress, Retriever, no_progress
from models.retrieval.interactions import Interactions
from models.retrieval.interests import largest_products
from models.retrieval.proportional import drawn_in_proportion
from models.retrieval.top_k import best_found, top_k


def recommend(
    retriever: Retriever,
    histories: Interactions,
    users: np.ndarray,
    k: int,
    allowed: np.ndarray | None = None,
    block_size: int = 1024,
    progress: Progress = no_progress,
) -> tuple[np.ndarray, np.ndarray]:
    """Rank the whole catalogue for each user and keep the k best.

    Where the retriever draws in proportion, every interest ranks the whole catalogue, and the k are drawn from these
    lists (`proportional.drawn_in_proportion`); then a list of k need not begin with a list of fewer.

    Args:
        retriever: A fitted retriever.
        histories: The users' pasts; every item in a user's history, or taken back, counts as seen.
        users: User indices into `histories`, `[n]`.
        k: List length, at least 1.
        allowed: `[n_items]` bool, false for items that may not be recommended; `None` allows all.
        block_size: Users, or interests, scored at once; memory is about `block_size * n_items * 12` bytes.
        progress: See `Progress`.

    Returns:
        Items `[n, k]` int32 and scores `[n, k]` float32, best first; equal scores are ordered by item index. A user
        with fewer than k items left gets the rest as item -1 with score `-inf`.

    Raises:
        ValueError: `allowed` has the wrong length, or the retriever returned a score that is not finite.
    """
    check_allowed(allowed, histories.n_items)
    users = np.asarray(users)
    items = np.full((len(users), k), -1, dtype=np.int32)
    scores = np.full((len(users), k), -np.inf, dtype=np.float32)
    lists = _drawn if retriever.draws_in_proportion else _ranked
    for start in range(0, len(users), block_size):
        block = slice(start, start + block_size)
        items[block], scores[block] = lists(retriever, histories, users[block], k, allowed)
        progress(f"recommend {retriever.name}", min(start + block_size, len(users)), len(users))
    return items, scores


def _ranked(
    retriever: Retriever, histories: Interactions, users: np.ndarray, k: int, allowed: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The k best by score."""
    scores = _own(retriever.scores(histories, users))
    # A sum that is finite has only finite terms; one that is not may also have become too large.
    if not np.isfinite(scores.sum()) and not np.isfinite(scores).all():
        raise ValueError(f"retriever {retriever.name} returned scores that are not finite")
    return _best_unseen(scores, histories, users, k, allowed)


def _drawn(
    retriever: Retriever, histories: Interactions, users: np.ndarray, k: int, allowed: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """k drawn from the users' interests, ordered by score; the k best by score for users without interests."""
    item_vectors = retriever.item_vectors()

    def search(queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
        n_at_once = max(len(users), 1)
        starts = range(0, len(queries), n_at_once)
        parts = (slice(start, start + n_at_once) for start in starts)
        return np.concatenate(
            [
                _best_unseen(queries[part] @ item_vectors.T, histories, users[rows[part]], k, allowed)[0]
                for part in parts
            ]
        )

    interests = retriever.interests(histories, users)
    found = drawn_in_proportion(interests, k, histories.n_items, search)
    scores = largest_products(retriever.score_vectors(histories, users), item_vectors, found)
    items, scores = best_found(found, scores, k)
    without = np.flatnonzero(~interests.weights.any(axis=1))
    if len(without):
        items[without], scores[without] = _ranked(retriever, histories, users[without], k, allowed)
    return items, scores


def _best_unseen(
    scores: np.ndarray, histories: Interactions, users: np.ndarray, k: int, allowed: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The k best of `scores`, `[n, n_items]`, which is written to, that are allowed and were not seen."""
    rows, seen = seen_items(histories, users)
    scores[rows, seen] = -np.inf
    if allowed is not None:
        scores[:, ~allowed] = -np.inf
    return top_k(scores, k)


def _own(scores: np.ndarray) -> np.ndarray:
    """Scores to write into: as they are where nothing else holds them, otherwise a copy.

    A copy of a block takes a seventh of the time of ranking it by a plain product of vectors.
    """
    is_new = scores.dtype == np.float32 and scores.flags.owndata and scores.flags.writeable
    return scores if is_new else np.array(scores, dtype=np.float32)


def check_allowed(allowed: np.ndarray | None, n_items: int) -> None:
    """Refuse a mask that is not `[n_items]` bool.

    Raises:
        ValueError: It is not.
    """
    if allowed is not None and (allowed.shape != (n_items,) or allowed.dtype != np.bool_):
        raise ValueError(f"allowed must be bool of shape ({n_items},), found {allowed.dtype} of {allowed.shape}")


def seen_items(histories: Interactions, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row (position in `users`) and item of all that some users have seen, two arrays of equal length.

    That is every interaction, and what was bought and given back: whoever did not keep an item is not shown it again.
    """
    lengths = histories.lengths()[users]
    rows = np.repeat(np.arange(len(users)), lengths)
    first_of_row = np.cumsum(lengths) - lengths
    positions = np.arange(len(rows)) - np.repeat(first_of_row, lengths) + np.repeat(histories.offsets[users], lengths)
    more_rows, more_items = histories.taken_back.of(users)
    return np.concatenate([rows, more_rows]), np.concatenate([histories.items[positions], more_items])
