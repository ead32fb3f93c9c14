import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import polars as pl
import pytest

from models.reports.page import evaluation_page
from models.reports.report import EvaluationReport


class Elements(HTMLParser):
    """Collects tags with attributes, and checks that they nest."""

    VOID = {"meta"}

    def __init__(self, page: str):
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data.strip())


def test_titles_are_escaped_and_nothing_runs(report):
    page = evaluation_page(report)
    assert "Enamel &lt;script&gt;alert(1)&lt;/script&gt; mug" in page
    assert "&lt;i&gt;Lamp&lt;/i&gt;" in page
    assert "<code>&lt;u1&gt;</code>" in page
    assert "Tom &amp; Daughters" in page
    tags = {tag for tag, _ in Elements(page).found}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base", "form", "img", "image", "i1"}


def test_names_inside_plots_are_escaped(metric_rows, curve):
    name = "--></text><script>alert(2)</script>$x"
    metrics = metric_rows(ndcg={"recommendations": 0.1, "recent_popularity": 0.05, name: 0.02})
    page = evaluation_page(EvaluationReport(metrics, learning_curves={name: curve, 'a" onload="x': curve}))
    elements = Elements(page)
    assert "script" not in {tag for tag, _ in elements.found}
    assert not [attributes for _, attributes in elements.found if "onload" in attributes]
    assert name in elements.text


def test_the_page_asks_the_network_for_nothing(report):
    page = evaluation_page(report)
    for _, attributes in Elements(page).found:
        assert "src" not in attributes
        assert (attributes.get("xlink:href") or attributes.get("href") or "#").startswith("#")
    assert not re.search(r"@import|url\((?!#)", page)
    assert "default-src 'none'" in page


def test_it_is_one_well_formed_document_with_unique_ids(report):
    page = evaluation_page(report)
    elements = Elements(page)
    assert elements.open == []
    assert page.startswith("<!doctype html>")
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_every_section_shows_its_numbers(report):
    text = " ".join(Elements(evaluation_page(report)).text)
    for expected in (
        "As of 2026-03-31",
        "through 2026-04-07",
        "Better than recent popularity.",
        "71.3\u202f%",
        "0.1400",
        "0.1300 – 0.1500",
        "activity: low",
        "25.0\u202f% of all had no past",
        "How it rises.",
        "75.0\u202f%",
        "12,345",
        "Rug",
        "taken",
        "no list",
        "nothing",
        "Share of the catalogue that at least one user was shown.",
        "validation ndcg@10",
        "recommendations against recent_popularity",
        "+0.0700",
        "+0.0600 – +0.0800",
        "Of 2 slices of users and items",
        "item category: lamps",
        "against elsewhere",
        "−0.2000",
        "NDCG@10 over as-of days",
        "among these candidates",
        "25.0\u202f% of the step before",
        "candidate recall",
        "ease<i>",
        "41.0\u202f% – 59.0\u202f%",
        "There is no earlier release to stand beside.",
        "Of 500 listed items 55 were taken (11.0\u202f%).",
        "Taken, by place in the list",
        "Taken, by score",
        "sas<b>, graph",
        "µs a query",
        "2 assets took 1\u202fmin 40\u202fs in all",
        "candi<date>s",
        "item, extractive",
        "51,000",
    ):
        assert expected in text


def test_what_is_absent_leaves_its_section_out(metrics):
    text = " ".join(Elements(evaluation_page(EvaluationReport(metrics))).text)
    for absent in (
        "Where it is worse",
        "Against each other",
        "Over time",
        "From candidates to clicks",
        "Scores against what was taken",
        "Indexes",
        "Cost",
        "Learning curves",
        "What the ranker looks at",
        "From log to list",
        "Some users",
        "oracle",
    ):
        assert absent not in text


def test_a_day_without_users_to_score_still_has_a_page(metrics):
    sparse = metrics.filter(pl.col("metric").is_in(["coverage", "cold_user_share"]))
    assert "Not enough to judge by." in evaluation_page(EvaluationReport(sparse))


def test_dark_colours_reach_the_plots(report):
    page = evaluation_page(report)
    assert "prefers-color-scheme: dark" in page
    assert "var(--accent)" in re.search(r"<svg.*?</svg>", page, re.DOTALL).group()


def test_the_same_report_gives_the_same_bytes(report):
    assert evaluation_page(report) == evaluation_page(report)


def test_one_window_only(report, metrics):
    other = metrics.with_columns(as_of_day=pl.lit(date(2026, 3, 30)))
    for frame in (pl.concat([metrics, other]), metrics.clear()):
        with pytest.raises(ValueError, match="one as-of day"):
            evaluation_page(replace(report, metrics=frame))


def test_importing_needs_no_plotting_library():
    code = "import sys, models.reports.page; print([m for m in ('matplotlib', 'jinja2') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
