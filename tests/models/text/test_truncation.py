import numpy as np
import pytest

from models.errors import UserError
from models.text.truncation import truncated


@pytest.fixture
def vectors():
    found = np.random.default_rng(0).standard_normal((5, 8)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_the_first_dimensions_are_kept_at_length_one(vectors):
    found = truncated(vectors, 3)
    expected = np.stack([row[:3] / np.sqrt((row[:3] ** 2).sum()) for row in vectors])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_none_keeps_all_and_so_does_their_number(vectors):
    assert truncated(vectors, None) is vectors
    np.testing.assert_allclose(truncated(vectors, 8), vectors, rtol=1e-6)


def test_more_than_there_are_is_one_clear_line(vectors):
    with pytest.raises(UserError, match=r"9 dimensions are asked for, the encoder's vectors have 8") as caught:
        truncated(vectors, 9)
    assert "text.dimensions" in str(caught.value)
    assert truncated(vectors[:0], 9).shape == (0, 8)


def test_a_vector_of_which_nothing_is_left_is_no_vector(vectors):
    vectors[2] = np.eye(8)[7]
    with pytest.raises(UserError, match="nothing is left of 1 text vectors in their first 4 dimensions"):
        truncated(vectors, 4)
