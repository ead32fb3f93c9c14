import numpy as np
import pytest

from models.retrieval.item_features import ItemFeatures, attribute_tokens, features_of


def test_each_value_of_each_attribute_has_a_number():
    tokens, n_tokens = attribute_tokens(
        [[("brand", "A"), ("category", "A")], [("brand", "A")], [], [("category", "A"), ("category", "A")]]
    )
    assert n_tokens == 2
    assert tokens.tolist() == [[0, 1], [0, -1], [-1, -1], [1, -1]]


def test_what_few_items_have_is_left_out():
    attributes = [[("brand", "A")], [("brand", "B")], [("brand", "B")]]
    assert attribute_tokens(attributes)[0].tolist() == [[-1], [0], [0]]
    assert attribute_tokens(attributes, min_items=1)[0].tolist() == [[0], [1], [1]]
    assert attribute_tokens(attributes, min_items=9) == (pytest.approx(np.full((3, 1), -1)), 1)


def test_items_without_attributes():
    tokens, n_tokens = attribute_tokens([[], []])
    assert (tokens.tolist(), n_tokens) == ([[-1], [-1]], 1)


def test_what_is_not_finite_is_named():
    text = np.zeros((3, 2), np.float32)
    text[1, 0] = np.nan
    with pytest.raises(ValueError, match="text vectors of 1 items are not finite, the first at place 1"):
        ItemFeatures(text, np.zeros((3, 1), np.int32), 1)


def test_text_and_attributes_are_of_the_same_items():
    with pytest.raises(ValueError, match="text of 3 items, attributes of 2"):
        ItemFeatures(np.zeros((3, 2), np.float32), np.zeros((2, 1), np.int32), 1)


def test_features_of_another_vocabulary_or_none_are_refused():
    features = ItemFeatures(np.zeros((3, 2), np.float32), np.zeros((3, 1), np.int32), 1)
    assert features_of("x", features, 3) is features
    with pytest.raises(ValueError, match="x needs the features of 4 items, found those of 3"):
        features_of("x", features, 4)
    with pytest.raises(ValueError, match="x needs the features of 4 items, found none"):
        features_of("x", None, 4)


def test_the_digest_follows_texts_and_attributes():
    text, tokens = np.arange(6, dtype=np.float32).reshape(3, 2), np.zeros((3, 1), np.int32)
    digests = {
        ItemFeatures(text, tokens, 1).digest(),
        ItemFeatures(text[::-1], tokens, 1).digest(),
        ItemFeatures(text, tokens - 1, 1).digest(),
    }
    assert len(digests) == 3
    assert ItemFeatures(text.copy(), tokens.copy(), 1).digest() in digests
