import numpy as np
import pytest

from assets.embeddings.text_vectors import SOUND, check_vectors

GOOD = np.eye(20, dtype=np.float32)


def spoilt(value):
    vectors = GOOD.copy()
    vectors[3, 3] = value
    return vectors


@pytest.mark.parametrize(
    ("vectors", "passed"),
    [
        (GOOD, True),
        (spoilt(np.nan), False),
        (spoilt(np.inf), False),
        (spoilt(1.01), False),
        (np.full((20, 4), 0.5), False),
        # Nine texts may well say the same; a catalogue of twenty does not.
        (np.full((9, 4), 0.5), True),
    ],
)
def test_vectors_are_finite_unit_and_distinct(vectors, passed):
    result = check_vectors("user", vectors)
    assert (result.check_name, result.passed) == (SOUND, passed)
    assert "user_profiles" in result.metadata["remedy"].text
