"""The suites of the pipeline: raw events, profiles, recommendations.

What belongs here: shapes and distributions that a dbt test cannot state or that hold before dbt runs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import polars as pl

from models.events.schema import TEXT_MAP
from models.quality.expectations import (
    Expectation,
    Suite,
    at_least_rows,
    between,
    matches,
    not_null,
    one_of,
    single_value,
    unique,
)

_DIGEST = r"^[0-9a-f]{64}$"
_LARGEST = 1e300  # beyond it only infinities are left


def _pandas_types(dtype: Any) -> list[str]:
    """What a Polars type is called once it is a pandas column; integers with nulls become floats there."""
    if dtype == pl.String:
        return ["StringDtype"]
    if dtype == pl.Boolean:
        return ["bool"]
    if dtype.is_integer():
        return [*(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)), "float64"]
    if dtype.is_float():
        return ["float32", "float64"]
    if dtype.is_temporal():
        return [f"datetime64[{unit}]" for unit in ("ns", "us", "ms", "s")]
    if dtype == TEXT_MAP:
        return ["ndarray", "list"]
    raise ValueError(f"no pandas type is known for {dtype}")


def _of_type(column: str, dtype: Any) -> Expectation:
    return Expectation(
        "expect_column_values_to_be_in_type_list",
        {"column": column, "type_list": _pandas_types(dtype)},
        f"{column} holds {dtype.base_type()}",
    )


def raw_event_columns_suite(columns: Mapping[str, Any]) -> Suite:
    """Which columns raw events have before dbt reads them; true of an empty table too.

    Args:
        columns: Expected columns, no more and no fewer, with their Polars types (a `pl.Schema` does).

    Returns:
        A suite for any rows of `raw_events`.
    """
    return Suite(
        "raw_event_columns",
        ("source_file", "source_line", "event_id"),
        (
            Expectation(
                "expect_table_columns_to_match_set",
                {"column_set": sorted(columns), "exact_match": True},
                "the columns are those of the table, no more and no fewer",
            ),
            *(_of_type(column, dtype) for column, dtype in columns.items()),
        ),
    )


def raw_events_suite(faults: Mapping[str, str], min_user_share: float | None = 0.2) -> Suite:
    """What raw events promise before dbt reads them; true of no days too.

    Args:
        faults: Column of the frame that counts bad rows -> what is asserted of the rows: that it is 0.
        min_user_share: Least share of events that name a user; many shops log anonymous events, few log only those.
            `None`: the source knows no users.

    Returns:
        A suite for a frame with one row per day: `source_day`, `user_share`, `examples` and the faults.
    """
    users = [] if min_user_share is None else [_users(min_user_share)]
    counts = [between(name, 0, 0, meaning) for name, meaning in faults.items()]
    return Suite("raw_events", ("source_day", "examples"), (*users, *counts))


def _users(least: float) -> Expectation:
    return between("user_share", least, None, f"at least {least:.0%} of the rows have user_id")


def _profiles(key: str, min_distinct_share: float) -> tuple[Expectation, ...]:
    """What both tables of profiles promise."""
    return (
        at_least_rows(1),
        single_value("as_of_day"),
        *(not_null(column) for column in (key, "profile", "summary", "input_digest", "prompt_version", "backend")),
        unique(key),
        Expectation(
            "expect_column_values_to_be_json_parseable", {"column": "profile"}, "every profile is well-formed JSON"
        ),
        Expectation(
            "expect_column_value_lengths_to_be_between",
            {"column": "summary", "min_value": 1, "max_value": 2000},
            "summaries have 1 to 2,000 characters",
        ),
        Expectation(
            "expect_column_proportion_of_unique_values_to_be_between",
            {"column": "summary", "min_value": min_distinct_share},
            f"at least {100 * min_distinct_share:.2g}% of the summaries are distinct",
        ),
        matches("input_digest", _DIGEST, "input digests are SHA-256"),
        between("n_tokens_in", 0, None, "token counts are not negative"),
        between("n_tokens_out", 1, None, "every profile says something"),
    )


def item_profiles_suite(min_distinct_share: float = 0.1) -> Suite:
    """What item profiles promise, whichever backend wrote them.

    Args:
        min_distinct_share: Least share of distinct summaries; a backend that collapsed says the same of every item.
            Less for a catalogue whose items share their texts, 0 for one without any.
    """
    return Suite(
        "item_profiles",
        ("item_id",),
        (
            *_profiles("item_id", min_distinct_share),
            not_null("price_band"),
            one_of("price_band", ["unknown", "low", "middle", "high"], "price bands are those of the schema"),
            between("days_available", 0, None, "no profiled item lies in the future"),
        ),
    )


def user_profiles_suite(min_distinct_share: float = 0.1) -> Suite:
    """What user profiles promise, whichever backend wrote them.

    Args:
        min_distinct_share: Least share of distinct summaries, see `item_profiles_suite`.
    """
    return Suite(
        "user_profiles",
        ("user_id",),
        (
            *_profiles("user_id", min_distinct_share),
            between("n_events", 1, None, "every profiled user has an event"),
            one_of(
                "price_attitude",
                ["unknown", "thrifty", "average", "premium"],
                "price attitudes are those of the schema",
            ),
            one_of(
                "novelty_attitude",
                ["unknown", "familiar", "balanced", "adventurous"],
                "novelty attitudes are those of the schema",
            ),
        ),
    )


def recommendations_suite(k: int, sources: Collection[str] | None = None) -> Suite:
    """What recommendations promise before anyone sees them.

    Args:
        k: Longest list; ranks run from 1 to `k`.
        sources: Candidate sources the project has; `None` does not look.

    Returns:
        A suite for one as-of day's `as_of_day, user_id, rank, item_id, score, source` with two columns the caller has
        joined: `is_seen` (the user interacted with the item before) and `is_available` (the item is in the catalogue
        and not withdrawn on that day).
    """
    known_sources = [] if sources is None else [one_of("source", sorted(sources), "every source is configured")]
    columns = ("as_of_day", "user_id", "rank", "item_id", "score", "source", "is_seen", "is_available")
    return Suite(
        "recommendations",
        ("user_id", "rank", "item_id"),
        (
            at_least_rows(1),
            single_value("as_of_day"),
            *(not_null(column) for column in columns),
            between("rank", 1, k, f"ranks run from 1 to {k}"),
            unique("user_id", "rank"),
            unique("user_id", "item_id"),
            one_of("is_seen", [False], "no item is recommended to a user who has interacted with it"),
            one_of("is_available", [True], "every recommended item is in the catalogue and not withdrawn"),
            between("score", -_LARGEST, _LARGEST, "scores are finite"),
            *known_sources,
        ),
    )
