import numpy as np
import pytest

from models.retrieval.popularity import Popularity, PopularityConfig, RecentPopularity, RecentPopularityConfig

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
