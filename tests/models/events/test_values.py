import math

import pytest

from models.events.values import joined, number_series, text_series, without_currency, without_trailing_zero

MISSING = ("", "NULL")


def test_texts_are_stripped_and_missing_values_are_null():
    texts, wrong = text_series([" a ", "", "  ", "NULL", None, "nullable", "\u00a0b"], MISSING)
    assert texts.to_list() == ["a", None, None, None, None, "nullable", "b"] and not wrong


def test_json_numbers_become_texts_and_other_types_are_wrong():
    texts, wrong = text_series([7, 2.5, "x", True, [1], {"a": 1}, None], MISSING)
    assert texts.to_list() == ["7", "2.5", "x", None, None, None, None]
    assert wrong == {3, 4, 5}


def test_a_float_that_may_stand_for_several_ids_is_wrong():
    texts, wrong = text_series([2**53 - 1, float(2**53), 1.2345678901234568e22], MISSING)
    assert texts.to_list() == [str(2**53 - 1), None, None] and wrong == {1, 2}


def test_numbers_from_texts_and_json():
    numbers, unreadable = number_series(["1", " 2.5 ", "-3e2", "", "x", "1,5", "inf", "nan", "1e400"], MISSING)
    assert numbers.to_list() == [1.0, 2.5, -300.0, None, None, None, None, None, None]
    assert unreadable.to_list() == [False] * 4 + [True] * 5
    numbers, unreadable = number_series([1, 2.5, None, 10**18], MISSING)
    assert numbers.to_list() == [1.0, 2.5, None, 1e18] and not unreadable.any()


def test_mixed_json_numbers_keep_what_can_be_read():
    numbers, unreadable = number_series([1, "2", True, [3], 1e20, None], MISSING)
    assert numbers.to_list() == [1.0, 2.0, None, None, 1e20, None]
    assert unreadable.to_list() == [False, False, True, True, False, False]


def test_nothing_is_an_empty_column():
    assert text_series([], MISSING)[0].to_list() == []
    assert number_series((), MISSING)[0].to_list() == []
    assert all(math.isfinite(value) for value in number_series([1.0], MISSING)[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17850.0", "17850"),
        ("17850.00", "17850"),
        ("0017.0", "0017"),
        ("-3.0", "-3"),
        ("1.5", "1.5"),
        ("a.0", "a.0"),
        ("1.0.0", "1.0.0"),
    ],
)
def test_only_whole_numbers_lose_their_zero(text, expected):
    assert without_trailing_zero(text_series([text], MISSING)[0]).to_list() == [expected]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["a", " b ", ""], "a > b"),
        ([], ""),
        ("a", "a"),
        (None, None),
        (["a", 1], ["a", 1]),
        ([["a"]], [["a"]]),
    ],
)
def test_lists_of_texts_are_joined(value, expected):
    assert joined(value, " > ") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("$12.99", "12.99"), (" $1,299.00 ", "1299.00"), ("12 €", "12"), ("12", "12"), (12.5, 12.5), (None, None),
     ("$1.00 - $2.00", "1.00 - $2.00")],
)  # fmt: skip
def test_prices_lose_their_sign(value, expected):
    assert without_currency(value, ["$", "€"]) == expected
