from dataclasses import replace

import pytest

from models.text.generation.contract import distinct
from models.text.generation.request import GenerationRequest

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
BASE = GenerationRequest(user="a mug", system="Describe.", schema=SCHEMA)


@pytest.mark.parametrize(
    "changed",
    [
        replace(BASE, user="a mug "),
        replace(BASE, system="Describe"),
        replace(BASE, user="e. a mug", system="Describ"),
        replace(BASE, schema=None),
        replace(BASE, schema={**SCHEMA, "properties": dict(reversed(SCHEMA["properties"].items()))}),
        replace(BASE, max_tokens=1023),
        replace(BASE, temperature=0.5),
        replace(BASE, temperature=None),
        replace(BASE, seed=1),
    ],
)
def test_everything_that_decides_the_answer_is_in_the_key(changed: GenerationRequest):
    assert changed.key("m") != BASE.key("m")


def test_the_key_depends_on_the_model_and_on_nothing_else():
    assert BASE.key("m") == replace(BASE).key("m") != BASE.key("n")
    assert BASE.key("m") == "d07ee37eb04be0acbb296167df6e8c32376d888b9eef3464ace6e5c830817b60", (
        "stored answers would be asked for again"
    )


def test_any_text_has_a_key():
    assert len(GenerationRequest(user="half a pair \ud83d, \0, \u2028").key("m")) == 64


def test_equal_requests_are_one():
    other = replace(BASE, user="a lamp")
    assert list(distinct([BASE, other, replace(BASE)], "m")) == [(BASE.key("m"), BASE), (other.key("m"), other)]
