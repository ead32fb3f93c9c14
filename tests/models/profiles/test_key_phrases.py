import math

import pytest

from models.profiles.config import ItemExtraction
from models.profiles.key_phrases import ItemText, extract_key_phrases


def _phrases(texts, **config):
    found = extract_key_phrases([ItemText(*text) for text in texts], ItemExtraction(**config))
    return [[phrase for phrase, _ in item.phrases] for item in found]


def test_scores_by_hand():
    # Two items; "mug" is in both, "red" in the first only. Title counts 3.
    first, _ = extract_key_phrases([ItemText("red mug", ""), ItemText("mug", "")], ItemExtraction())
    rare, common = math.log(3 / 1.5), math.log(3 / 2.5)
    pair = math.log1p(3) * (rare + common) / 2 * math.sqrt(2)
    # "red mug" scores 0.858, below "red" with 0.961, whose word it shares.
    assert [phrase for phrase, _ in first.phrases] == ["red", "mug"]
    assert [score for _, score in first.phrases] == pytest.approx(
        [math.log1p(3) * rare, math.log1p(3) * common], abs=1e-6
    )
    assert pair < first.phrases[0][1]


def test_function_words_punctuation_and_brand_cut_phrases():
    found = _phrases([("Luma hand-glazed mug of stoneware, brass lid", "", "Luma")], max_phrase_words=3)[0]
    assert set(found) == {"hand-glazed mug", "stoneware", "brass lid"}


def test_words_of_every_item_are_no_phrases():
    catalogue = [(f"quality item{n}", "quality promise") for n in range(30)]
    assert _phrases(catalogue)[4] == ["item4"]
    assert "quality" in " ".join(_phrases(catalogue, max_document_share=1.0)[4])


def test_phrases_of_one_item_only_give_way_to_shared_ones():
    catalogue = [(f"word{n} thing{n}", "") for n in range(30)] + [("oak shelf", "")] * 2
    found = extract_key_phrases([ItemText(*text) for text in catalogue], ItemExtraction())
    assert [phrase for phrase, _ in found[-1].phrases] == ["oak shelf"]
    assert [phrase for phrase, _ in found[0].phrases] == ["word0", "thing0"]


def test_better_phrases_keep_others_with_the_same_words_out():
    for phrases in _phrases([("oval shape trinket box", "trinket box oval shape")] * 3, max_phrase_words=2):
        words = [word for phrase in phrases for word in phrase.split()]
        assert len(words) == len(set(words))


@pytest.mark.parametrize("text", ["", "😀 😀", "12 345", "the of and", "a b c"])
def test_texts_without_content_have_no_phrases(text):
    item = extract_key_phrases([ItemText(text, text)])[0]
    assert item.phrases == []


def test_numbers_and_letters_do_not_begin_or_end_a_phrase():
    assert _phrases([("3 piece tea set 4", "")]) == [["piece tea set"]]


def test_unknown_language_follows_the_catalogue():
    german = [("Tasse", "Die Tasse ist für die Küche und nicht für den Garten")] * 3
    phrases = _phrases([*german, ("Tasse für Tee", "")])
    assert phrases[3] == ["tee", "tasse"]


def test_title_weighs_more_than_the_description():
    text = ("lamp", "chair")
    assert _phrases([text])[0] == ["lamp", "chair"]
    assert _phrases([text], title_weight=0.5)[0] == ["chair", "lamp"]


def test_ties_keep_the_order_of_the_text():
    assert _phrases([("zebra, apple, mango", "")])[0] == ["zebra", "apple", "mango"]


def test_scripts_without_spaces_stay_short():
    phrases = extract_key_phrases([ItemText("長" * 500, "")])[0].phrases
    assert len(phrases) == 1 and len(phrases[0][0]) == 60
