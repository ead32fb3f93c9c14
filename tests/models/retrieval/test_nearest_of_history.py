import numpy as np

from models.retrieval.nearest_of_history import nearest_of_history

VECTORS = np.array([[1.0, 0.0], [3.0, 3.0], [0.0, 0.1], [0.0, 9.0], [0.0, 0.0]])


def test_the_angle_counts_and_not_the_length():
    assert nearest_of_history(VECTORS, np.array([0, 1]), np.array([2, 3])).tolist() == [1, 1]
    assert nearest_of_history(VECTORS, np.array([0, 1, 2]), np.array([3])).tolist() == [2]


def test_of_equals_it_is_the_newest():
    assert nearest_of_history(VECTORS, np.array([2, 3]), np.array([3])).tolist() == [3]
    assert nearest_of_history(VECTORS, np.array([3, 2]), np.array([3])).tolist() == [2]


def test_without_a_history_there_is_none():
    found = nearest_of_history(VECTORS, np.array([], dtype=np.int64), np.array([0, 4]))
    assert found.tolist() == [-1, -1] and found.dtype == np.int32


def test_a_vector_of_zeros_is_no_obstacle():
    assert nearest_of_history(VECTORS, np.array([4, 0]), np.array([0, 4])).tolist() == [0, 0]
