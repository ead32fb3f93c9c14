import pytest

from models.text.languages import FUNCTION_WORDS, UNKNOWN, detect_language, words_of


def test_words_keep_inner_hyphens_and_apostrophes():
    assert words_of("A T-Light's holder, 12_inch -- 3 x 4!") == [
        "a",
        "t-light's",
        "holder",
        "12",
        "inch",
        "3",
        "x",
        "4",
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("This is a mug for the kitchen, and it is very nice", "en"),
        ("Eine Tasse für die Küche, die nicht nur schön ist", "de"),
        ("Une tasse pour la cuisine avec des fleurs dans le style", "fr"),
        ("Una taza para la cocina con flores y los colores del sol", "es"),
        ("Een mok voor in de keuken met het mooiste van de bloemen", "nl"),
        ("かわいいマグカップ", "ja"),
        ("머그컵", "ko"),
        ("RED MUG", UNKNOWN),
        ("", UNKNOWN),
        ("the mug", UNKNOWN),
    ],
)
def test_language(text, language):
    assert detect_language(words_of(text)) == language


def test_a_few_function_words_in_much_else_decide_nothing():
    assert detect_language(["the", "of", *(f"x{i}" for i in range(40))]) == UNKNOWN


def test_word_lists_are_lower_case_words():
    assert all(word == word.lower() and words_of(word) == [word] for words in FUNCTION_WORDS.values() for word in words)
