import numpy as np
import pytest

from models.text import hashing
from models.text.hashing import hash_texts


def test_rows_have_norm_one_whatever_the_text():
    texts = ["a mug", "😀", "!!!", "the", "x" * 10_000, "日本"]
    vectors = hash_texts(texts)
    assert vectors.shape == (6, 256) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)


def test_similar_words_come_out_closer_than_others():
    mug, mugs, lamp = hash_texts(["stoneware mug", "stoneware mugs", "brass lamp"])
    assert mug @ mugs > 0.6 > 0.3 > abs(mug @ lamp)


def test_function_words_and_word_order_do_not_count():
    first, second = hash_texts(["the red mug", "mug of red"])
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_counts_enter_logarithmically():
    word = hashing._word_vector("mug", 256)
    other = hashing._word_vector("lamp", 256)
    expected = (1 + np.log(3)) * word + other
    np.testing.assert_allclose(hash_texts(["mug mug mug lamp"])[0], expected / np.linalg.norm(expected), atol=1e-6)


def test_values_are_the_same_in_every_process():
    assert hashing._bucket_and_sign("w:mug", 256) == (26, -1.0)


def test_blocks_do_not_change_the_result(monkeypatch):
    texts = [f"word{i} and word{i % 3}" for i in range(20)]
    whole = hash_texts(texts)
    monkeypatch.setattr(hashing, "_BLOCK_TEXTS", 7)
    np.testing.assert_array_equal(whole, hash_texts(texts))


def test_cancelled_buckets_still_give_a_vector(monkeypatch):
    monkeypatch.setattr(hashing, "_word_vector", lambda word, dimensions: np.zeros(dimensions, dtype=np.float32))
    assert np.linalg.norm(hash_texts(["mug"])[0]) == pytest.approx(1.0)


def test_no_texts():
    assert hash_texts([]).shape == (0, 256)
