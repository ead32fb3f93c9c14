from fractions import Fraction

import numpy as np
import pytest

from models.retrieval.interests import Interests
from models.retrieval.proportional import draw, drawn_in_proportion, quotas


def naive_quotas(weights, k):
    """By the largest remainder, in fractions."""
    exact = [Fraction(weight).limit_denominator(1000) for weight in weights]
    if not any(exact):
        return [0] * len(exact)
    shares = [k * weight / sum(exact) for weight in exact]
    found = [int(share) for share in shares]
    rests = sorted(range(len(exact)), key=lambda j: (-(shares[j] - found[j]), -exact[j], j))
    for j in rests[: k - sum(found)]:
        found[j] += 1
    return found


@pytest.mark.parametrize("k", [1, 7, 10, 100])
def test_quotas_are_those_of_the_largest_remainder(k):
    counts = np.random.default_rng(0).integers(0, 6, size=(200, 5))
    weights = (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).astype(np.float32)
    assert quotas(weights, k).tolist() == [naive_quotas(row.tolist(), k) for row in weights]


def test_quotas_by_hand():
    weights = np.array([[0.7, 0.3], [0.5, 0.5], [0.25, 0.75], [0.0, 0.0], [1.0, 0.0]], dtype=np.float32)
    assert quotas(weights, 10).tolist() == [[7, 3], [5, 5], [2, 8], [0, 0], [10, 0]]
    assert quotas(weights, 1).tolist() == [[1, 0], [1, 0], [0, 1], [0, 0], [1, 0]]
    assert quotas(np.zeros((0, 3)), 5).shape == (0, 3)


def naive_draw(lists, wanted):
    drawn, m = [], len(lists)
    for own, quota in zip(lists, wanted, strict=True):
        drawn += [item for item in own if item >= 0 and item not in drawn][:quota]
    for own in lists[:m]:
        drawn += [item for item in own if item >= 0 and item not in drawn][: sum(wanted) - len(drawn)]
    return drawn + [-1] * (sum(wanted) - len(drawn))


def test_draw_agrees_with_a_naive_one():
    rng = np.random.default_rng(1)
    lists = np.stack([[rng.permutation(12)[:7] for _ in range(3)] for _ in range(300)]).astype(np.int32)
    lists[rng.random(lists.shape) < 0.6] = -1
    weights = rng.dirichlet([0.5] * 3, size=300)
    wanted = quotas(weights, 6)
    expected = [naive_draw(*pair) for pair in zip(lists.tolist(), wanted.tolist(), strict=True)]
    found = draw(lists, wanted, 12)
    assert found.tolist() == expected
    assert (found < 0).any(), "some lists must run out for this test to say anything of that"


def test_an_item_of_two_interests_is_drawn_once_and_the_later_one_takes_its_next():
    lists = np.array([[[4, 5, 6, 7], [5, 4, 8, 9]]], dtype=np.int32)
    assert draw(lists, np.array([[2, 2]]), 10).tolist() == [[4, 5, 8, 9]]


def test_a_list_that_is_too_short_is_filled_up_from_the_heaviest_interest():
    lists = np.array([[[0, 1, 2, 3, 4], [7, -1, -1, -1, -1]]], dtype=np.int32)
    assert draw(lists, np.array([[2, 2]]), 10).tolist() == [[0, 1, 7, 2]]
    lists = np.array([[[0, -1, -1], [7, 8, -1]]], dtype=np.int32)
    assert draw(lists, np.array([[3, 1]]), 10).tolist() == [[0, 7, 8, -1]]


def test_the_heaviest_interest_takes_first_and_only_those_with_a_quota_are_searched_for():
    interests = Interests(
        np.arange(6, dtype=np.float32).reshape(1, 3, 2), np.array([[0.2, 0.8, 0.0]], dtype=np.float32)
    )
    asked = []

    def search(queries, rows):
        asked.append((queries.tolist(), rows.tolist()))
        return np.array([[3, 1, 2, 0, 4]] * len(queries), dtype=np.int32)

    assert drawn_in_proportion(interests, 5, 5, search).tolist() == [[3, 1, 2, 0, 4]]
    assert asked == [([[2.0, 3.0], [0.0, 1.0]], [0, 0])]
    none = Interests(interests.vectors, np.zeros((1, 3), dtype=np.float32))
    assert drawn_in_proportion(none, 4, 5, search).tolist() == [[-1] * 4]
    assert len(asked) == 1
