"""NDCG@k on later interactions, by ranking the whole catalogue in blocks: what early stopping listens to.

Reported metrics, with intervals and slices, come from models/evaluation; this is the same number for one purpose.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.retrieval.contract import Retriever
from models.retrieval.interactions import Interactions
from models.retrieval.recommend import recommend, seen_items
from models.training.config import TrainingConfig

BLOCK_BYTES = 64 * 2**20
BLOCK_USERS = 1024
CHUNK_SEEN = 2**22
"""Seen items that are looked through at once."""


class Validation:
    """NDCG@k of a retriever on fixed users.

    Relevant are the distinct items of a user's `validation` that the user had not seen in `train`, each with gain 1:
    `NDCG@k = sum over hits at rank r of 1 / log2(r + 1)`, divided by the same sum for a list that starts with all
    relevant items; averaged over the users. Users without a history or without a relevant item are left out.

    Args:
        train: What the model learns from; its items are removed from the lists.
        validation: Later interactions of the same users and vocabulary.
        k: List length.
        n_users: Users drawn where more are usable.
        seed: Of that draw.
    """

    def __init__(self, train: Interactions, validation: Interactions, k: int = 10, n_users: int = 5_000, seed: int = 0):
        self.train, self.k = train, k
        relevant = _unseen(train, np.unique(_keys(validation, validation.user_of_position(), validation.items)))
        usable = np.intersect1d(relevant // train.n_items, np.flatnonzero(train.lengths() > 0))
        if len(usable) > n_users:
            usable = np.sort(np.random.default_rng(seed).choice(usable, n_users, replace=False))
        self.users = usable
        self.relevant = relevant[np.isin(relevant // train.n_items, usable)]

    def ndcg(self, retriever: Retriever) -> float:
        """Mean NDCG@k of the users.

        Raises:
            ValueError: There is no usable user.
        """
        if len(self.users) == 0:
            raise ValueError("no user has both a history and a later interaction with another item")
        return float(self.per_user(retriever).mean())

    def per_user(self, retriever: Retriever) -> np.ndarray:
        """NDCG@k of every usable user, `[len(users)]` float64; empty where there is none."""
        if len(self.users) == 0:
            return np.empty(0)
        block_size = max(1, BLOCK_BYTES // (4 * self.train.n_items))
        items, _ = recommend(retriever, self.train, self.users, self.k, block_size=min(block_size, BLOCK_USERS))
        hits = np.isin(self.users[:, None] * self.train.n_items + items, self.relevant) & (items >= 0)
        discounts = 1 / np.log2(np.arange(2, self.k + 2))
        _, n_relevant = np.unique(self.relevant // self.train.n_items, return_counts=True)
        ideal = np.cumsum(discounts)[np.minimum(n_relevant, self.k) - 1]
        return hits @ discounts / ideal


def watched(
    retriever: Retriever,
    train: Interactions,
    validation: Interactions | None,
    config: TrainingConfig,
    ready: Callable[[], None] = lambda: None,
) -> Callable[[], float] | None:
    """What `TrainingTask.validate` is: the retriever's NDCG@10 on what is held out.

    Args:
        retriever: Scored as it is at each call.
        train: What it learns from.
        validation: What is held out; `None` for nothing.
        config: How many users are judged, and the seed by which they are drawn.
        ready: Called first each time, to take over the network's weights where the retriever scores by copies of them.

    Returns:
        `None` where there is nobody to judge by.
    """
    if validation is None:
        return None
    checks = Validation(train, validation, n_users=config.n_validation_users, seed=config.seed)

    def validate() -> float:
        ready()
        return checks.ndcg(retriever)

    return validate if len(checks.users) else None


def _unseen(train: Interactions, relevant: np.ndarray) -> np.ndarray:
    """Those of some users' items that they have not seen; of both one ascending key as `_keys` makes them.

    Histories are read some users at a time: at 100 million interactions all of them at once took 4 GiB.
    """
    users = np.unique(relevant // train.n_items)
    n_seen = np.cumsum(train.lengths()[users])
    kept = [np.empty(0, dtype=np.int64)]
    for chunk in np.split(users, np.searchsorted(n_seen, np.arange(CHUNK_SEEN, n_seen[-1:].sum(), CHUNK_SEEN))):
        if len(chunk):
            rows, seen = seen_items(train, chunk)
            first, last = np.searchsorted(relevant, [chunk[0] * train.n_items, (chunk[-1] + 1) * train.n_items])
            some, keys = relevant[first:last], _keys(train, chunk[rows], seen)
            places = np.minimum(np.searchsorted(some, keys), len(some) - 1)  # few among many: np.isin would sort them
            unseen = np.ones(len(some), dtype=bool)
            unseen[places[some[places] == keys]] = False
            kept.append(some[unseen])
    return np.concatenate(kept)


def _keys(interactions: Interactions, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """One int64 per user and item, `user * n_items + item`."""
    return users.astype(np.int64) * interactions.n_items + items
