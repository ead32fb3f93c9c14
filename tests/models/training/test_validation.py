import math

import numpy as np
import pytest

from models.retrieval.interactions import Interactions
from models.retrieval.popularity import Popularity, PopularityConfig
from models.training import validation
from models.training.config import TrainingConfig
from models.training.validation import Validation, watched


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


class PersonalScores(Popularity):
    """Scores drawn once per user and item."""

    def scores(self, histories, users):
        return np.random.default_rng(5).random((histories.n_users, histories.n_items), dtype=np.float32)[users]


def naive_ndcg(scores, train, validation, k):
    values = []
    for user in range(train.n_users):
        seen = set(train.history(user).tolist())
        relevant = set(validation.history(user).tolist()) - seen
        if not seen or not relevant:
            continue
        ranked = sorted((i for i in range(train.n_items) if i not in seen), key=lambda i: -scores[user, i])[:k]
        gain = sum(1 / math.log2(rank + 2) for rank, item in enumerate(ranked) if item in relevant)
        values.append(gain / sum(1 / math.log2(rank + 2) for rank in range(min(k, len(relevant)))))
    return sum(values) / len(values)


@pytest.mark.parametrize("k", [1, 3, 10, 40])
def test_equals_the_definition_user_by_user(k):
    rng = np.random.default_rng(2)
    train = build([rng.integers(30, size=rng.integers(0, 8)).tolist() for _ in range(60)], 30)
    validation = build([rng.integers(30, size=rng.integers(0, 4)).tolist() for _ in range(60)], 30)
    retriever = PersonalScores(PopularityConfig())
    expected = naive_ndcg(retriever.scores(train, np.arange(60)), train, validation, k)
    assert Validation(train, validation, k).ndcg(retriever) == pytest.approx(expected)


def test_hand_worked():
    """Popularity ranks 0, 1, 2, 3. User 0 (saw 0) finds 2 second; users 1 to 3 have nothing that counts."""
    train = build([[0], [0, 1], [], [0, 1, 2]], 4)
    validation = build([[2, 2, 0], [1], [3], []], 4)
    retriever = Popularity(PopularityConfig())
    retriever.fit(train)
    checks = Validation(train, validation)
    assert checks.users.tolist() == [0]
    assert checks.ndcg(retriever) == pytest.approx(1 / math.log2(3))


def test_draws_users_by_seed():
    train, validation = build([[0]] * 50, 2), build([[1]] * 50, 2)
    drawn = [Validation(train, validation, n_users=10, seed=seed).users.tolist() for seed in (0, 0, 1)]
    assert len(drawn[0]) == 10
    assert drawn[0] == drawn[1] != drawn[2]


def test_nobody_to_validate_on_is_an_error():
    checks = Validation(build([[0]], 2), build([[0]], 2))
    with pytest.raises(ValueError, match="no user has both"):
        checks.ndcg(Popularity(PopularityConfig()))


def test_seen_items_are_looked_through_some_users_at_a_time(monkeypatch):
    rng = np.random.default_rng(5)
    train, later = (
        build([rng.integers(30, size=rng.integers(0, 9)).tolist() for _ in range(40)], 30) for _ in range(2)
    )
    whole = Validation(train, later)
    monkeypatch.setattr(validation, "CHUNK_SEEN", 7)
    chunked = Validation(train, later)
    assert len(whole.users) > 20
    np.testing.assert_array_equal(chunked.users, whole.users)
    np.testing.assert_array_equal(chunked.relevant, whole.relevant)
    expected = [
        user * 30 + item
        for user in range(40)
        for item in sorted(set(later.history(user).tolist()) - set(train.history(user).tolist()))
        if len(train.history(user))
    ]
    assert whole.relevant.tolist() == expected


class TestWatched:
    """What training stops by."""

    TRAIN, LATER = build([[0, 1], [1, 2], [2]], n_items=5), build([[2], [3], [4]], n_items=5)
    MODEL = PersonalScores(PopularityConfig())

    def test_is_the_ndcg_of_the_drawn_users_after_getting_ready(self):
        calls = []
        for n_users in (2, 3):
            config = TrainingConfig(n_validation_users=n_users, seed=7)
            ask = watched(self.MODEL, self.TRAIN, self.LATER, config, lambda: calls.append("ready"))
            assert calls == []
            assert ask() == Validation(self.TRAIN, self.LATER, n_users=n_users, seed=7).ndcg(self.MODEL)
            assert calls.pop() == "ready"

    def test_is_nothing_where_nobody_can_be_judged(self):
        assert watched(self.MODEL, self.TRAIN, None, TrainingConfig()) is None
        assert watched(self.MODEL, self.TRAIN, build([[0], [], []], n_items=5), TrainingConfig()) is None
