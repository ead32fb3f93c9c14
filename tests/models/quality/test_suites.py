"""Every expectation of every suite: it holds on good rows, and one planted fault makes exactly it fail."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from models.quality.expectations import Suite
from models.quality.run import run_suite
from models.quality.suites import (
    item_profiles_suite,
    raw_event_columns_suite,
    raw_events_suite,
    recommendations_suite,
    user_profiles_suite,
)

COLUMNS = "the columns are those of the table, no more and no fewer"


def plant(frame: pl.DataFrame, column: str, value: object, row: int = 1) -> pl.DataFrame:
    """`frame` with another value in one row."""
    planted = pl.lit(value, dtype=frame.schema[column])
    return frame.with_columns(pl.when(pl.int_range(pl.len()) == row).then(planted).otherwise(column).alias(column))


def broken(frame: pl.DataFrame, suite: Suite, meaning: str) -> str | None:
    """Rows the one expectation of that meaning names, or None where it holds; alone, as a whole suite takes 0.2 s."""
    (expectation,) = [each for each in suite.expectations if each.meaning == meaning]
    result = run_suite(frame, replace(suite, expectations=(expectation,)))
    return None if result.success else " ".join(result.failed[0]["examples"])


def test_good_frames_pass(raw_events, item_profiles, user_profiles, recommendations):
    pairs = [
        (raw_events, raw_event_columns_suite(raw_events.schema)),
        (item_profiles, item_profiles_suite()),
        (user_profiles, user_profiles_suite()),
        (recommendations, recommendations_suite(3, ["ease", "sasrec"])),
    ]
    for frame, suite in pairs:
        result = run_suite(frame, suite)
        assert result.success and result.failed == [] and len(result.rows) == len(suite.expectations)


def test_an_empty_day_of_events_passes(raw_events):
    assert run_suite(raw_events.clear(), raw_event_columns_suite(raw_events.schema)).success


def test_a_count_of_bad_rows_fails_and_names_the_day_and_the_lines():
    days = pl.DataFrame(
        {"source_day": [date(2026, 3, 1), date(2026, 3, 2)], "user_share": [0.2, 1.0], "bad": [0, 7]}
    ).with_columns(examples=pl.lit("a.jsonl, line 2"))
    suite = raw_events_suite({"bad": "no row is bad"})
    assert "source_day=2026-03-02, examples=a.jsonl, line 2, bad=7" in broken(days, suite, "no row is bad")
    assert run_suite(days.with_columns(bad=0), suite).success
    few = days.with_columns(bad=0, user_share=pl.Series([0.19, 1.0]))
    assert "source_day=2026-03-01" in broken(few, suite, "at least 20% of the rows have user_id")
    for least in (0.1, None):
        assert run_suite(few, raw_events_suite({"bad": "no row is bad"}, min_user_share=least)).success


def test_raw_events_columns(raw_events):
    events_suite = raw_event_columns_suite(raw_events.schema)
    assert broken(raw_events.with_columns(extra=1), events_suite, COLUMNS) is not None
    result = run_suite(raw_events.drop("query"), events_suite)
    observed = {row["meaning"]: row["observed"] for row in result.failed}
    assert observed[COLUMNS] == "missing: query"
    assert observed["query holds String"] == "cannot be computed: there is no column query"


@pytest.mark.parametrize("column", ["user_id", "event_type", "propensity", "position", "source_line", "event_at"])
def test_raw_events_types(raw_events, column):
    other = pl.Boolean if column != "event_type" else pl.Categorical
    wrong = raw_events.with_columns(pl.lit(True).alias(column) if other == pl.Boolean else pl.lit(3).alias(column))
    failed = [row["meaning"] for row in run_suite(wrong, raw_event_columns_suite(raw_events.schema)).failed]
    assert any(meaning.startswith(f"{column} holds") for meaning in failed)


def test_types_without_a_pandas_name_are_refused():
    with pytest.raises(ValueError, match="no pandas type"):
        raw_event_columns_suite({"tags": pl.List(pl.String)})
    assert raw_event_columns_suite({"flag": pl.Boolean()}).expectations


@pytest.mark.parametrize(
    ("column", "value", "meaning"),
    [
        ("item_id", None, "every row has item_id"),
        ("profile", None, "every row has profile"),
        ("summary", None, "every row has summary"),
        ("input_digest", None, "every row has input_digest"),
        ("prompt_version", None, "every row has prompt_version"),
        ("backend", None, "every row has backend"),
        ("price_band", None, "every row has price_band"),
        ("as_of_day", date(2026, 3, 2), "all rows have the same as_of_day"),
        ("item_id", "i0", "item_id is unique"),
        ("profile", "{", "every profile is well-formed JSON"),
        ("summary", "", "summaries have 1 to 2,000 characters"),
        ("input_digest", "abc", "input digests are SHA-256"),
        ("n_tokens_in", -1, "token counts are not negative"),
        ("n_tokens_out", 0, "every profile says something"),
        ("price_band", "cheap", "price bands are those of the schema"),
        ("days_available", -1, "no profiled item lies in the future"),
    ],
)
def test_item_profiles_value(item_profiles, column, value, meaning):
    named = broken(plant(item_profiles, column, value), item_profiles_suite(), meaning)
    assert named is not None
    assert column == "as_of_day" or f"{column}=" in named


def test_item_profiles_that_all_say_the_same(item_profiles):
    same = item_profiles.with_columns(summary=pl.lit("An item."))
    half = item_profiles_suite(min_distinct_share=0.5)
    assert broken(same, half, "at least 50% of the summaries are distinct") is not None
    assert run_suite(same, item_profiles_suite(min_distinct_share=0)).success


@pytest.mark.parametrize(
    ("column", "value", "meaning"),
    [
        ("user_id", None, "every row has user_id"),
        ("user_id", "i0", "user_id is unique"),
        ("n_events", 0, "every profiled user has an event"),
        ("price_attitude", "greedy", "price attitudes are those of the schema"),
        ("novelty_attitude", "bold", "novelty attitudes are those of the schema"),
    ],
)
def test_user_profiles_value(user_profiles, column, value, meaning):
    assert f"{column}=" in broken(plant(user_profiles, column, value), user_profiles_suite(), meaning)


@pytest.mark.parametrize(
    ("column", "value", "meaning", "example"),
    [
        *(
            (name, None, f"every row has {name}", "rank=")
            for name in ("as_of_day", "score", "source", "is_seen", "is_available")
        ),
        ("user_id", None, "every row has user_id", "user_id=None, rank=2"),
        ("rank", None, "every row has rank", "user_id=u1, rank=None, item_id=b"),
        ("item_id", None, "every row has item_id", "user_id=u1, rank=2"),
        ("score", float("nan"), "every row has score", "user_id=u1, rank=2"),
        ("score", float("inf"), "scores are finite", "score=inf"),
        ("as_of_day", date(2026, 2, 1), "all rows have the same as_of_day", None),
        ("rank", 4, "ranks run from 1 to 3", "rank=4"),
        ("rank", 0, "ranks run from 1 to 3", "rank=0"),
        ("rank", 1, "(user_id, rank) is unique", "user_id=u1, rank=1, item_id=b"),
        ("item_id", "a", "(user_id, item_id) is unique", "user_id=u1, rank=2, item_id=a"),
        (
            "is_seen",
            True,
            "no item is recommended to a user who has interacted with it",
            "user_id=u1, rank=2, item_id=b",
        ),
        ("is_available", False, "every recommended item is in the catalogue and not withdrawn", "item_id=b"),
        ("source", "magic", "every source is configured", "source=magic"),
    ],
)
def test_recommendations_value(recommendations, column, value, meaning, example):
    suite = recommendations_suite(3, ["ease", "sasrec"])
    named = broken(plant(recommendations, column, value), suite, meaning)
    assert named is not None
    assert example is None or example in named


@pytest.mark.parametrize("name", ["recommendations", "item_profiles", "user_profiles"])
def test_empty_tables_fail(name, request):
    suites = {
        "recommendations": recommendations_suite(3),
        "item_profiles": item_profiles_suite(),
        "user_profiles": user_profiles_suite(),
    }
    result = run_suite(request.getfixturevalue(name).clear(), suites[name])
    assert "there is at least 1 row" in [row["meaning"] for row in result.failed]


def test_sources_are_looked_at_only_where_they_are_given(recommendations):
    assert run_suite(plant(recommendations, "source", "magic"), recommendations_suite(3)).success
