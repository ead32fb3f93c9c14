import numpy as np
import pytest

from models.retrieval.popularity import (
    DecayedPopularity,
    DecayedPopularityConfig,
    Popularity,
    PopularityConfig,
    RecentPopularity,
    RecentPopularityConfig,
)

ONE = np.array([0])


def scores_of(retriever, train):
    retriever.fit(train)
    return retriever.scores(train, ONE)[0].tolist()


def test_popularity_sums_weights(interactions):
    train = interactions([[0, 1], [1, 2]], n_items=4, weights=[1, 3, 1, 5])
    assert scores_of(Popularity(PopularityConfig()), train) == [1, 4, 5, 0]


def test_unweighted_popularity_counts(interactions):
    train = interactions([[0, 1], [1, 2]], n_items=4, weights=[1, 3, 1, 5])
    assert scores_of(Popularity(PopularityConfig(weighted=False)), train) == [1, 2, 1, 0]


@pytest.mark.parametrize(
    ("window_days", "expected"),
    [(1.0, [0, 0, 0, 1]), (2.0, [0, 0, 1, 1]), (1.0 + 1 / 86_400, [0, 0, 1, 1]), (100.0, [1, 1, 1, 1])],
)
def test_window_ends_at_the_newest_interaction_and_excludes_its_far_end(interactions, window_days, expected):
    train = interactions([[0, 1, 2, 3]], n_items=4)
    assert scores_of(RecentPopularity(RecentPopularityConfig(window_days=window_days)), train) == expected


def test_recent_popularity_uses_weights(interactions):
    train = interactions([[0, 1, 1]], n_items=2, weights=[9, 2, 3])
    assert scores_of(RecentPopularity(RecentPopularityConfig(window_days=2)), train) == [0, 5]
    assert scores_of(RecentPopularity(RecentPopularityConfig(window_days=2, weighted=False)), train) == [0, 2]


def test_every_user_gets_a_row_of_their_own(interactions):
    train = interactions([[0], [1]], n_items=2)
    retriever = Popularity(PopularityConfig())
    retriever.fit(train)
    scores = retriever.scores(train, np.array([0, 1]))
    scores[0] = -1
    assert scores[1].tolist() == [1, 1]


class TestDecayedPopularity:
    def test_an_interaction_fades_by_half(self, interactions):
        """Item 0 on days 0 and 2, item 1 on day 1; the newest day is 2 and the half-life a day."""
        train = interactions([[0, 1, 0]], n_items=3, weights=[2.0, 1.0, 1.0])
        model = DecayedPopularity(DecayedPopularityConfig(half_life_days=1.0))
        model.fit(train)
        np.testing.assert_allclose(model.item_scores, [2 / 4 + 1, 1 / 2, 0])
        counting = DecayedPopularity(DecayedPopularityConfig(half_life_days=1.0, weighted=False))
        counting.fit(train)
        np.testing.assert_allclose(counting.item_scores, [1 / 4 + 1, 1 / 2, 0])

    def test_a_long_half_life_is_popularity_and_a_short_one_the_last_day(self, interactions):
        train = interactions([[0, 1, 2], [0, 1, 2], [0, 0, 1]], n_items=4)
        long, short = (DecayedPopularity(DecayedPopularityConfig(half_life_days=days)) for days in (1e9, 1e-3))
        long.fit(train)
        short.fit(train)
        np.testing.assert_allclose(long.item_scores, [4, 3, 2, 0], rtol=1e-6)
        np.testing.assert_allclose(short.item_scores, [0, 1, 2, 0], atol=1e-6)
