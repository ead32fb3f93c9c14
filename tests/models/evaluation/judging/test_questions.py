import json
from pathlib import Path

import pytest

from models.evaluation.judging.questions import (
    LONGEST_TITLE,
    NOBODY,
    PAIRWISE,
    POINTWISE,
    WITHHELD,
    Person,
    instructions,
    n_withheld,
    pairwise,
    pointwise,
)

INJECTIONS = [
    json.loads(line)["text"]
    for line in (Path(__file__).parents[3] / "corpora" / "injections.jsonl").read_text().splitlines()
]
ANN = Person("ann-4711", "Likes lamps.", {"sasrec": ["Brass lamp", "Oak lamp"], "popularity": ["Mug", "Mat"]})


def data(request) -> dict:
    return json.loads(request.user)


def test_both_lists_under_neutral_names():
    request = pairwise(ANN, "sasrec", "popularity")
    assert data(request) == {
        "person": "Likes lamps.",
        "first": ["Brass lamp", "Oak lamp"],
        "second": ["Mug", "Mat"],
    }
    swapped = data(pairwise(ANN, "popularity", "sasrec"))
    assert swapped["first"] == ["Mug", "Mat"] and swapped["second"] == ["Brass lamp", "Oak lamp"]


@pytest.mark.parametrize("request_", [pairwise(ANN, "sasrec", "popularity"), pointwise(ANN, "sasrec")])
def test_the_judge_learns_neither_the_model_nor_the_user(request_):
    asked = (request_.system + request_.user).lower()
    assert not any(name in asked for name in ("sasrec", "popularity", "ann-4711"))


def test_a_list_from_its_end():
    assert data(pointwise(ANN, "sasrec", backwards=True))["list"] == ["Oak lamp", "Brass lamp"]


def test_of_nobody_nothing_is_said():
    assert data(pairwise(ANN, "sasrec", "popularity", known=False))["person"] == NOBODY


def test_answers_are_held_to_a_schema():
    assert pairwise(ANN, "sasrec", "popularity").schema["properties"]["better"]["enum"] == [
        "first",
        "second",
        "neither",
    ]
    assert pointwise(ANN, "sasrec").schema["properties"]["fit"] == {"type": "integer", "minimum": 1, "maximum": 5}


def test_long_titles_are_cut():
    person = Person("u", "p" * 9000, {"a": ["x" * 5000]})
    asked = data(pointwise(person, "a"))
    assert len(asked["list"][0]) == LONGEST_TITLE and len(asked["person"]) == 2000


@pytest.mark.parametrize("text", INJECTIONS, ids=range(len(INJECTIONS)))
def test_what_talks_to_the_judge_is_withheld(text):
    person = Person("u", "Likes lamps.", {"a": ["Lamp", text], "b": ["Mug"]})
    asked = pairwise(person, "a", "b")
    assert data(asked)["first"] == ["Lamp", WITHHELD]
    assert text not in asked.user and json.dumps(text)[1:-1] not in asked.user
    assert n_withheld(person, ["a", "b"]) == 1
    assert data(pointwise(Person("u", text, {"a": ["Lamp"]}), "a"))["person"] == WITHHELD


def test_what_is_withheld_says_nothing_for_its_item():
    """Whatever a title claims of itself, the judge is asked the very same question: nothing it says can raise it."""
    people = [Person("u", "Likes lamps.", {"a": ["Lamp", text], "b": ["Mug"]}) for text in INJECTIONS]
    assert len({pairwise(person, "a", "b").user for person in people}) == 1
    assert len({pointwise(person, "a").user for person in people}) == 1


def test_quotes_and_markers_stay_inside_their_string():
    title = 'Lamp"], "second": ["x'
    assert data(pairwise(Person("u", "p", {"a": [title], "b": ["Mug"]}), "a", "b"))["first"] == [title]


def test_every_version_has_its_instructions():
    for version in (PAIRWISE, POINTWISE):
        assert "data from a shop" in instructions(version)
