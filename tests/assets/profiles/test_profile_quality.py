"""The table of measures on the built shop, and the checks that read it."""

import datetime as dt

import polars as pl
import pytest

from assets.profiles import profile_quality, quality_checks
from models.profiles.quality.config import QualityConfig
from pipelines.definitions import graph_of
from resources.text_encoder import CachedTextEncoder

DAY, EARLIER = dt.date(2025, 9, 20), dt.date(2025, 9, 17)
ALWAYS = {"schema_valid_share", "coverage", "specificity", "language", "length", "length_in_bounds"}
OF_USERS = ALWAYS | {"cited_events_exist", "cited_events_agree"}
WITH_A_PAST = {"stability_idle", "stability_active"}
LATER = {"specificity_later", "usefulness", "usefulness_of_titles", "usefulness_gain"}


@pytest.fixture(scope="module")
def rows(built):
    return built.warehouse.read("SELECT * FROM profile_quality")


def metrics(rows: pl.DataFrame, day: dt.date, kind: str) -> dict[str, dict]:
    of_day = rows.filter((pl.col("as_of_day") == day) & (pl.col("kind") == kind))
    return {row["metric"]: row for row in of_day.iter_rows(named=True)}


def measured(shop, **quality) -> pl.DataFrame:
    shop.configure(profiles={"quality": quality})
    graph = graph_of(shop.project)
    return profile_quality.measure_profiles(graph, shop.warehouse, CachedTextEncoder(name="hashing"), DAY)


def test_every_measure_has_a_row_of_its_day(rows):
    assert set(metrics(rows, DAY, "item")) == ALWAYS
    assert set(metrics(rows, EARLIER, "user")) == OF_USERS
    found = metrics(rows, DAY, "user")
    assert set(found) == OF_USERS | WITH_A_PAST | LATER
    assert {found[name]["profiles_of"] for name in LATER} == {EARLIER}, "the newest day whose test days are complete"
    assert {found[name]["profiles_of"] for name in OF_USERS} == {DAY}


def test_extractive_profiles_are_supported_telling_and_stable(rows):
    found = metrics(rows, DAY, "user")
    for name in ("schema_valid_share", "coverage", "cited_events_exist", "cited_events_agree", "language"):
        assert found[name]["value"] == 1.0
    assert found["specificity"]["ci_low"] > 0.3, "chance is .05"
    assert found["stability_idle"]["value"] > 0.95 > found["stability_active"]["value"]
    assert rows["ci_low"].le(rows["value"]).all() and rows["value"].le(rows["ci_high"]).all()


def test_every_setting_counts(copied):
    full = metrics(measured(copied), DAY, "user")
    assert metrics(measured(copied, n_subjects=10), DAY, "user")["specificity"]["n"] == 10
    few = metrics(measured(copied, n_subjects=500, n_candidates=2), DAY, "user")
    assert few["specificity"]["value"] > full["specificity"]["value"]
    newest = metrics(measured(copied, n_candidates=20, n_recent=1), DAY, "user")
    assert newest["specificity"]["value"] < full["specificity"]["value"]
    short = metrics(measured(copied, n_recent=10, k=1, n_items=1, words=[3, 20]), DAY, "user")
    assert short["usefulness"]["value"] != full["usefulness"]["value"]
    assert short["length_in_bounds"]["value"] < full["length_in_bounds"]["value"] == 1.0


def test_each_backend_and_prompt_is_measured_by_itself(copied):
    copied.sql("UPDATE item_profiles SET prompt_version = 'other' WHERE item_id LIKE '%1'")
    found = measured(copied).filter((pl.col("kind") == "item") & (pl.col("metric") == "coverage"))
    assert set(found["prompt_version"]) == {"extractive-1", "other"} and found["value"].sum() == pytest.approx(1.0)


LIMITS = {
    "cited_events_agree": ("cited_events_agree_with_the_tastes", "min_agreement", 0.9),
    "specificity": ("profiles_pick_out_their_own", "min_specificity", 0.1),
    "stability_idle": ("idle_users_keep_their_profiles", "min_stability", 0.95),
    "language": ("profiles_speak_the_items_language", "min_language", 0.9),
    "length_in_bounds": ("summaries_are_neither_short_nor_long", "min_in_bounds", 0.95),
}


@pytest.mark.parametrize("metric", LIMITS)
def test_a_check_warns_below_its_limit(metric):
    name, setting, limit = LIMITS[metric]
    row = {"kind": "user", "prompt_version": "v", "metric": metric, "n": 9}

    def result(value: float, config: QualityConfig):
        frame = pl.DataFrame([row | {"value": value, "ci_low": value, "ci_high": value}])
        return next(one for one in quality_checks.quality_checks(frame, config) if one.check_name == name)

    low = result(limit - 0.01, QualityConfig())
    assert not low.passed and low.severity.name == "WARN"
    assert result(limit, QualityConfig()).passed
    assert result(limit - 0.01, QualityConfig(**{setting: 0.0})).passed


@pytest.mark.parametrize("metric", ["specificity", "stability_idle"])
def test_what_a_sample_leaves_open_is_no_finding(metric):
    """Only where the whole interval lies below the limit."""
    name, _, limit = LIMITS[metric]
    row = {"kind": "user", "prompt_version": "v", "metric": metric, "n": 9, "value": limit - 0.02, "ci_low": 0.0}
    for ci_high, passes in ((limit - 0.01, False), (limit, True)):
        results = quality_checks.quality_checks(pl.DataFrame([row | {"ci_high": ci_high}]), QualityConfig())
        assert next(one for one in results if one.check_name == name).passed is passes


def test_no_measure_is_no_finding():
    frame = pl.DataFrame(schema=dict.fromkeys(("value", "ci_low", "ci_high", "n"), pl.Float64))
    empty = frame.with_columns(pl.lit("").alias(name) for name in ("kind", "prompt_version", "metric"))
    assert all(result.passed for result in quality_checks.quality_checks(empty, QualityConfig()))
