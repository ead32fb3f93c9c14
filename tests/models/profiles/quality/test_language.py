import pytest

from models.profiles.quality.language import same_language

GERMAN, ENGLISH = (
    "Das ist eine Tasse aus Ton, und sie ist für den Kaffee.",
    "This is a mug that you will like for coffee.",
)


def test_profiles_in_another_language_than_their_items_are_counted():
    found = same_language([GERMAN, ENGLISH, ENGLISH], ["de", "de", "en"])
    assert (found.value, found.n) == (pytest.approx(2 / 3), 3)


def test_what_cannot_be_told_is_left_out():
    assert same_language([GERMAN, "Mug", ENGLISH], ["und", "en", "en"]).n == 1
