from types import SimpleNamespace

import numpy as np

from models.simulation.memory import CONTEXT, MEMORY, Memory, graph_pull, has_seen


def test_many_clicks_at_once_are_the_same_as_one_at_a_time():
    rng = np.random.default_rng(1)
    slow, fast = Memory(5), Memory(5)
    for n in (3, 0, 200, 700):
        users, items = rng.integers(0, 4, n), rng.integers(0, 900, n)
        for user, item in zip(users, items, strict=True):
            slow.push(np.array([user]), np.array([item]))
        fast.push_all(users, items)
        np.testing.assert_array_equal(slow.recent, fast.recent)
    assert (fast.recent[4] == -1).all()
    assert fast.recent.shape == (5, MEMORY)


def test_newest_click_comes_first():
    memory = Memory(2)
    memory.push_all(np.array([1, 0, 1]), np.array([7, 8, 9]))
    assert memory.recent[:, :3].tolist() == [[8, -1, -1], [9, 7, -1]]


def test_pull_of_the_graph_by_hand():
    world = SimpleNamespace(
        successors=np.array([[1, 2], [2, 3], [0, 1], [1, 0]]), successor_weights=np.array([2 / 3, 1 / 3])
    )
    context = np.full((2, CONTEXT), -1)
    context[0, :2] = [0, 1]
    pull = graph_pull(world, context, np.array([[1, 2, 3], [1, 2, 3]]), 0.5)
    np.testing.assert_allclose(pull, [[1.0, 0.5 + 0.5 * 1.0, 0.5 * 0.5], [0, 0, 0]])


def test_seen_items_are_those_remembered():
    assert has_seen(np.array([[4, 2, -1]]), np.array([[2, 3]])).tolist() == [[True, False]]
