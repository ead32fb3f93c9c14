"""A user's row with a model's words: what is the model's, what stays the rules', and what the next day makes of it."""

from datetime import timedelta

import polars as pl
import pytest

from models.profiles.audit import audit_profiles
from models.profiles.config import UserExtraction
from models.profiles.item_profiles import item_profiles
from models.profiles.schema import Asked, UserProfile
from models.profiles.shown_users import Proposition
from models.profiles.user_events import weighed_events
from models.profiles.user_profiles import user_profiles
from models.profiles.written_users import WrittenUser, from_standing, standing_of, with_words

RULES = UserExtraction()


@pytest.fixture
def made(make_items, make_interactions, as_of):
    """Makes the row of one user with some words, and its extractive row."""
    items = make_items([{"item_id": name, "title": name, "category": "Home"} for name in ("mug", "lamp", "rug")])
    rows = [("u", "mug", 60, 1.0, None), ("u", "lamp", 30, 1.0, None), ("u", "mug", 0, 1.0, None)]
    interactions = make_interactions([*rows, ("u", "rug", 0, 1.0, None)])

    def make(*propositions, day=as_of, back=(), asked_on=None, words=None):
        bare = user_profiles(interactions, items, item_profiles(items, day), day).row(0, named=True)
        events = weighed_events(interactions, day, RULES).with_columns(given_back=pl.col("event_id").is_in(back))
        asked = Asked(model="m", built_with="v", built_on=asked_on or day, asked_on=asked_on or day)
        words = words or WrittenUser("Likes mugs.", propositions, asked, "openai", "user_short.v1-0", 70, 9)
        return with_words([bare], {"u": words}, events, RULES)[0], bare

    return make


def profile_of(row) -> UserProfile:
    return UserProfile.model_validate_json(row["profile"])


MUGS, LAMPS = Proposition("taste", "hot drinks", ("e0",)), Proposition("taste", "warm light", ("e1",))


class TestARow:
    def test_words_are_the_models_and_facts_the_rules(self, made):
        row, bare = made(LAMPS, MUGS, Proposition("dislike", "soft floors", ("e3",)))
        profile, facts = profile_of(row), profile_of(bare)
        assert row["summary"] == profile.summary == "Likes mugs."
        rules = [taste for taste in profile.long_term if taste.kind != "topic"]
        assert rules == facts.long_term and profile.rhythm == facts.rhythm
        topics = [taste for taste in profile.long_term if taste.kind == "topic"]
        assert [(one.text, one.event_ids) for one in topics] == [("hot drinks", ["e2"]), ("warm light", ["e1"])]
        assert [one.text for one in profile.current if one.kind == "topic"] == ["hot drinks"]
        assert [(one.text, one.event_ids) for one in profile.dislikes] == [("soft floors", ["e3"])]
        kept = ("user_id", "n_events", "top_categories", "price_attitude", "novelty_attitude", "as_of_day")
        assert all(row[name] == bare[name] for name in kept)
        assert (row["backend"], row["prompt_version"]) == ("openai", "user_short.v1-0")
        assert (row["n_tokens_in"], row["n_tokens_out"]) == (70, 9)
        assert not audit_profiles(pl.DataFrame([row]), ["u"]).invalid

    def test_more_against_than_for_is_left_out_and_as_much_is_not(self, made):
        one, two = Proposition("taste", "light", ("e1",), ("e3",)), Proposition("taste", "dim", ("e1",), ("e3", "e0"))
        topics = [taste for taste in profile_of(made(one, two)[0]).long_term if taste.kind == "topic"]
        assert [(taste.text, taste.against_event_ids) for taste in topics] == [("light", ["e3"])]

    def test_what_is_gone_or_was_given_back_supports_nothing(self, made):
        row, _ = made(LAMPS, Proposition("taste", "air", ("e9",)), back=("e1",))
        assert all(taste.kind != "topic" for taste in profile_of(row).long_term)

    def test_the_digest_follows_words_facts_and_prompt(self, made):
        base = made(MUGS)[0]["input_digest"]
        assert made(MUGS)[0]["input_digest"] == base
        assert made(LAMPS)[0]["input_digest"] != base
        assert made(MUGS, back=("e1",))[0]["input_digest"] != base

    def test_rows_of_others_stay(self, made):
        _, bare = made(MUGS)
        events = pl.DataFrame(schema={"user_id": pl.String}).with_columns(
            **{name: pl.lit(None, pl.String) for name in ("item_id", "event_id")},
            **{name: pl.lit(None, pl.Float64) for name in ("mass", "weight")},
            **{name: pl.lit(None, pl.Boolean) for name in ("is_current", "given_back")},
            event_at=pl.lit(None, pl.Datetime),
        )
        assert with_words([bare], {}, events, RULES) == [bare]


class TestTheNextDay:
    def test_words_that_stand_have_their_support_counted_anew(self, made, as_of):
        before = as_of - timedelta(days=1)
        row, _ = made(MUGS, LAMPS, day=before)
        assert [one.text for one in profile_of(row).long_term if one.kind == "topic"] == ["warm light", "hot drinks"]
        standing = standing_of(row)
        assert standing.asked.asked_on == before and standing.propositions == (LAMPS, MUGS)
        today, _ = made(words=from_standing(standing))
        profile = profile_of(today)
        assert profile.asked.asked_on == before and today["summary"] == row["summary"]
        topics = {one.text: one for one in profile.long_term if one.kind == "topic"}
        assert topics["hot drinks"].event_ids == ["e2"] and topics["hot drinks"].confidence == 0.4
        assert (today["n_tokens_in"], today["n_tokens_out"]) == (0, 9)

    def test_rules_leave_nothing_that_stands(self, made):
        assert standing_of(made(MUGS)[1]) is None
