import pytest

from models.profiles.text_change import text_change


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("A red mug.", "a red  MUG!", 0),
        ("", "", 0),
        ("", "mug", 1),
        ("red mug", "blue lamp", 1),
        ("red mug", "mug red", 1 - 2 / 4),  # the words are shared, the pairs are not
        ("a red mug", "a blue mug", 1 - 2 / 8),  # a, mug of a, red, blue, mug and four pairs
        ("mug mug", "mug mug mug", 0),
    ],
)
def test_words_and_pairs_that_only_one_has(before, after, change):
    assert text_change(before, after) == text_change(after, before) == pytest.approx(change)
