import pytest

from models.text.languages import (
    FUNCTION_WORDS,
    UNKNOWN,
    detect_language,
    foreign_language,
    language_of,
    majority_language,
    words_of,
)


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


SAID = {
    "en": "A stoneware mug that is made by hand and holds coffee or tea well in the morning.",
    "de": "Eine Tasse aus Steinzeug, die von Hand gemacht ist und den Tee am Morgen lange warm hält.",
    "fr": "Une tasse en grès faite à la main, pour le café du matin ou pour le thé avec des amis.",
    "es": "Una taza de gres hecha a mano para el café de la mañana o para el té con los amigos.",
    "it": "Una tazza in gres fatta a mano, per il caffè del mattino o per il tè con gli amici.",
    "nl": "Een mok van steengoed die met de hand is gemaakt, voor de koffie van de ochtend of een thee.",
    "pt": "Uma caneca de grés feita à mão, para o café da manhã ou para o chá com os amigos.",
    "ja": "手作り の 陶器 の マグカップ で 朝 の コーヒー や お茶 に 合い ます",
    "ko": "손으로 만든 도자기 머그 로 아침 커피 와 차 를 마시기 에 좋습니다",
}


@pytest.mark.parametrize("spoken", SAID)
@pytest.mark.parametrize("expected", SAID)
def test_a_text_is_foreign_where_another_language_is_expected(spoken, expected):
    assert foreign_language(words_of(SAID[spoken]), {expected}) == (None if spoken == expected else spoken)


@pytest.mark.parametrize(
    "text",
    [
        "Une tasse pour le café du matin",  # seven words
        "Une tasse. " + SAID["en"],
        "La vie d'Adèle, a film by Abdellatif Kechiche about the first love of a girl in Lille",
        "cast iron wok lid rack mat oil rice bowl spoon",
        "かわいい mug with a cat and the words good morning on it",
    ],
)
def test_what_is_short_or_only_quotes_another_language_is_not_foreign(text):
    assert foreign_language(words_of(text), {"en"}) is None


def test_several_languages_or_none_may_be_expected():
    assert foreign_language(words_of(SAID["de"]), {"en", "de"}) is None
    assert foreign_language(words_of(SAID["de"]), {"en", "fr"}) == "de"
    assert foreign_language(words_of(SAID["de"]), set()) is None


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


@pytest.mark.parametrize(
    ("told", "majority"), [(["de", "en", "de"], "de"), (["en", "de"], "de"), (["und", None], "und"), ([], "und")]
)
def test_the_majority_of_what_can_be_told(told, majority):
    assert majority_language(told) == majority
