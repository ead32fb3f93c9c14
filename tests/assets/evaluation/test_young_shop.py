"""Before the first as-of day has all its test days there is nothing to score, and a release all the same."""

import datetime as dt

import polars as pl
import pytest

from assets.evaluation.checks import check_baseline, check_gate, last_released_metrics
from assets.evaluation.evaluation_report import page_without_metrics, share_of_oracle
from assets.evaluation.examples import example_users
from assets.evaluation.metrics import complete, empty, picture
from assets.evaluation.scoring import as_of_days_to_score
from models.reports.report import EvaluationReport
from resources.warehouse import Warehouse

D = [dt.date(2025, 3, day) for day in range(1, 32)]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    return Warehouse(catalog_path=str(folder / "catalog.sqlite"), data_path=str(folder / "data"))


def test_nothing_is_compared(warehouse):
    assert check_gate(empty(), None, {"ndcg": 0.1}).passed
    assert check_baseline(empty()).passed
    assert last_released_metrics(warehouse) is None
    assert share_of_oracle(empty(), 10) is None
    assert example_users(None, warehouse, empty()) == []
    assert "note" in picture(empty(), 10)


def test_the_page_says_so_and_escapes_names():
    page = page_without_metrics(EvaluationReport(empty(), project="<b>", funnel=[("lines <read>", 1234)]), D[0])
    assert page.startswith("<!doctype html>")
    assert "Nothing to score yet" in page and "1,234" in page and "2025-03-01" in page
    assert "<b>" not in page and "lines &lt;read&gt;" in page


def test_only_the_newest_full_window_is_complete():
    frame = pl.DataFrame({"as_of_day": [D[0], D[1], D[2]], "n_test_days": [7, 7, 6]})
    assert complete(frame, 7)["as_of_day"].to_list() == [D[1]]
    assert complete(frame, 8).is_empty()


def test_days_to_score_are_the_open_windows_and_the_newest_full_one(warehouse):
    assert as_of_days_to_score(warehouse, D[20], 7) == []
    warehouse.ensure_table("recommendations", {"as_of_day": ("DATE", "day")}, "lists")
    with warehouse.connect() as connection:
        for day in (D[2], D[9], D[12], D[14], D[19], D[20], D[25]):
            connection.execute("INSERT INTO recommendations VALUES (?)", [day])
    # At the end of the 21st: the 13th is the newest with 7 days gone by; the 15th and 20th are still open.
    assert as_of_days_to_score(warehouse, D[20], 7) == [D[12], D[14], D[19]]
    assert as_of_days_to_score(warehouse, D[5], 7) == [D[2]]
    assert as_of_days_to_score(warehouse, D[1], 7) == []
