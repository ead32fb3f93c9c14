"""Small worlds with two tastes, and the shapes of data that are easily forgotten."""

import numpy as np
import pytest

from models.retrieval.interactions import Interactions


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


@pytest.fixture(scope="session")
def interactions():
    """`interactions([[0, 1], []], n_items=3)`: two users, the second without a history."""
    return build


@pytest.fixture(scope="session")
def two_tastes():
    """60 users; even ones touch 6 of the items 0 to 9, odd ones 6 of 10 to 19; item 20 is touched by nobody."""
    rng = np.random.default_rng(5)
    return build([(10 * (user % 2) + rng.permutation(10)[:6]).tolist() for user in range(60)], n_items=21)


@pytest.fixture(scope="session")
def degenerate():
    """Data by what is odd about them."""
    return {
        "one user": build([[0, 2]], n_items=4),
        "one item": build([[0], [0], [0]], n_items=1),
        "all users alike": build([[0, 1, 2]] * 8, n_items=5),
        "everybody touched everything": build([[0, 1, 2]] * 4, n_items=3),
        "touched twice": build([[0, 0, 1], [1, 1]], n_items=3),
    }


@pytest.fixture(scope="session")
def dense():
    """`dense(histories)`: the binary user x item matrix, float64."""

    def make(histories):
        matrix = np.zeros((histories.n_users, histories.n_items))
        for user in range(histories.n_users):
            matrix[user, histories.history(user)] = 1
        return matrix

    return make


@pytest.fixture(scope="session")
def separates():
    """`separates(model, histories)`: every user of `two_tastes` scores each unseen item of their taste above others."""

    def check(model, histories):
        scores = model.scores(histories, np.arange(histories.n_users))
        for user in range(histories.n_users):
            own = np.arange(10) + 10 * (user % 2)
            unseen = np.setdiff1d(own, histories.history(user))
            if scores[user, unseen].min() <= scores[user, np.setdiff1d(np.arange(20), own)].max():
                return False
        return True

    return check
