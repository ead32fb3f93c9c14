from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from models.reports.standing import standing_section, standing_table, standing_words


@pytest.fixture
def released(metric_rows) -> pl.DataFrame:
    """What the last release recorded, with days as text, as a row of JSON has them."""
    rows = metric_rows(ndcg={"recommendations": 0.13, "recent_popularity": 0.09})
    return rows.with_columns(as_of_day=pl.lit("2026-03-24"), scored_through=pl.lit("2026-03-31"))


def test_the_final_lists_stand_beside_the_baseline_and_the_last_release(report, released):
    table = standing_table(replace(report, last_release=released))
    assert table.heads == ["now", "recent popularity", "difference", "last release"]
    ndcg, recall = table.rows
    assert ndcg.head == "NDCG@10"
    assert [cell.text for cell in ndcg.cells] == ["0.1400", "0.0700", "+0.0700", "0.1300"]
    assert [cell.interval for cell in ndcg.cells] == [
        "0.1300 – 0.1500",
        "0.0600 – 0.0800",
        "+0.0600 – +0.0800",
        "0.1200 – 0.1400",
    ]
    assert [cell.best for cell in ndcg.cells] == [False, False, True, False]
    assert [cell.text for cell in recall.cells] == ["0.2800", "0.1400", "–", "0.2600"]


def test_a_difference_that_chance_allows_is_not_bold(report):
    unsure = replace(report, comparisons=report.comparisons.with_columns(p_adjusted=pl.lit(0.06)))
    assert not standing_table(unsure).rows[0].cells[2].best


def test_without_a_release_its_column_is_left_out(report):
    assert standing_table(report).heads == ["now", "recent popularity", "difference"]
    assert standing_words(report) == ["There is no earlier release to stand beside."]


def test_it_says_on_which_days_the_release_was_scored(report, released):
    (words,) = standing_words(replace(report, last_release=released))
    assert "as of 2026-03-24, scored through 2026-03-31" in words
    days = released.with_columns(as_of_day=pl.lit(date(2026, 3, 24)), scored_through=pl.lit(date(2026, 3, 31)))
    assert standing_words(replace(report, last_release=days)) == [words]


def test_a_release_of_another_k_is_none(report, released):
    assert standing_table(replace(report, last_release=released.filter(pl.col("k") == 5))).heads[-1] == "difference"


def test_without_final_lists_there_is_no_section(report):
    others = report.metrics.filter(pl.col("model") != "recommendations")
    assert standing_section(replace(report, metrics=others)) is None
