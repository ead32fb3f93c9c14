import pytest

from models.profiles.answers import Rejected, reject_other_language, validated
from models.profiles.schema import Claim


def test_an_answer_in_a_language_nobody_expects():
    german = "Der Becher ist für die Küche und den Garten."
    with pytest.raises(Rejected, match="another language .de instead of en or fr"):
        reject_other_language(german, frozenset({"fr", "en"}))
    for expected in (frozenset(), frozenset({"de", "en"})):
        reject_other_language(german, expected)
    reject_other_language("Red brass lamp", frozenset({"fr"}))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"text": "oak", "basis": "guessed"}, "basis: Input should be 'stated' or 'inferred'"),
        (None, "Input should be a valid dictionary or instance of Claim"),
    ],
)
def test_what_leaves_the_schema_is_refused_with_its_place(value, why):
    with pytest.raises(Rejected) as refused:
        validated(Claim, value)
    assert str(refused.value) == why
