"""Small planted worlds: every retriever's tests learn from these."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from models.retrieval.contract import Retriever
from models.retrieval.interactions import Interactions
from models.retrieval.item_features import ItemFeatures

DAY = 86_400


def build(sequences: Sequence[Sequence[int]], n_items: int, weights: Sequence[float] | None = None) -> Interactions:
    """Users' item lists, oldest first; event t of a user happens on day t."""
    lengths = [len(sequence) for sequence in sequences]
    items = np.array([item for sequence in sequences for item in sequence], dtype=np.int32)
    days = [day for sequence in sequences for day in range(len(sequence))]
    return Interactions(
        user_ids=np.array([f"u{i}" for i in range(len(sequences))], dtype=object),
        item_ids=np.array([f"i{i}" for i in range(n_items)], dtype=object),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        items=items,
        times=np.array(days, dtype=np.int64) * DAY,
        weights=np.ones(len(items), dtype=np.float32) if weights is None else np.array(weights, dtype=np.float32),
    )


@pytest.fixture(scope="session")
def interactions() -> Callable[..., Interactions]:
    """`interactions([[0, 1], []], n_items=3)`: two users, the second without a history."""
    return build


@pytest.fixture(scope="session")
def described() -> Callable[[Retriever, Interactions], Retriever]:
    """Give a retriever that asks for them features that say no more than ids would: a random text, one attribute."""

    def describe(retriever: Retriever, train: Interactions) -> Retriever:
        if retriever.reads_item_features:
            text = np.random.default_rng(0).standard_normal((train.n_items, 32)).astype(np.float32)
            retriever.describe_items(ItemFeatures(text, np.zeros((train.n_items, 1), np.int32), 1))
        return retriever

    return describe


@pytest.fixture(scope="session")
def planted() -> tuple[Interactions, np.ndarray]:
    """Two taste groups of 20 items each, walked through in order four times out of five.

    Items 0-19 belong to even users, 20-39 to odd ones; item 40 is touched by nobody. User 0 has no history, user 1
    has one item. Returns the histories and each user's next item, which no history holds.
    """
    rng = np.random.default_rng(7)
    sequences: list[list[int]] = [[], [25]]
    targets = [3, 26]
    for user in range(2, 242):
        walk = [int(rng.integers(20))]
        n_events = int(rng.integers(5, 13))
        while len(walk) <= n_events:
            step = (walk[-1] + 1) % 20 if rng.random() < 0.8 else int(rng.integers(20))
            if step not in walk:
                walk.append(step)
            elif (walk[-1] + 1) % 20 in walk:
                walk.append(next(item for item in rng.permutation(20) if item not in walk))
        group = 20 * (user % 2)
        sequences.append([int(item) + group for item in walk[:-1]])
        targets.append(int(walk[-1]) + group)
    return build(sequences, n_items=41), np.array(targets)
