import numpy as np
import pytest

from models.retrieval.user_texts import UserTexts


def texts(ids="ab", vectors=((1.0, 2.0), (3.0, 4.0))):
    return UserTexts(np.array(list(ids), dtype=object), np.array(vectors, dtype=np.float32))


def test_others_are_found_by_id_and_the_unknown_have_none():
    found = texts().of(np.array(["b", "x", "a", "b"], dtype=object))
    assert found.tolist() == [[3, 4], [0, 0], [1, 2], [3, 4]]
    assert texts().of(np.array([], dtype=object)).shape == (0, 2)


def test_ids_and_vectors_belong_together():
    with pytest.raises(ValueError, match="text vectors of 2 users, ids of 3"):
        texts("abc")


def test_what_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        texts(vectors=((1.0, np.nan), (0.0, 1.0)))


def test_the_digest_follows_ids_and_vectors():
    assert texts().digest() == texts().digest()
    assert len({texts().digest(), texts("ba").digest(), texts(vectors=((1.0, 2.0), (3.0, 5.0))).digest()}) == 3
