"""Strength and confidence of what a model said: by hand, and against a loop over random histories."""

import random

import polars as pl
import pytest

from models.profiles.config import UserExtraction
from models.profiles.supported_words import CITED, support_of
from models.profiles.user_events import weighed_events

RULES = UserExtraction(half_life_days=30, current_days=7, half_confidence_events=3)


def weighed(interactions: pl.DataFrame, as_of, back: tuple[str, ...] = ()) -> pl.DataFrame:
    return weighed_events(interactions, as_of, RULES).with_columns(given_back=pl.col("event_id").is_in(back))


def cited(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame(list(rows), CITED, orient="row")


class TestByHand:
    @pytest.fixture
    def events(self, make_interactions, as_of):
        """Masses 1/4, 1/2, 1 and 1, and an item that went back."""
        rows = [("u", "mug", 60, 1.0, None), ("u", "lamp", 30, 1.0, None), ("u", "mug", 0, 1.0, None)]
        rows += [("u", "rug", 0, 1.0, None), ("u", "vase", 0, 1.0, None)]
        return weighed(make_interactions(rows), as_of, back=("e4",))

    def test_a_cited_event_stands_for_its_item(self, events):
        (row,) = support_of(cited(("u", 0, False, True, "e0")), events, RULES).rows(named=True)
        assert (row["strength"], row["confidence"], row["n"]) == (round(1.25 / 2.75, 3), 0.4, 2)
        assert row["event_ids"] == ["e2"], "of each item the newest"
        assert (row["current_strength"], row["current_confidence"]) == (0.5, 0.25)

    def test_what_is_over_is_no_current_interest(self, events):
        (row,) = support_of(cited(("u", 0, False, True, "e1")), events, RULES).rows(named=True)
        assert row["current_event_ids"] == [] and row["current_strength"] == 0 and row["strength"] > 0

    def test_what_speaks_against_lowers_confidence_and_not_strength(self, events):
        both = cited(("u", 0, False, True, "e0"), ("u", 0, True, False, "e3"), ("u", 0, True, False, "e4"))
        (row,) = support_of(both, events, RULES).rows(named=True)
        assert (row["strength"], row["confidence"]) == (round(1.25 / 2.75, 3), round(2 / 7, 3))
        assert (row["n_against"], row["against_event_ids"]) == (2, ["e4", "e3"])

    def test_what_was_given_back_counts_only_where_it_may(self, events):
        rows = cited(("u", 0, False, True, "e4"), ("u", 1, False, False, "e4"), ("u", 2, False, True, "e9"))
        (row,) = support_of(rows, events, RULES).rows(named=True)
        assert (row["place"], row["strength"]) == (1, round(1 / 2.75, 3))

    def test_what_was_given_back_in_part_counts_once_as_it_was(self, events):
        part = events.filter(pl.col("event_id") == "e3").with_columns(given_back=pl.lit(True), mass=pl.lit(0.5))
        (row,) = support_of(cited(("u", 0, False, False, "e3")), pl.concat([events, part]), RULES).rows(named=True)
        assert (row["n"], row["event_ids"], row["strength"]) == (1, ["e3"], round(0.5 / 2.75, 3))

    def test_another_users_event_supports_nothing(self, events):
        assert support_of(cited(("v", 0, False, True, "e0")), events, RULES).is_empty()
        assert support_of(cited(), events, RULES).is_empty()

    def test_one_who_gave_everything_back(self, make_interactions, as_of):
        events = weighed(make_interactions([("u", "mug", 0, 1.0, None)]), as_of, back=("e0",))
        (row,) = support_of(cited(("u", 0, False, False, "e0")), events, RULES).rows(named=True)
        assert row["strength"] == 1.0


def test_random_histories_agree_with_a_loop(shop, as_of):
    events = weighed(shop[1], as_of)
    rng = random.Random(5)
    rows = events.rows(named=True)
    chosen = [(row, rng.randrange(3), rng.random() < 0.3) for row in rng.sample(rows, 120)]
    table = cited(*{(row["user_id"], place, against, True, row["event_id"]) for row, place, against in chosen})
    found = {(row["user_id"], row["place"]): row for row in support_of(table, events, RULES).rows(named=True)}
    expected = 0
    for user, place in {(row["user_id"], place) for row, place, _ in chosen}:
        mine = [row for row in rows if row["user_id"] == user]
        items = {row["item_id"] for row, p, against in chosen if (row["user_id"], p, against) == (user, place, False)}
        contra = {row["item_id"] for row, p, against in chosen if (row["user_id"], p, against) == (user, place, True)}
        n, m = (sum(row["item_id"] in them for row in mine) for them in (items, contra))
        if not n:
            assert (user, place) not in found
            continue
        expected += 1
        row = found[user, place]
        mass = sum(one["mass"] for one in mine if one["item_id"] in items)
        now = [one for one in mine if one["is_current"]]
        weight = sum(one["weight"] for one in now if one["item_id"] in items)
        assert row["strength"] == pytest.approx(mass / sum(one["mass"] for one in mine), abs=6e-4)
        assert row["confidence"] == pytest.approx(n / (n + m + 3), abs=6e-4)
        if now:
            assert row["current_strength"] == pytest.approx(weight / sum(one["weight"] for one in now), abs=6e-4)
        newest = {one["item_id"]: one["event_id"] for one in mine if one["item_id"] in items}
        order = {one["event_id"]: (one["event_at"], one["event_id"]) for one in mine}
        assert row["event_ids"] == sorted(newest.values(), key=order.__getitem__, reverse=True)
    assert len(found) == expected > 20
