import numpy as np
from scipy.sparse import csr_matrix

from models.retrieval.mixtures import mixtures, nearest_users, shares, smoothed


def binary(rows, n_items):
    matrix = np.zeros((len(rows), n_items), dtype=np.float32)
    for row, items in enumerate(rows):
        matrix[row, items] = 1
    return csr_matrix(matrix)


def naive(histories, neighbours, others, own_weight, cluster_of, vectors, n_interests):
    """Weights and centroids of each user's heaviest clusters, with loops."""
    found = []
    for history, near in zip(histories, neighbours, strict=True):
        touched = {}
        near = [other for other in near if other >= 0] if history else []
        parts = [(own_weight if near else 1.0, history)] + [((1 - own_weight) / len(near), others[v]) for v in near]
        for weight, items in parts:
            for item in items:
                touched[item] = touched.get(item, 0.0) + weight / len(items)
        clusters = {}
        for item, share in touched.items():
            clusters.setdefault(cluster_of[item], []).append((share, item))
        weights = {cluster: sum(share for share, _ in own) for cluster, own in clusters.items()}
        kept = sorted((c for c in weights if weights[c] > 0), key=lambda c: (-round(weights[c], 6), c))[:n_interests]
        total = sum(weights[c] for c in kept)
        means = [sum(share * vectors[item] for share, item in clusters[c]) / weights[c] for c in kept]
        found.append(([weights[c] / total for c in kept], means))
    return found


def test_smoothed_mixtures_agree_with_a_naive_version():
    rng = np.random.default_rng(0)
    n_items, n_clusters = 30, 6
    histories = [[], *(sorted(rng.choice(n_items, rng.integers(1, 9), replace=False).tolist()) for _ in range(25))]
    others = [sorted(rng.choice(n_items, rng.integers(1, 9), replace=False).tolist()) for _ in range(12)]
    neighbours = rng.permuted(np.tile(np.arange(12), (26, 1)), axis=1)[:, :3].astype(np.int32)
    neighbours[3] = -1
    neighbours[4, 1] = -1
    cluster_of = rng.integers(n_clusters, size=n_items)
    vectors = rng.normal(size=(n_items, 4)).astype(np.float32)
    own, theirs = shares(binary(histories, n_items)), shares(binary(others, n_items))
    for own_weight in (0.0, 0.3, 1.0):
        touched = smoothed(own, theirs, neighbours, own_weight)
        found = mixtures(touched, cluster_of, n_clusters, vectors, n_interests=3)
        expected = naive(histories, neighbours.tolist(), others, own_weight, cluster_of, vectors, 3)
        for row, (weights, means) in enumerate(expected):
            np.testing.assert_allclose(found.weights[row, : len(weights)], weights, rtol=1e-5)
            assert not found.weights[row, len(weights) :].any()
            for place, mean in enumerate(means):
                np.testing.assert_allclose(found.vectors[row, place], mean, rtol=1e-4, atol=1e-5)


def test_nobody_is_their_own_neighbour_and_ties_go_by_position():
    vectors = np.array([[1, 0], [0.9, 0.1], [1, 0], [0, 1]], dtype=np.float32)
    assert nearest_users(vectors, vectors, np.arange(4), 2).tolist() == [[2, 1], [0, 2], [0, 1], [1, 0]]
    assert nearest_users(vectors[:1], vectors, np.array([-1]), 2).tolist() == [[0, 2]]


def test_there_may_be_fewer_others_than_neighbours_wanted():
    vectors = np.ones((2, 2), dtype=np.float32)
    assert nearest_users(vectors, vectors, np.array([0, 1]), 3).tolist() == [[1, -1, -1], [0, -1, -1]]
    assert nearest_users(vectors[:1], vectors[:1], np.array([0]), 2).tolist() == [[-1, -1]]


def test_users_are_compared_in_slabs(monkeypatch):
    rng = np.random.default_rng(5)
    users, others = (rng.normal(size=(n, 3)).astype(np.float32) for n in (23, 9))
    own = rng.integers(-1, 9, size=23)
    whole = nearest_users(users, others, own, 4)
    monkeypatch.setattr("models.retrieval.mixtures.SLAB_ELEMENTS", 20)
    assert np.array_equal(nearest_users(users, others, own, 4), whole)
