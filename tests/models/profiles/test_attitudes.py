from datetime import datetime, timedelta

import polars as pl
import pytest

from models.profiles.attitudes import novelty_attitudes, price_attitudes, rhythms
from models.profiles.config import UserExtraction

CONFIG = UserExtraction()


@pytest.mark.parametrize(
    ("ratios", "attitude"),
    [
        ([1.0, 1.0, 1.0, 1.0], "average"),
        ([1.2, 1.2, 1.2, 1.2], "average"),
        ([1.21] * 4, "premium"),
        ([1 / 1.21] * 4, "thrifty"),
        ([4.0, 0.25, 4.0, 0.25], "average"),
        ([9.0, 9.0, 9.0], "unknown"),
        ([9.0, 9.0, 9.0, None], "unknown"),
    ],
)
def test_price_attitude(ratios, attitude):
    events = pl.DataFrame({"user_id": "u", "price_ratio": ratios, "mass": [1.0] * len(ratios)})
    assert price_attitudes(events, CONFIG)["price_attitude"].to_list() == [attitude]


def test_prices_are_weighed_by_mass():
    events = pl.DataFrame({"user_id": "u", "price_ratio": [3.0, 0.9, 0.9, 0.9], "mass": [10.0, 1.0, 1.0, 1.0]})
    assert price_attitudes(events, CONFIG)["price_attitude"].item() == "premium"


@pytest.mark.parametrize(
    ("items", "attitude"),
    [
        ("aaaaa", "familiar"),  # 0 0 0 0
        ("abcde", "adventurous"),  # 1 1 1 1: every item has its own category here
        ("axyz", "balanced"),  # 1 1/2 1/2: mean 2/3 is not above 2/3
        ("xyzx", "balanced"),  # 1/2 1/2 0: mean 1/3 is not below 1/3
        ("xyxx", "familiar"),  # 1/2 0 0
        ("abc", "unknown"),
    ],
)
def test_novelty_attitude(items, attitude):
    category = {"x": "shared", "y": "shared", "z": "shared"}
    events = pl.DataFrame(
        {"user_id": ["u"] * len(items), "item_id": list(items), "category": [category.get(i, i) for i in items]}
    )
    assert novelty_attitudes(events, CONFIG)["novelty_attitude"].item() == attitude


def test_only_the_latest_events_decide_novelty_but_all_are_remembered():
    items = "abcde" + "ab" * 5
    events = pl.DataFrame({"user_id": "u", "item_id": list(items), "category": list(items)})
    assert novelty_attitudes(events, UserExtraction(novelty_events=10))["novelty_attitude"].item() == "familiar"


def test_users_do_not_share_what_is_new():
    events = pl.DataFrame(
        {"user_id": ["u"] * 5 + ["v"] * 5, "item_id": list("abcde") * 2, "category": list("abcde") * 2}
    )
    assert novelty_attitudes(events, CONFIG)["novelty_attitude"].to_list() == ["adventurous"] * 2


def test_rhythm_by_hand():
    monday = datetime(2026, 2, 2, 20)
    times = [monday, monday + timedelta(minutes=5), monday + timedelta(days=2, hours=-11), monday + timedelta(days=7)]
    events = pl.DataFrame({"user_id": "u", "event_at": times}).with_columns(event_day=pl.col("event_at").dt.date())
    rhythm = rhythms(events, CONFIG)["rhythm"].item()
    assert rhythm == {"top_hours": [20, 9], "top_weekdays": [1, 3], "active_days": 3, "median_gap_days": 3.5}
    assert rhythms(events.head(2), CONFIG)["rhythm"].item()["median_gap_days"] is None
    assert rhythms(events, UserExtraction(max_rhythm_slots=1))["rhythm"].item()["top_hours"] == [20]
