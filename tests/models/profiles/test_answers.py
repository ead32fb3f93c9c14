import pytest

from models.profiles.answers import Rejected, reject_other_language


def test_an_answer_in_a_language_nobody_expects():
    german = "Der Becher ist für die Küche und den Garten."
    with pytest.raises(Rejected, match="another language .de instead of en or fr"):
        reject_other_language(german, frozenset({"fr", "en"}))
    for expected in (frozenset(), frozenset({"de", "en"})):
        reject_other_language(german, expected)
    reject_other_language("Red brass lamp", frozenset({"fr"}))
