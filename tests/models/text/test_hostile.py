import json
from pathlib import Path

import pytest

from models.text.hostile import hostile_kind, readable

CORPUS = Path(__file__).parents[2] / "corpora" / "injections.jsonl"
CASES = [tuple(json.loads(line).values()) for line in CORPUS.read_text().splitlines()]
HARMLESS = [
    "Return with Honor (1998)",
    "The Instructions Not Included Collection",
    "You Are What You Eat",
    "As Good as It Gets",
    "Judge Dredd: the judge, the movie",
    "System 5 shelf: white, 80 x 200 cm",
    "Model railway, H0, as new",
    "Choose your colour: red, blue or green",
    "Our first-class tea - top rated by 5,000 customers!",
    "Score 1000 puzzle pieces ... ages 10+",
    "A list of things I forgot",
    "Grand Theft Auto V (PC) [Rockstar] <new>",
    "WHITE HANGING HEART T-LIGHT HOLDER",
    "12'' x 18'' wall-art; oak/steel; w/o frame (A2)",
    "USB-C/HDMI/DP adapter 4K@60Hz, 1.8m & 3.0m, v2.1+",
    "Η Αθήνα τη νύχτα",
    "Война и мир: роман в четырёх томах",
    "Ignore the Moon",
    "The finest grade we could find. Made for first drafts.",
    "Answer Me This",
    "I.O.U.S.A. (2008)",
    "\U0001f600\U0001f38a party set \U0001f468‍\U0001f469‍\U0001f467",
    "",
]


@pytest.mark.parametrize(("kind", "text"), CASES, ids=[f"{n}-{kind}" for n, (kind, _) in enumerate(CASES)])
def test_every_attempt_of_the_corpus_is_found(kind, text):
    assert hostile_kind(text) is not None
    assert hostile_kind(f"Garden chair, oak. {text} Foldable.") is not None or kind in ("role", "answer")


def test_the_corpus_is_large_and_of_every_kind():
    assert len(CASES) >= 60
    assert {kind for kind, _ in CASES} == {
        "hidden",
        "role",
        "order",
        "persona",
        "answer",
        "promotion",
        "stuffing",
        "noise",
    }


@pytest.mark.parametrize("text", HARMLESS)
def test_what_things_are_called_is_not(text):
    assert hostile_kind(text) is None


def test_disguises_are_taken_off():
    assert readable("Ｉｇｎｏｒｅ\u200b  ΤHIS") == "ignore this"
    assert readable("I g n o r e me") == "ignore me"
    assert readable("Война") == "война", "a Russian word is no disguise"
