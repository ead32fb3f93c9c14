import pytest
from pydantic import ValidationError

from models.profiles.schema import ItemProfile, UserProfile

USER = {
    "schema_version": 1,
    "user_id": "u1",
    "summary": "Likes tea.",
    "long_term": [{"kind": "topic", "text": "tea", "strength": 0.5, "confidence": 1, "event_ids": ["e1"]}],
    "current": [],
    "dislikes": [],
    "price_attitude": "average",
    "novelty_attitude": "balanced",
    "rhythm": {"top_hours": [20], "top_weekdays": [7], "active_days": 1, "median_gap_days": None},
}


def test_a_model_can_be_told_the_schema():
    for model in (ItemProfile, UserProfile):
        schema = model.model_json_schema()
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) == set(model.model_fields) - {"asked"}


def test_profiles_round_trip():
    profile = UserProfile.model_validate(USER)
    assert UserProfile.model_validate_json(profile.model_dump_json()) == profile


@pytest.mark.parametrize(
    "change",
    [
        {"age": 40},
        {"user_id": ""},
        {"price_attitude": "greedy"},
        {"rhythm": {**USER["rhythm"], "top_hours": [24]}},
        {"rhythm": {**USER["rhythm"], "top_weekdays": [0]}},
        {"rhythm": {**USER["rhythm"], "active_days": 0}},
        {"long_term": [{**USER["long_term"][0], "strength": float("nan")}]},
        {"long_term": [{**USER["long_term"][0], "kind": "income"}]},
    ],
)
def test_what_leaves_the_schema_is_refused(change):
    with pytest.raises(ValidationError):
        UserProfile.model_validate(USER | change)
