import json
import math
from html.parser import HTMLParser

import polars as pl
import pytest

from models.ann.config import AnnIndexConfig
from models.ann.index_costs import BuildCost
from models.ann.tuning_points import Budget, Skipped
from models.ann.wording import own_settings
from models.reports.front_figure import Try, front_figure
from models.reports.tuning_page import TuningReport, limits_in_words, tuning_page

GRAPH = AnnIndexConfig(kind="hnsw", hnsw_neighbours=16, hnsw_build_breadth=100)


class Text(HTMLParser):
    """What a reader sees, and the tags that were used."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.parts = set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.parts.append(data.strip())

    def __str__(self):
        return " ".join(part for part in self.parts if part)


def row(kind, recall, microseconds, effort=None, on_front=False, chosen=False):
    return {
        "retriever": "ials <b>",
        "as_of_day": "2025-03-01",
        "n_queries": 400,
        "k": 10,
        "min_recall": 0.95,
        "settings": json.dumps(own_settings(AnnIndexConfig(kind=kind))),
        "kind": kind,
        "effort": effort,
        "recall": recall,
        "held_out_recall": recall - 0.001,
        "microseconds": microseconds,
        "build_seconds": 2.5,
        "n_bytes": 2_000_000,
        "is_on_front": on_front,
        "is_chosen": chosen,
    }


ROWS = [row("flat", 1.0, 900.0), row("ivf_pq", 0.96, 100.0, 16, True, True), row("ivf_pq", 0.9, 50.0, 8, True)]


@pytest.fixture
def report():
    skipped = [Skipped(GRAPH, BuildCost(250.0, 400_000_000))]
    lines = ["index:", "  kind: ivf_pq"]
    return TuningReport("Tom & Daughters", pl.DataFrame(ROWS), Budget(60, 200), skipped, lines)


def test_the_choice_first_then_its_settings_the_curve_and_every_point(report):
    text = str(Text(tuning_page(report)))
    words = ["ials <b>", "2025-03-01", "400 users", "Fastest within the limits: clusters of codes.", "For sluice.yaml"]
    words += ["kind: ivf_pq", "The curve", "Every way that was tried", "Not built, as too dear"]
    places = [text.index(word) for word in words]
    assert places == sorted(places)
    assert "It finds 0.9590 of the exact 10 best" in text and "in 100 µs a query, after 2.5 s of building" in text
    assert "graph with 16 links a node" in text and "250" in text


def test_points_come_fastest_first_with_what_they_rank_again(report):
    text = str(Text(tuning_page(report)))
    table = text[text.index("Every way that was tried") :]
    order = [table.index(found) for found in ("0.9000", "0.9600", "1.0000")]
    assert order == sorted(order)
    assert table.count("64 clusters, 2 dimensions a code, ranked again by bytes") == 2


def test_without_a_choice_it_says_why(report):
    rows = [{**one, "is_chosen": False} for one in ROWS]
    none = TuningReport("Tom", pl.DataFrame(rows), Budget(), [], [], "the most that is found is 0.93 (graph)")
    text = str(Text(tuning_page(none)))
    assert "No index keeps every limit. the most that is found is 0.93 (graph)" in text
    assert "For sluice.yaml" not in text and "Not built" not in text


def test_the_page_escapes_text_and_runs_nothing(report):
    page = tuning_page(report)
    assert "<b>" not in page.split("<main>")[0] and "Tom &amp; Daughters" in page
    assert "script" not in Text(page).tags and "svg" in Text(page).tags
    assert tuning_page(report) == page


def test_limits_in_words():
    assert (
        limits_in_words(0.95, 100, Budget(60, 200, 1e8))
        == "recall@100 of 0.95, 200 µs a query, 60 s to build, 100\u202fMB"
    )
    assert limits_in_words(0.9, 5, Budget()) == "recall@5 of 0.9"


def tries():
    return [Try(10, 0.9, "graph", True), Try(20, 0.95, "codes", True, True), Try(30, 0.94, "codes")]


def test_the_front_is_joined_and_the_limits_are_drawn():
    (axes,) = front_figure(tries(), "recall", "µs", 0.95, 25).axes
    lines = [line.get_xydata().tolist() for line in axes.lines]
    assert [[10, 0.9], [20, 0.95]] in lines
    assert [[0, 0.95], [1, 0.95]] in lines and [[25, 0], [25, 1]] in lines
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["graph", "codes"]
    (axes,) = front_figure(tries(), "recall", "µs", 0.95, math.inf).axes
    assert len(axes.lines) == len(lines) - 1


def test_the_chosen_point_is_the_filled_one():
    (axes,) = front_figure(tries(), "recall", "µs", 0.95, 25).axes
    graph, codes = axes.collections
    assert [face[3] for face in codes.get_facecolors()] == [1, 0]
    assert [face[3] for face in graph.get_facecolors()] == [] or graph.get_facecolors()[0][3] == 0
