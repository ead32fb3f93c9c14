import numpy as np
import pytest

from models.retrieval.clusters import find_clusters


@pytest.fixture
def three_directions():
    """Sixty vectors of three directions, whose lengths differ by a hundred."""
    rng = np.random.default_rng(0)
    directions = np.eye(3, dtype=np.float32)[np.arange(60) % 3]
    lengths = 10 ** rng.uniform(-1, 1, size=(60, 1))
    return ((directions + rng.normal(0, 0.05, (60, 3))) * lengths).astype(np.float32)


def same_groups(found, expected):
    pairs = set(zip(found.tolist(), expected.tolist(), strict=True))
    return len(pairs) == len(set(found.tolist())) == len(set(expected.tolist()))


def test_directions_are_found_whatever_the_lengths(three_directions):
    found = find_clusters(three_directions, 3, "cosine", 20, seed=1)
    assert same_groups(found.of(three_directions), np.arange(60) % 3)
    np.testing.assert_allclose(np.linalg.norm(found.centroids, axis=1), 1, rtol=1e-5)
    by_place = find_clusters(three_directions, 3, "euclidean", 20, seed=1)
    assert not same_groups(by_place.of(three_directions), np.arange(60) % 3)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_centroids_are_the_means_of_their_clusters(metric):
    vectors = np.random.default_rng(2).normal(size=(200, 4)).astype(np.float32)
    found = find_clusters(vectors, 7, metric, 200, seed=0)
    nearest = found.of(vectors)
    for cluster in range(7):
        own = vectors[nearest == cluster]
        if metric == "cosine":
            own = own / np.linalg.norm(own, axis=1, keepdims=True)
            mean = own.mean(axis=0) / np.linalg.norm(own.mean(axis=0))
        else:
            mean = own.mean(axis=0)
        np.testing.assert_allclose(found.centroids[cluster], mean, rtol=1e-3, atol=1e-4)
    if metric == "euclidean":
        distances = ((vectors[:, None] - found.centroids[None]) ** 2).sum(axis=2)
        assert np.array_equal(nearest, distances.argmin(axis=1))


def test_more_iterations_fit_better():
    vectors = np.random.default_rng(3).normal(size=(300, 3)).astype(np.float32)

    def loss(n_iterations):
        found = find_clusters(vectors, 8, "euclidean", n_iterations, seed=0)
        return ((vectors - found.centroids[found.of(vectors)]) ** 2).sum()

    assert loss(20) < loss(1)


def test_the_seed_decides():
    vectors = np.random.default_rng(4).normal(size=(100, 3)).astype(np.float32)
    one, again, other = (find_clusters(vectors, 5, "cosine", 1, seed).centroids for seed in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_there_are_no_more_clusters_than_different_vectors():
    vectors = np.repeat(np.array([[1.0, 0.0], [0.6, 0.8]], dtype=np.float32), 5, axis=0)
    assert len(find_clusters(vectors, 4, "cosine", 10, seed=0).centroids) == 2
    assert len(find_clusters(vectors[:1], 4, "euclidean", 10, seed=0).centroids) == 1
    zeros = np.zeros((3, 2), dtype=np.float32)
    assert find_clusters(zeros, 4, "cosine", 10, seed=0).of(zeros).tolist() == [0, 0, 0]
