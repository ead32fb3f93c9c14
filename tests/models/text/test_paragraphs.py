import numpy as np
import pytest

from models.text.paragraphs import encode_paragraphs

VECTORS = {"a": [1.0, 0.0], "b": [0.0, 1.0], "c": [-1.0, 0.0], "d": [0.6, 0.8], "": [0.0, -1.0]}


@pytest.fixture
def asked() -> list[list[str]]:
    return []


@pytest.fixture
def encode(asked):
    def encode(texts: list[str]) -> np.ndarray:
        asked.append(texts)
        return np.array([VECTORS[text] for text in texts], dtype=np.float32)

    return encode


def test_a_text_is_the_mean_of_its_paragraphs_scaled_to_one(encode):
    found = encode_paragraphs(["a\n\nb", "a\n\nb\n\nb"], encode)
    assert found == pytest.approx(np.array([[1, 1], [1, 2]]) / np.sqrt([[2], [5]]))
    assert found.dtype == np.float32


def test_one_paragraph_keeps_its_vector_and_each_is_encoded_once(encode, asked):
    found = encode_paragraphs(["d", "a\n\nd", "", "a"], encode)
    assert asked == [["d", "a", ""]]
    assert (found[0] == np.float32([0.6, 0.8])).all() and found[2].tolist() == [0, -1]


def test_where_paragraphs_cancel_out_the_first_speaks(encode):
    assert encode_paragraphs(["a\n\nc", "c\n\na"], encode).tolist() == [[1, 0], [-1, 0]]
