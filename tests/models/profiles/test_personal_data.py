import json
import re
from pathlib import Path

import polars as pl
import pytest

from models.profiles.personal_data import CANDIDATE, find_personal_data, remove_personal_data

CORPUS = Path(__file__).parents[2] / "corpora" / "personal_data.jsonl"
ROWS = [tuple(json.loads(line).values()) for line in CORPUS.read_text().splitlines()]
FOUND = [
    ("write to jane.doe+shop@mail.example.co.uk today", ["email"]),
    ("call +44 20 7946 0958", ["phone"]),
    ("call 0044 20 7946 0958", ["phone"]),
    ("call +1 (555) 123-4567", ["phone"]),
    ("call (555) 123-4567", ["phone"]),
    ("call 555-123-4567 or 555.123.4567", ["phone"]),
    ("call 020 7946 0958", ["phone"]),
    ("card 4111 1111 1111 1111", ["card"]),
    ("card 378282246310005", ["card"]),
    ("card 30569309025904 and a@b.io, +49 30 901820 12", ["email", "card", "phone"]),
]
HARMLESS = [
    "4111 1111 1111 1112",  # fails the Luhn check
    "EAN 4006381333931",  # a barcode has 13 digits
    "ISBN 978-3-16-148410-0",
    "size 10 x 20 x 30 cm, 2.5 kg, 1,000 pieces",
    "2010-12-01 08:26:00",
    "USB 3.0, 1080p, 60 Hz, £4.99",
    "set of 3 @ 2 each",
    "article 60-1234-5678",
    "6011 0000 0000 0000",
    "3900 0000 0000 0000",
    "",
]


@pytest.mark.parametrize(("text", "kinds"), FOUND)
def test_found_and_removed(text, kinds):
    assert find_personal_data(text) == kinds
    assert re.search(CANDIDATE, text), "the cheap filter must let it through"
    assert find_personal_data(remove_personal_data(text)) == []


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays(text):
    assert find_personal_data(text) == []
    assert remove_personal_data(text) == text


def test_a_card_is_not_also_a_telephone_number():
    assert find_personal_data("+4111 1111 1111 1111") == ["card"]


@pytest.mark.parametrize("hostile", ["a" * 100_000, "a.b-" * 30_000, "1 " * 50_000, "+1" * 50_000, "@" * 100_000])
def test_hostile_text_is_read_quickly(hostile):
    """Where a pattern went back and forth over it, this would not end before the test's time limit."""
    assert find_personal_data(hostile) == []


@pytest.mark.parametrize(("kind", "text"), ROWS, ids=range(len(ROWS)))
def test_the_planted_set(kind, text):
    found = [kind] if kind else []
    assert find_personal_data(text) == found
    assert find_personal_data(remove_personal_data(text)) == []
    assert not kind or pl.Series([text]).str.contains(CANDIDATE)[0], "Polars' filter must let it through"


@pytest.mark.parametrize(
    "text",
    [
        "GB29 NWBK 6016 1331 9268 18",
        "AB12 CDEF GHIJ KLMN OPQR",
        "firmware version 2.10.4.1",
        "999.1.1.1",
        "1:2:3",
        "a:b:c:d",
    ],
)
def test_wrong_check_digits_and_versions_are_none(text):
    assert find_personal_data(text) == [] and remove_personal_data(text) == text
