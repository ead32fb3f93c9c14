import subprocess
import sys
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import orjson
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.profiles.config import ExtractiveConfig, UserExtraction
from models.profiles.extractive import USER_PROFILE_COLUMNS, item_profiles, user_profiles
from models.profiles.schema import UserProfile

ROOT = Path(__file__).parents[3]


@pytest.fixture
def profile_users(as_of):
    def run(items, interactions, config=None, day=as_of):
        return user_profiles(interactions, items, item_profiles(items, day), day, config)

    return run


@pytest.fixture
def mugs_and_lamps(make_items):
    return make_items(
        [
            {"item_id": "mug1", "title": "stoneware mug", "category": "Home > Mugs", "brand": "Luma", "price": 10.0},
            {"item_id": "mug2", "title": "stoneware mug", "category": "Home > Mugs", "brand": "Luma", "price": 20.0},
            {"item_id": "lamp", "title": "brass lamp", "category": "Home > Lamps", "brand": "Nori", "price": 30.0},
        ]
    )


def test_one_user_by_hand(profile_users, mugs_and_lamps, make_interactions):
    rows = [("u", "mug1", 60, 1.0, None), ("u", "mug2", 30, 1.0, None), ("u", "lamp", 0, 1.0, None)]
    row = profile_users(mugs_and_lamps, make_interactions(rows)).row(0, named=True)
    profile = UserProfile.model_validate_json(row["profile"])
    # Half-life 30 days: masses 1/4, 1/2 and 1. Mugs have 3/7 with two events, lamps 4/7 with one.
    tastes = {(t.kind, t.text): (t.strength, t.confidence, t.event_ids) for t in profile.long_term}
    assert tastes[("category", "Home > Mugs")] == (0.429, 0.4, ["e1", "e0"])
    assert tastes[("category", "Home > Lamps")] == (0.571, 0.25, ["e2"])
    assert tastes[("brand", "Luma")] == (0.429, 0.4, ["e1", "e0"])
    assert [text for kind, text in tastes if kind == "phrase"] == ["stoneware mug"]
    assert [t.text for t in profile.long_term][:2] == ["Home > Mugs", "Home > Lamps"]  # 0.1716 against 0.1428
    assert {(t.kind, t.text): (t.strength, t.confidence) for t in profile.current} == {
        ("category", "Home > Lamps"): (1.0, 0.25),
        ("brand", "Nori"): (1.0, 0.25),
        ("phrase", "brass lamp"): (1.0, 0.25),
    }
    assert row["top_categories"] == ["Home > Mugs", "Home > Lamps"]
    assert row["n_events"] == row["n_tokens_in"] == 3
    assert profile.price_attitude == profile.novelty_attitude == "unknown"
    assert (profile.rhythm.active_days, profile.rhythm.median_gap_days) == (3, 30.0)
    assert profile.summary.startswith("Mostly interested in Home > Mugs, Home > Lamps. Favours the brands Luma, Nori.")
    assert "Lately: Home > Lamps, brass lamp." in profile.summary


def _naive_strengths(items, interactions, half_life, depth):
    """Shares of decayed weight per user and category, with plain dictionaries."""
    category = {i: " > ".join((c or "").split(" > ")[:depth]) for i, c in items.select("item_id", "category").rows()}
    rows = interactions.select("user_id", "item_id", "event_day", "weight").rows()
    last = {}
    for user, _, day, _ in rows:
        last[user] = max(day, last.get(user, day))
    total, mass, count = defaultdict(float), defaultdict(float), defaultdict(int)
    for user, item, day, weight in rows:
        decayed = weight * 0.5 ** ((last[user] - day).days / half_life)
        total[user] += decayed
        if item in category:
            mass[user, category[item]] += decayed
            count[user, category[item]] += 1
    return {(user, label): (value / total[user], count[user, label]) for (user, label), value in mass.items()}


def test_strength_and_confidence_against_a_naive_oracle(shop, profile_users):
    items, interactions = shop
    items = items.with_columns(first_seen_on=pl.lit(None, pl.Date))
    config = ExtractiveConfig(user=UserExtraction(max_tastes=20, half_life_days=12))
    expected = _naive_strengths(items, interactions, 12, 2)
    found = {}
    for row in profile_users(items, interactions, config).iter_rows(named=True):
        for taste in orjson.loads(row["profile"])["long_term"]:
            if taste["kind"] == "category":
                found[row["user_id"], taste["text"]] = (taste["strength"], taste["confidence"])
    assert found == {
        key: (pytest.approx(s, abs=6e-4), pytest.approx(n / (n + 3), abs=6e-4)) for key, (s, n) in expected.items()
    }


def test_every_row_is_valid_and_every_taste_is_supported(shop, profile_users, as_of):
    items, interactions = shop
    profiles = profile_users(items, interactions)
    assert profiles.schema == pl.Schema(USER_PROFILE_COLUMNS)
    assert profiles["user_id"].to_list() == sorted(interactions["user_id"].unique())
    events = {
        event: (user, item, day)
        for event, user, item, day in interactions.select("event_id", "user_id", "item_id", "event_day").rows()
    }
    category = dict(items.select("item_id", "category").rows())
    for user, text in profiles.select("user_id", "profile").rows():
        profile = UserProfile.model_validate_json(text)
        for taste in [*profile.long_term, *profile.current]:
            assert all(events[event][0] == user for event in taste.event_ids)
            if taste.kind == "category":
                assert all(category[events[event][1]].startswith(taste.text) for event in taste.event_ids)
        assert all(events[e][2] > as_of - timedelta(days=7) for t in profile.current for e in t.event_ids)


def test_nothing_after_the_day_enters(shop, profile_users, as_of, make_items):
    """Events, items and item profiles of later days: planting them changes no output of an earlier day."""
    items, interactions = shop
    day = as_of - timedelta(days=20)
    assert (interactions["event_day"] > day).sum() > 50
    later_items = make_items(
        [{"item_id": "late", "title": "late", "category": "Home > mug > x", "price": 9e5, "first_seen_on": as_of}]
    )
    catalogue = pl.concat([items, later_items])
    own = item_profiles(items, day)
    later = item_profiles(catalogue, as_of).with_columns(key_phrases=pl.lit(["from the future"]))
    seen = interactions.filter(pl.col("event_day") <= day)
    clean = user_profiles(seen, items, own, day)
    assert_frame_equal(clean, user_profiles(interactions, catalogue, pl.concat([later, own]), day))
    assert (
        "from the future"
        in user_profiles(interactions, catalogue, pl.concat([later, own]), as_of)["profile"].str.join().item()
    )


def test_the_newest_item_profile_of_the_past_counts(shop, as_of):
    items, interactions = shop
    older = item_profiles(items, as_of - timedelta(days=5)).with_columns(key_phrases=pl.lit(["old words"]))
    newest = item_profiles(items, as_of)
    known_earlier = items["item_id"].is_in(older["item_id"].implode())
    assert known_earlier.sum() > 0
    both = user_profiles(interactions, items, pl.concat([newest, older]), as_of)
    assert_frame_equal(both, user_profiles(interactions, items, newest, as_of))


def test_order_of_the_rows_does_not_matter(shop, profile_users):
    items, interactions = shop
    shuffled = interactions.sample(fraction=1.0, shuffle=True, seed=5)
    assert_frame_equal(profile_users(items, interactions), profile_users(items.reverse(), shuffled))


def test_a_quiet_user_keeps_profile_and_digest(profile_users, mugs_and_lamps, make_interactions, as_of):
    interactions = make_interactions(
        [("u", "mug1", 30, 3.0, None), ("u", "lamp", 20, 1.0, None), ("v", "lamp", 3, 1.0, None)]
    )
    today = profile_users(mugs_and_lamps, interactions)
    items = item_profiles(mugs_and_lamps, as_of)
    later = user_profiles(interactions, mugs_and_lamps, items, as_of + timedelta(days=10))
    same = today["profile"] == later["profile"]
    assert same.to_list() == (today["input_digest"] == later["input_digest"]).to_list() == [True, False]


def test_equal_digests_mean_equal_profiles(shop, as_of):
    items, interactions = shop
    frames = []
    for days in (0, 1, 8):
        day = as_of + timedelta(days=days)
        cheaper = items.with_columns(pl.col("price") * (1 if days else 0.5))
        for catalogue in (items, cheaper):
            frames.append(user_profiles(interactions, catalogue, item_profiles(catalogue, day), day))
    pairs = pl.concat(frames).select("input_digest", "profile").unique()
    assert pairs["input_digest"].n_unique() == pairs.height


@pytest.mark.parametrize(
    "change",
    [
        {"weight": pl.lit(2.0)},
        {"event_id": pl.format("x{}", "event_id")},
        {"event_at": pl.col("event_at") + pl.duration(minutes=1)},
        {"event_day": pl.col("event_day") - pl.duration(days=1)},
        {"item_id": pl.lit("lamp")},
        {"price": pl.lit(3.0)},
        {"user_id": pl.lit("w")},
    ],
)
def test_the_digest_covers_every_input(profile_users, mugs_and_lamps, make_interactions, change):
    interactions = make_interactions([("u", "mug1", 10, 1.0, 12.0)])
    first = profile_users(mugs_and_lamps, interactions)
    second = profile_users(mugs_and_lamps, interactions.with_columns(**change))
    assert first["input_digest"][0] != second["input_digest"][0]


def test_users_of_unknown_items_only(profile_users, mugs_and_lamps, make_interactions):
    rows = [("u", "gone", 3, 1.0, None), ("u", "gone2", 1, 1.0, None), ("z", "mug1", 1, 0.0, None)]
    profiles = profile_users(mugs_and_lamps, make_interactions(rows))
    profile = UserProfile.model_validate_json(profiles["profile"][0])
    assert profiles["user_id"].to_list() == ["u"]  # weight 0 is no interaction
    assert profile.long_term == profile.current == [] and profiles["top_categories"][0].to_list() == []
    assert profile.summary.startswith("2 interactions with items that are not described.")


def test_one_user_with_very_many_events(profile_users, mugs_and_lamps, make_interactions):
    rows = [("u", ("mug1", "mug2", "lamp")[n % 3], n % 300, 1.0, None) for n in range(20_000)]
    profile = UserProfile.model_validate_json(profile_users(mugs_and_lamps, make_interactions(rows))["profile"][0])
    assert all(len(taste.event_ids) == 5 for taste in profile.long_term)


def test_nobody_yet(profile_users, mugs_and_lamps, make_interactions, make_items, as_of):
    profiles = profile_users(mugs_and_lamps, make_interactions([]))
    assert profiles.height == 0 and profiles.schema == pl.Schema(USER_PROFILE_COLUMNS)
    assert profile_users(make_items([]), make_interactions([("u", "x", 1, 1.0, None)])).height == 1


USER_CHANGES = {
    "half_life_days": 2.0,
    "current_days": 30,
    "category_depth": 1,
    "max_tastes": 1,
    "min_phrase_items": 1,
    "max_support_events": 1,
    "half_confidence_events": 10.0,
    "price_tolerance": 0.9,
    "min_attitude_events": 60,
    "novelty_events": 3,
    "max_rhythm_slots": 1,
}


@pytest.mark.parametrize("field", list(UserExtraction.model_fields))
def test_every_setting_changes_profiles_and_digests(shop, profile_users, field):
    changed = profile_users(*shop, ExtractiveConfig(user={field: USER_CHANGES[field]}))
    default = profile_users(*shop)
    assert not changed["profile"].equals(default["profile"])
    assert set(changed["input_digest"]).isdisjoint(default["input_digest"])


MANY = """
import datetime as dt
import polars as pl
from models.profiles.config import UserExtraction
from models.profiles.tastes import user_tastes
ids = pl.Series([f"i{number}" for number in range(60_000)])
labels = pl.DataFrame({"item_id": ids, "kind": pl.repeat(1, len(ids), dtype=pl.UInt8, eager=True)})
labels = labels.with_columns(text=pl.lit("own brand"), label=pl.lit(1, pl.UInt32))
events = pl.DataFrame({"item_id": ids.sample(3_000, seed=1), "event_id": [str(number) for number in range(3_000)]})
events = events.with_columns(
    user_id=pl.format("u{}", pl.int_range(pl.len()) % 500), event_at=pl.lit(dt.datetime(2025, 1, 1)), mass=pl.lit(1.0)
)
found = user_tastes(events, labels, UserExtraction(), "tastes")
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(found.height, int(status["VmHWM"].split()[0]) // 1024)
"""


def test_a_label_that_everything_carries_takes_no_memory():
    """500 users and 60,000 items of one brand: the pairs of both would take gigabytes.

    VmHWM begins with the program; ru_maxrss would begin with the peak of the process that started it.
    """
    done = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, check=True, cwd=ROOT)
    n_users, mebibytes = map(int, done.stdout.split())
    assert n_users == 500 and mebibytes < 600
