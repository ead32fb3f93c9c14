"""The table of policy values: always the same rows, each with a value or a reason."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from models.evaluation.off_policy.earlier_lists import LISTS
from models.evaluation.off_policy.exposures import GIVEN_ABOVE
from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.policy_values import ESTIMATORS, PER_IMPRESSION, SCHEMA, value_policies
from models.evaluation.off_policy.whole_lists import NOT_GIVEN_ABOVE

DAY = dt.date(2025, 3, 5)
NO_LISTS = LISTS.to_frame()


def make_log(n: int = 2000, **changed) -> pl.DataFrame:
    """One position, two items: `a` is shown to three in four and clicked by 1 in 10, `b` by 3 in 10."""
    number = np.arange(n)
    shows_b = number % 4 == 0
    given = {
        "event_day": [DAY] * n,
        "user_id": [f"u{user}" for user in number],
        "item_id": np.where(shows_b, "b", "a"),
        "impression_id": ["list"] * n,
        "position": [1] * n,
        "propensity": np.where(shows_b, 0.25, 0.75),
        "is_clicked": np.where(shows_b, number // 4 % 10 < 3, number // 4 % 10 < 1),
    }
    return pl.DataFrame({**given, **changed}, schema_overrides={"impression_id": pl.Utf8, "propensity": pl.Float64})


def lists_of(item: str, n: int = 2000) -> pl.DataFrame:
    users = [f"u{user}" for user in range(n)]
    rows = {"as_of_day": [DAY - dt.timedelta(days=1)] * n, "user_id": users, "rank": [1] * n, "item_id": [item] * n}
    return pl.DataFrame(rows, schema=NO_LISTS.schema)


def value(frame: pl.DataFrame, policy: str, estimator: str) -> dict:
    return frame.row(by_predicate=(pl.col("policy") == policy) & (pl.col("estimator") == estimator), named=True)


@pytest.mark.parametrize("given_list_above", [True, False])
@pytest.mark.parametrize("item, truth", [("a", 0.1), ("b", 0.3)])
def test_every_estimator_finds_the_values(item, truth, given_list_above):
    """Lists have one position, so that the estimators of lists agree with the others."""
    found = value_policies(make_log(), lists_of(item), Limits(), given_list_above)
    assert found.schema == SCHEMA and found.height == 15
    assert value(found, "logged", "mean")["value"] == pytest.approx(0.15)
    other, reason = ("position_based", GIVEN_ABOVE) if given_list_above else ("slate_ips", NOT_GIVEN_ABOVE)
    for name in set(ESTIMATORS) - {other}:
        assert value(found, "uniform", name)["value"] == pytest.approx(0.2, abs=0.005)
        row = value(found, "recommendations", name)
        assert row["value"] == pytest.approx(truth, abs=0.005)
        assert row["ci_low"] < truth < row["ci_high"]
        assert (row["n_impressions"], row["n_clicks"]) == (2000, 300)
        assert row["zero_weight_share"] == pytest.approx(0.25 if item == "a" else 0.75)
    refused = found.filter(pl.col("refused_because").is_not_null())
    assert refused["estimator"].to_list() == [other] * 2 and set(refused["refused_because"]) == {reason}
    assert refused["value"].null_count() == 2 and refused["n_impressions"].to_list() == [0, 0]


def test_without_propensities_each_row_says_so():
    found = value_policies(make_log(propensity=None), lists_of("a"), Limits())
    assert value(found, "logged", "mean")["value"] == pytest.approx(0.15)
    reasons = found.filter(pl.col("policy") != "logged")["refused_because"].unique().to_list()
    assert reasons == ["none of 2000 impressions has a propensity; map it in `events.columns`"]
    assert found.height == 15


def test_without_impressions_or_lists_each_row_says_so():
    empty = value_policies(make_log().clear(), lists_of("a"), Limits())
    assert empty["refused_because"].unique().to_list() == ["there are no impressions"] and empty.height == 15
    found = value_policies(make_log(), NO_LISTS, Limits())
    reason = value(found, "recommendations", "ips")["refused_because"]
    assert reason == "no list was made for these users before the days of the impressions"
    assert value(found, "uniform", "ips")["value"] is not None


def test_impressions_without_a_propensity_are_left_out():
    log = make_log()
    some = log.with_columns(
        pl.when(pl.col("user_id").str.ends_with("7")).then(None).otherwise("propensity").alias("propensity")
    )
    found = value_policies(some, lists_of("a"), Limits())
    assert value(found, "logged", "mean")["n_impressions"] == value(found, "uniform", "ips")["n_impressions"] == 1800


@pytest.mark.parametrize("bad", [0.0, float("nan"), 1.5])
def test_a_propensity_that_is_none_refuses_all_but_what_happened(bad):
    for given_list_above, name in ((True, "slate_ips"), (False, "position_based")):
        log = make_log(propensity=[bad] + [0.5] * 1999)
        found = value_policies(log, lists_of("a"), Limits(), given_list_above)
        assert value(found, "logged", "mean")["value"] is not None
        asked = found.filter((pl.col("policy") != "logged") & pl.col("estimator").is_in([*PER_IMPRESSION, name]))
        assert set(asked["refused_because"]) == {"1 of 2000 propensities are missing or not in (0, 1]"}


def test_items_that_were_never_shown_are_refused():
    for given_list_above, name in ((True, "slate_ips"), (False, "position_based")):
        found = value_policies(make_log(), lists_of("new"), Limits(), given_list_above)
        asked = found.filter(pl.col("policy") == "recommendations", pl.col("estimator").is_in([*PER_IMPRESSION, name]))
        reason = "100% of the policy's choices could never be logged where they are made, more than 5%"
        assert set(asked["refused_because"]) == {reason}


@pytest.mark.parametrize("given_list_above", [True, False])
def test_rows_in_another_order_give_the_same_values(given_list_above):
    found = value_policies(make_log(), lists_of("a"), Limits(), given_list_above)
    again = value_policies(make_log().reverse(), lists_of("a").reverse(), Limits(), given_list_above)
    numbers = [name for name, kind in SCHEMA.items() if kind == pl.Float64]
    assert np.allclose(found.select(numbers).to_numpy(), again.select(numbers).to_numpy(), equal_nan=True)
