"""A few hundred users whose next item follows from the one before, and the cut that lies between."""

from dataclasses import replace

import numpy as np
import pytest

from models.retrieval.interactions import Interactions

DAY = 86_400
CUT, END = 8 * DAY, 11 * DAY


def walks(n_users: int = 120, n_items: int = 40) -> Interactions:
    """Users walk through their half of the items, one item a day on days 0 to 9, with some detours."""
    rng = np.random.default_rng(3)
    items = []
    for user in range(n_users):
        group = n_items // 2 * (user % 2)
        order = (np.arange(10) + rng.integers(n_items // 2)) % (n_items // 2)
        swap = rng.random(10) < 0.2
        order[swap] = rng.integers(n_items // 2, size=swap.sum())
        items.append(order + group)
    lengths = np.arange(n_users + 1, dtype=np.int64) * 10
    return Interactions(
        user_ids=np.array([f"u{number:03}" for number in range(n_users)], dtype=object),
        item_ids=np.array([f"i{number}" for number in range(n_items)], dtype=object),
        offsets=lengths,
        items=np.concatenate(items).astype(np.int32),
        times=np.tile(np.arange(10, dtype=np.int64) * DAY, n_users),
        weights=np.ones(n_users * 10, dtype=np.float32),
    )


def with_event(data: Interactions, user: int, item: int, time: int) -> Interactions:
    """One event more, at the end of a user's history."""
    place = data.offsets[user + 1]
    return replace(
        data,
        offsets=data.offsets + (np.arange(data.n_users + 1) > user),
        items=np.insert(data.items, place, np.int32(item)),
        times=np.insert(data.times, place, time),
        weights=np.insert(data.weights, place, np.float32(1)),
    )


@pytest.fixture(scope="session")
def walked() -> Interactions:
    return walks()


@pytest.fixture(scope="session")
def plant():
    """`plant(data, user, item, time)`."""
    return with_event
