from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import polars as pl
import pytest

from models.reports.release_page import ReleaseComparison, Side, comparison_page
from models.reports.report import ExampleItem, ExampleUser

METRIC = {"metric": "ndcg", "k": 10}
DIFFERENCE = {"difference": 0.05, "ci_low": 0.01, "ci_high": 0.09, "p_value": 0.01, "p_adjusted": 0.01}


class Text(HTMLParser):
    """What a reader sees, and the tags that were used."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: set[str] = set()
        self.parts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.parts.append(data.strip())

    def __str__(self):
        return " ".join(part for part in self.parts if part)


def side(letter: str, value: float) -> Side:
    recorded = {**METRIC, "slice": "all", "value": value, "ci_low": value - 0.01, "ci_high": value + 0.01}
    return Side(letter, f"2026-03-0{letter}-<i>", date(2026, 3, 1), "2026-03-02 04:05", pl.DataFrame([recorded]))


@pytest.fixture
def comparison() -> ReleaseComparison:
    row = {"value": 0.25, "value_against": 0.2, **DIFFERENCE, "smallest_detectable": None, "n_users": 1234}
    rows = [{**METRIC, **row}, {"metric": "recall", "k": 5, **row, "p_value": 0.2}]
    means = [
        {"model": model, "metric": metric, "k": k, "value": value, "ci_low": value - 0.02, "ci_high": value + 0.02}
        for metric, k in (("ndcg", 10), ("recall", 5))
        for model, value in (("A", 0.2), ("B", 0.25))
    ]
    found = {**METRIC, **row, "n_users": 40}
    slices = [
        {**found, "slice": "part=fine"},
        {**found, "slice": "part=<b>lost</b>", "difference": -0.3, "p_adjusted": 1.0},
    ]
    items = [ExampleItem("Mug <script>alert(1)</script>", "ease", taken=True)]
    return ReleaseComparison(
        "Tom & Daughters",
        side("A", 0.1),
        side("B", 0.3),
        10,
        pl.DataFrame(rows),
        pl.DataFrame(means),
        pl.DataFrame(slices),
        date(2026, 3, 2),
        date(2026, 3, 3),
        [ExampleUser("<u1>", ["Rug"], {"A": items, "B": []}, note="why <u>so</u>")],
    )


def test_verdict_first_then_both_with_intervals_and_their_difference(comparison):
    text = str(Text(comparison_page(comparison)))
    order = [text.index(words) for words in ("B is better than A.", "Metrics", "NDCG@10 0.2000", "Recall@5", "Slices")]
    assert order == sorted(order)
    assert "NDCG@10 0.2000 0.1800 – 0.2200 0.2500 0.2300 – 0.2700 +0.0500 +0.0100 – +0.0900 0.010 –" in text
    assert "1,234 users with lists of both, 2 days" in text
    assert "Judged on 2026-03-02 to 2026-03-03 by 1,234 users." in text
    assert "as of 2026-03-01 , made 2026-03-02 04:05 UTC" in text


def test_only_differences_beyond_chance_are_bold(comparison):
    page = comparison_page(replace(comparison, slices=pl.DataFrame()))
    assert page.count('<td class="best">+0.0500') == 1  # NDCG, not recall


def test_slices_are_in_order_from_the_worst(comparison):
    text = str(Text(comparison_page(comparison)))
    assert text.index("part: <b>lost</b> 40 users") < text.index("part: fine")
    assert "Slices" not in str(Text(comparison_page(replace(comparison, slices=pl.DataFrame()))))


def test_users_with_both_lists(comparison):
    text = str(Text(comparison_page(comparison)))
    assert "<u1> why <u>so</u> Past, latest last Rug A Mug <script>alert(1)</script> taken ease B no list" in text
    assert "Some users" not in str(Text(comparison_page(replace(comparison, examples=[]))))


def test_nothing_runs_and_nothing_is_loaded(comparison):
    page = comparison_page(comparison)
    assert not Text(page).tags & {
        "script",
        "link",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
        "img",
        "image",
        "i1",
        "u",
    }
    assert "default-src 'none'" in page
    assert "src=" not in page and "@import" not in page
    assert page == comparison_page(comparison)


def test_what_cannot_be_judged_shows_what_each_recorded(comparison):
    text = str(Text(comparison_page(ReleaseComparison("x", comparison.a, comparison.b, 10))))
    assert "Not to be told yet." in text
    assert "NDCG@10 0.1000 0.0900 – 0.1100 0.3000 0.2900 – 0.3100" in text
    assert "Judged on" not in text
    a = replace(comparison.a, recorded=comparison.a.recorded.clear())
    assert "NDCG@10 – 0.3000" in str(Text(comparison_page(ReleaseComparison("x", a, comparison.b, 10))))
    b = replace(comparison.b, recorded=comparison.b.recorded.clear())
    assert "NDCG@10" not in str(Text(comparison_page(ReleaseComparison("x", a, b, 10))))
