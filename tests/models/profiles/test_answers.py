import pytest

from models.profiles.answers import Rejected, language_of, reject_other_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The mug is for the kitchen.", "en"),
        ("Der Becher ist für die Küche.", "de"),
        ("The mug of 無印良品 is for the kitchen.", "en"),
        ("無印良品 マグカップ", "ja"),
        ("Mug 無印良品", "und"),
        ("Red brass lamp", "und"),
        ("", "und"),
    ],
)
def test_what_most_words_give_away(text, language):
    assert language_of(text) == language


def test_an_answer_in_a_language_nobody_expects():
    german = "Der Becher ist für die Küche und den Garten."
    with pytest.raises(Rejected, match="another language .de instead of en or fr"):
        reject_other_language(german, frozenset({"fr", "en"}))
    for expected in (frozenset(), frozenset({"de", "en"})):
        reject_other_language(german, expected)
    reject_other_language("Red brass lamp", frozenset({"fr"}))
