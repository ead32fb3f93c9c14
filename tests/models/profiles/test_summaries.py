import pytest

from models.profiles.summaries import best_sentences, item_summary, shortened


def _summary(title="", description="", brand="", path=(), phrases=(), sentences=2, characters=300):
    return item_summary(title, description, brand, path, phrases, sentences, characters)


@pytest.mark.parametrize(
    ("text", "limit", "result"),
    [
        ("short", 10, "short"),
        ("one two three four", 12, "one two\u2026"),
        ("onetwothreefourfive", 10, "onetwothr\u2026"),
        ("one two, three", 9, "one two\u2026"),
    ],
)
def test_shortened(text, limit, result):
    assert shortened(text, limit) == result and len(result) <= limit


def test_sentences_with_the_best_phrases_in_the_order_of_the_text():
    text = "Delivered within three days. It has a brass handle. We hope you like it. The oak shelf lasts."
    assert best_sentences(text, [("oak shelf", 2.0), ("brass", 3.0)], 2) == [
        "It has a brass handle.",
        "The oak shelf lasts.",
    ]


def test_without_phrases_the_text_begins():
    assert best_sentences("First sentence of it. Second sentence of it.", [], 1) == ["First sentence of it."]


def test_no_sentences_asked_or_given():
    assert best_sentences("A sentence.", [], 0) == []
    assert best_sentences("", [], 2) == []


def test_title_brand_and_sentence():
    assert _summary("Red mug", "Keeps tea warm.", "Luma") == "Red mug by Luma. Keeps tea warm."
    assert _summary("Luma mug!", "", "luma") == "Luma mug!"


def test_never_empty():
    assert _summary(path=["Home", "Kitchen"]) == "An item in Home > Kitchen."
    assert _summary() == "An item without a description."
    assert _summary(description="Only words here") == "Only words here"
    assert len(_summary("x" * 900, characters=50)) == 50
