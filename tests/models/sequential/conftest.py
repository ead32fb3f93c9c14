"""Small sequence worlds for SASRec."""

import numpy as np
import pytest

from models.retrieval.interactions import Interactions


@pytest.fixture(scope="session")
def interactions():
    """`interactions([[0, 1], []], n_items=3)`: two users, the second without a history."""

    def build(sequences, n_items):
        lengths = [len(sequence) for sequence in sequences]
        items = np.array([item for sequence in sequences for item in sequence], dtype=np.int32)
        return Interactions(
            user_ids=np.array([f"u{i}" for i in range(len(sequences))], dtype=object),
            item_ids=np.array([f"i{i}" for i in range(n_items)], dtype=object),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            items=items,
            times=np.arange(len(items), dtype=np.int64),
            weights=np.ones(len(items), dtype=np.float32),
        )

    return build


@pytest.fixture(scope="session")
def same_bag_different_order(interactions):
    """Everyone touches items 0-9, each in an order of their own; next comes 10 + the last of them.

    So the set of a history says nothing and its order everything. Returns complete training sequences, fresh
    histories without their next item, and those next items.
    """
    rng = np.random.default_rng(3)
    orders = [rng.permutation(10).tolist() for _ in range(600)]
    train = interactions([[*order, 10 + order[-1]] for order in orders[:500]], n_items=20)
    return train, interactions(orders[500:], n_items=20), np.array([10 + order[-1] for order in orders[500:]])


@pytest.fixture(scope="session")
def walks(interactions):
    """Steps around a ring of 24 of 25 items, and each walk's next step."""
    rng = np.random.default_rng(4)
    sequences = [((rng.integers(24) + np.arange(rng.integers(4, 20))) % 24).tolist() for _ in range(60)]
    train = interactions([sequence[:-1] for sequence in sequences], n_items=25)
    return train, interactions([sequence[-1:] for sequence in sequences], n_items=25)
