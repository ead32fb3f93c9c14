import json

import polars as pl
import pytest

from models.profiles.extractive import item_profiles, user_profiles
from models.profiles.quality.support import cited_events, support

ITEMS = pl.DataFrame(
    {
        "item_id": ["a", "b"],
        "title": ["Stoneware mug", "Brass lamp"],
        "description": ["For coffee in the morning.", None],
        "category": ["Home > Kitchen > Mugs", "Home > Lights"],
        "brand": ["Luma", None],
        "key_phrases": [["stoneware"], []],
    }
)
EVENTS = pl.DataFrame({"user_id": ["u", "u", "v"], "event_id": ["1", "2", "3"], "item_id": ["a", "b", "a"]})


def measured(kind: str, text: str, *events: str) -> dict[str, float]:
    profile = {"long_term": [{"kind": kind, "text": text, "event_ids": list(events)}], "current": [], "dislikes": []}
    frame = pl.DataFrame({"user_id": ["u"], "profile": [json.dumps(profile)]})
    return {one.metric: one.value for one in support(frame, EVENTS, ITEMS, 2)}


@pytest.mark.parametrize(("events", "share"), [(("1", "2"), 1.0), (("1", "3"), 0.5), (("9",), 0.0)])
def test_events_of_others_and_of_nobody_do_not_exist(events, share):
    assert measured("brand", "Luma", *events)["cited_events_exist"] == share


@pytest.mark.parametrize(
    ("kind", "text", "agrees"),
    [
        ("category", "Home > Kitchen", True),
        ("category", "Home > Garden", False),
        ("brand", "Luma", True),
        ("brand", "Acme", False),
        ("phrase", "stoneware", True),
        ("phrase", "coffee in the morning", True),
        ("phrase", "coffee for the evening", False),
        ("topic", "coffee and tea", True),
        ("topic", "the sea", False),
    ],
)
def test_the_item_carries_the_label_or_the_words(kind, text, agrees):
    assert measured(kind, text, "1")["cited_events_agree"] == agrees


def test_what_does_not_exist_is_not_asked_to_agree():
    assert measured("brand", "Luma", "1", "9")["cited_events_agree"] == 1.0


def test_a_profile_that_is_no_json_cites_nothing():
    assert cited_events(pl.DataFrame({"user_id": ["u", "v"], "profile": ["Sorry!", None]})).is_empty()


def test_extractive_profiles_are_carried_by_their_events_and_a_later_day_is_not(shop, as_of):
    items, interactions = shop
    of_items = item_profiles(items, as_of)
    profiles = user_profiles(interactions, items, of_items, as_of)
    told = items.join(of_items.select("item_id", "key_phrases"), on="item_id")
    found = {one.metric: one for one in support(profiles, interactions, told, 2)}
    assert found["cited_events_exist"].value == found["cited_events_agree"].value == 1.0
    assert found["cited_events_exist"].n > 100
    earlier = interactions.filter(pl.col("event_day") < as_of.replace(month=2))
    assert support(profiles, earlier, told, 2)[0].value < 1.0
