import orjson
import polars as pl
import pytest

from models.profiles.audit import audit_profiles, find_personal_rows, find_private_rows
from models.profiles.extractive import item_profiles, user_profiles
from models.profiles.personal_data import find_personal_data

PERSONAL = [
    "jane@shop.com",
    "+44 20 7946 0958",
    "0049 (30) 9018201",
    "+49/30/12/34/56/78",
    "+49 - 30 - 12 - 34 - 56",
    "(555) 123-4567",
    "555.123.4567",
    "020 7946 0958",
    "4111 1111 1111 1111",
    "378282246310005",
]


@pytest.fixture
def profiles(shop, as_of):
    items, interactions = shop
    of_items = item_profiles(items, as_of)
    return of_items, user_profiles(interactions, items, of_items, as_of)


def _edited(frame: pl.DataFrame, row: int, **changes) -> pl.DataFrame:
    profile = orjson.dumps(orjson.loads(frame["profile"][row]) | changes).decode()
    return frame.with_columns(profile=pl.when(pl.int_range(pl.len()) == row).then(pl.lit(profile)).otherwise("profile"))


def test_extractive_profiles_are_clean(profiles):
    for frame, key in zip(profiles, ("item_id", "user_id"), strict=True):
        audit = audit_profiles(frame, frame[key])
        assert (audit.schema_valid_share, audit.coverage) == (1.0, 1.0)
        assert (audit.invalid, audit.missing, audit.personal_data) == ({}, [], {})


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"price_band": "cheap"}, "price_band"),
        ({"unheard_of": 1}, "unheard_of"),
        ({"summary": ""}, "summary"),
        ({"schema_version": 2}, "schema_version"),
        ({"key_phrases": [{"text": "mug", "basis": "guessed"}]}, "key_phrases.0.basis"),
        ({"item_id": "another"}, "describes 'another'"),
    ],
)
def test_rows_off_the_schema_are_named(profiles, change, fault):
    audit = audit_profiles(_edited(profiles[0], 3, **change), profiles[0]["item_id"])
    assert list(audit.invalid) == [profiles[0]["item_id"][3]]
    assert fault in audit.invalid[profiles[0]["item_id"][3]]
    assert audit.schema_valid_share == 1 - 1 / audit.n_rows


@pytest.mark.parametrize("text", ["", "Sorry, I cannot do that.", '{"item_id": "i1"', "null", None])
def test_what_is_no_profile_at_all_is_invalid(text):
    frame = pl.DataFrame({"item_id": ["i1"], "profile": [text]}, schema={"item_id": pl.String, "profile": pl.String})
    audit = audit_profiles(frame, ["i1"])
    assert list(audit.invalid) == ["i1"] and audit.schema_valid_share == 0.0


def test_user_strengths_outside_the_unit_interval_are_invalid(profiles):
    taste = {"kind": "topic", "text": "tea", "strength": 1.2, "confidence": 0.5, "event_ids": ["e1"]}
    audit = audit_profiles(_edited(profiles[1], 0, current=[taste]), profiles[1]["user_id"])
    assert "current.0.strength" in audit.invalid[profiles[1]["user_id"][0]]
    unsupported = taste | {"strength": 0.5, "event_ids": []}
    audit = audit_profiles(_edited(profiles[1], 0, current=[unsupported]), profiles[1]["user_id"])
    assert "current.0.event_ids" in audit.invalid[profiles[1]["user_id"][0]]


def test_missing_ids_lower_coverage(profiles):
    audit = audit_profiles(profiles[0], [*profiles[0]["item_id"][1:], "z9", "a0"])
    assert audit.missing == ["a0", "z9"]
    assert audit.coverage == 1 - 2 / audit.n_expected


def test_nothing_expected_and_nothing_there():
    audit = audit_profiles(pl.DataFrame(schema={"user_id": pl.String, "profile": pl.String}), [])
    assert (audit.schema_valid_share, audit.coverage) == (1.0, 1.0)


def test_personal_data_is_found_wherever_it_stands(profiles):
    frame = _edited(profiles[0], 1, summary="Ask jane@shop.com.")
    frame = _edited(frame, 2, style_words=[{"text": "+44 20 7946 0958", "basis": "inferred"}])
    ids = frame["item_id"]
    assert find_personal_rows(frame, "item_id") == {ids[1]: ["email"], ids[2]: ["phone"]}
    assert audit_profiles(frame, ids).personal_data == {ids[1]: ["email"], ids[2]: ["phone"]}


def test_personal_data_is_found_in_what_is_no_json():
    frame = pl.DataFrame({"user_id": ["u"], "profile": ["Sorry! Mail jane@shop.com"]})
    assert find_personal_rows(frame, "user_id") == {"u": ["email"]}


@pytest.mark.parametrize("text", PERSONAL)
def test_what_is_looked_at_first_leaves_nothing_out(profiles, text):
    """Also where a text imitates the keys that are passed over."""
    for said in (f"call {text}", f'"event_ids":["{text}"], "user_id":"{text}"'):
        found = find_personal_rows(_edited(profiles[1], 0, summary=said), "user_id")
        assert list(found.values()) == [find_personal_data(text)] != [[]]


def test_ids_are_not_taken_for_personal_data(profiles):
    taste = {"kind": "topic", "text": "tea", "strength": 1, "confidence": 0.5, "event_ids": ["4111111111111111"]}
    frame = _edited(profiles[1], 0, current=[taste], user_id="jane@shop.com")
    assert find_personal_rows(frame, "user_id") == {}


TOPIC = {"kind": "topic", "text": "probably a woman", "strength": 1, "confidence": 0.5, "event_ids": ["e1"]}


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"summary": "Lives in Leeds and is retired."}, ["age", "location"]),
        ({"long_term": [TOPIC]}, ["sex"]),
        ({"dislikes": [TOPIC]}, ["sex"]),
        ({"long_term": [TOPIC | {"kind": "phrase"}]}, []),  # an item's words, not the writer's
    ],
)
def test_what_is_private_is_found_in_the_writers_own_words(profiles, changes, kinds):
    frame = _edited(profiles[1], 0, **changes)
    found = audit_profiles(frame, frame["user_id"]).private_claims
    assert found == ({frame["user_id"][0]: kinds} if kinds else {})
    assert find_private_rows(frame, ["age", "location", "sex"]) == {}, "what is allowed is no finding"


def test_private_claims_are_found_in_what_is_no_json():
    frame = pl.DataFrame({"user_id": ["u", "v"], "profile": ["The user is pregnant.", None]})
    assert find_private_rows(frame) == {"u": ["health"]}
