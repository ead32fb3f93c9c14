import polars as pl
import pytest

from models.evaluation.gate import compare_with_release
from models.reports.verdict import release_verdict, verdict


@pytest.mark.parametrize(
    ("difference", "tone", "headline"),
    [
        ((0.01, 0.03), "good", "Better than recent popularity."),
        ((-0.03, -0.01), "bad", "Worse than recent popularity."),
        ((-0.01, 0.03), "unsure", "Not told apart from recent popularity."),
    ],
)
def test_the_interval_of_the_difference_decides(metric_rows, difference, tone, headline):
    found = verdict(metric_rows(difference), "recent_popularity", 10, None)
    assert (found.tone, found.headline) == (tone, headline)


def test_it_says_what_it_rests_on(metric_rows):
    details = verdict(metric_rows((-0.01, 0.03)), "recent_popularity", 10, None).details
    assert details == [
        "NDCG@10 is 0.1400 against 0.0700 (+100.0\u202f%). The difference lies between −0.0100 and +0.0300 "
        "(95\u202f% interval, 30 users).",
        "Were the two alike, a gap this wide would turn up with p = 0.004.",
    ]


@pytest.mark.parametrize(
    ("p_value", "n_resamples", "words"),
    [
        (1 / 1001, 1000, "p ≤ 0.001."),
        (2 / 1001, 1000, "p = 0.002."),
        (1 / 101, 100, "p ≤ 0.0099."),
        (1.0, 1000, "p = 1."),
    ],
)
def test_where_no_flip_reached_the_gap_only_a_bound_is_known(metrics, p_value, n_resamples, words):
    is_chance = pl.col("metric").str.starts_with("p_value")
    rows = metrics.with_columns(pl.when(is_chance).then(p_value).otherwise("value").alias("value"))
    assert verdict(rows, "recent_popularity", 10, None, n_resamples).details[-1].endswith(words)


def test_a_fall_below_the_release_outweighs_the_baseline(metrics, metric_rows):
    then = metric_rows(ndcg={"recommendations": 0.3, "sasrec": 0.1})
    failures = compare_with_release(metrics, then)
    found = verdict(metrics, "recent_popularity", 10, failures)
    assert found.tone == "bad"
    assert found.headline == "Held back: it fell below the last release."
    assert "recommendations: NDCG@10 was 0.3000 and is 0.1400; it may fall by 5\u202f%." in found.details


def test_a_vanished_model_is_said_to_be_missing(metrics, metric_rows):
    now = metrics.filter(pl.col("model") != "recommendations")
    found = verdict(now, "recent_popularity", 10, compare_with_release(now, metrics))
    assert "recommendations: NDCG@10 was 0.1400 and is missing now." in found.details


def test_without_the_baseline_nothing_is_claimed(metrics):
    assert verdict(metrics, "random", 10, metrics.clear()).tone == "unsure"


def test_a_baseline_of_zero_has_no_relative_gain(metric_rows):
    metrics = metric_rows(ndcg={"recommendations": 0.1, "recent_popularity": 0.0})
    assert "(+" not in verdict(metrics, "recent_popularity", 10, None).details[0]


RELEASES = {"metric": "ndcg", "k": 10, "value": 0.2, "value_against": 0.1, "n_users": 1234}


@pytest.mark.parametrize(
    ("low", "high", "tone", "headline"),
    [
        (0.01, 0.2, "good", "B is better than A."),
        (-0.2, -0.01, "bad", "B is worse than A."),
        (-0.1, 0.2, "unsure", "B is not told apart from A."),
        (0.0, 0.2, "unsure", "B is not told apart from A."),
    ],
)
def test_the_interval_decides_between_releases(low, high, tone, headline):
    found = release_verdict(pl.DataFrame([{**RELEASES, "ci_low": low, "ci_high": high}]), 10, 2)
    assert (found.tone, found.headline) == (tone, headline)


def test_what_the_verdict_on_releases_rests_on():
    rows = pl.DataFrame([{**RELEASES, "ci_low": -0.1, "ci_high": 0.2}])
    assert release_verdict(rows, 10, 2).details == [
        "NDCG@10 is 0.2000 against 0.1000. The difference lies between −0.1000 and +0.2000 (95\u202f% interval, "
        "1,234 users with lists of both, 2 days)."
    ]
    assert "1 day)" in release_verdict(rows, 10, 1).details[0]
    assert release_verdict(None, 10).headline == release_verdict(rows, 5).headline == "Not to be told yet."
