import polars as pl
import pytest

from models.evaluation.score_metrics import GroupedAuc
from models.reports.point_charts import Point, share_figure
from models.reports.score_section import score_section


def test_it_says_what_was_taken_and_claims_no_calibration(rates):
    section = score_section(rates, GroupedAuc(0.625, 21, 9))
    assert "no probabilities" in section.words[0] and "no calibration error" in section.words[0]
    assert section.words[1:] == [
        "Of 500 listed items 55 were taken (11.0\u202f%).",
        "Within a list, a taken item scored above one that was not in 62.5\u202f% of the pairs "
        "(21 users; 50.0\u202f% is chance).",
    ]
    assert [picture.label for picture in section.pictures] == ["Taken, by place in the list", "Taken, by score"]
    assert "listed items in 4 groups, lowest scores first" in section.pictures[1].svg


def test_without_anything_listed_there_is_no_section(rates):
    assert score_section(None, None) is None
    assert score_section(rates.clear(), None) is None


def test_one_score_for_all_is_no_plot_and_no_order_no_sentence(rates):
    same = rates.filter((pl.col("by") == "rank") | (pl.col("bin") == 1))
    section = score_section(same, GroupedAuc(float("nan"), 0, 30))
    assert [picture.label for picture in section.pictures] == ["Taken, by place in the list"]
    assert len(section.words) == 2


def test_points_and_whiskers_are_where_the_shares_are():
    axes = share_figure([Point(1, 0.2, 0.1, 0.4), Point(2, 0.1, 0.1, 0.1)], "Taken", "place", line=0.15).axes[0]
    overall, points = axes.lines[0], axes.lines[1]
    assert list(overall.get_ydata()) == [0.15, 0.15]
    assert list(points.get_ydata()) == [0.2, 0.1]
    assert axes.collections[0].get_segments()[0][:, 1] == pytest.approx([0.1, 0.4])
    assert axes.get_ylim()[0] == 0
