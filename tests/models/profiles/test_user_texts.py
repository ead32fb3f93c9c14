import json

import polars as pl

from models.profiles.extractive import item_profiles, user_profiles
from models.profiles.user_texts import N_TASTES, user_texts


def frame(*profiles):
    rows = [(summary, None if tastes is None else json.dumps(tastes)) for summary, tastes in profiles]
    return pl.DataFrame(rows, schema={"summary": pl.String, "profile": pl.String}, orient="row")


def tastes(*names):
    return [
        {"kind": "category", "text": name, "strength": 0.5, "confidence": 1.0, "event_ids": ["e"]} for name in names
    ]


def test_tastes_stand_before_the_summary_in_turn_and_none_twice():
    one = {"long_term": tastes("lamps", "oak", "chairs"), "current": tastes("oak", "rugs"), "rhythm": {"top_hours": []}}
    found = user_texts(frame(("Likes light.", one)))
    assert found.to_list() == ["lamps, oak, rugs, chairs. Likes light."]


def test_a_profile_that_says_little_is_what_it_says():
    nothing = {"long_term": [], "current": []}
    assert user_texts(frame(("Seen once.", nothing), ("", {"long_term": tastes("a"), "current": []}))).to_list() == [
        "Seen once.",
        "a",
    ]
    assert user_texts(frame()).to_list() == []


def test_no_more_tastes_are_named_than_an_encoder_reads():
    many = {"long_term": tastes(*(f"l{n}" for n in range(30))), "current": tastes(*(f"c{n}" for n in range(30)))}
    (found,) = user_texts(frame(("", many)))
    assert found.split(", ") == [f"{side}{n}" for n in range(N_TASTES // 2) for side in "lc"]


def test_profiles_by_rules_are_read(as_of, make_items, make_interactions):
    items = make_items([{"item_id": "i1", "title": "Oak lamp", "category": "Lamps"}])
    events = make_interactions([("u1", "i1", 3, 1.0, None), ("u2", "gone", 3, 1.0, None)])
    profiles = user_profiles(events, items, item_profiles(items, as_of), as_of)
    first, second = user_texts(profiles)
    assert first.startswith("Lamps, ") and first.endswith(profiles["summary"][0])
    assert second == profiles["summary"][1]
