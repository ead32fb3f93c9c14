"""Metric rows as `evaluate` writes them, and a full report."""

from datetime import date, datetime

import polars as pl
import pytest

from models.evaluation.evaluate import METRICS_SCHEMA
from models.evaluation.score_metrics import GroupedAuc
from models.evaluation.take_rates import RATES_SCHEMA
from models.evaluation.taken_funnel import SOURCES_SCHEMA, STAGES_SCHEMA, TakenFunnel
from models.reports.report import EvaluationReport, ExampleItem, ExampleUser

NDCG = {"recommendations": 0.14, "sasrec": 0.12, "recent_popularity": 0.07}


def make_metrics(difference: tuple[float, float] = (0.06, 0.08), ndcg: dict[str, float] = NDCG) -> pl.DataFrame:
    rows = [("population", "cold_user_share", 0, "all", 0.25, None, None, 40)]
    for model, value in ndcg.items():
        for name, factor in (("all", 1.0), ("activity=high", 1.1), ("activity=low", 0.9), ("tenure=under_7_days", 0.5)):
            rows.append((model, "ndcg", 10, name, value * factor, value * factor - 0.01, value * factor + 0.01, 30))
        rows.append((model, "recall", 10, "all", value * 2, value, value * 3, 30))
        rows.append((model, "ndcg", 5, "all", value * 0.8, value * 0.7, value * 0.9, 30))
        rows.append((model, "coverage", 10, "all", value * 4, None, None, 33))
        rows.append((model, "gini", 10, "all", 1 - value, None, None, 33))
    low, high = difference
    minus = "ndcg_minus_recent_popularity"
    rows.append(("recommendations", minus, 10, "all", (low + high) / 2, low, high, 30))
    rows.append(("recommendations", f"p_value_{minus}", 10, "all", 0.004, None, None, 30))
    names = ["model", "metric", "k", "slice", "value", "ci_low", "ci_high", "n_users"]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        as_of_day=date(2026, 3, 31), scored_through=date(2026, 4, 7), n_test_days=7
    )
    return frame.select(list(METRICS_SCHEMA)).cast(METRICS_SCHEMA)


def make_comparisons() -> pl.DataFrame:
    row = {"metric": "ndcg", "k": 10, "p_adjusted": 0.004, "effect_size": 0.31, "smallest_detectable": 0.02}
    pairs = [("sasrec", "recent_popularity", 0.05), ("recommendations", "recent_popularity", 0.07)]
    rows = [
        {**row, "model": model, "against": against, "difference": value, "ci_low": value - 0.01}
        | {"ci_high": value + 0.01, "n_users": 30}
        for model, against, value in pairs
    ]
    return pl.DataFrame(rows)


def make_findings() -> pl.DataFrame:
    row = {"against": "elsewhere", "metric": "recall", "k": 10, "value_against": 0.3, "p_adjusted": 0.01, "n_users": 40}
    rows = [
        {"slice": "item_category=lamps", "value": 0.1, "difference": -0.2, "ci_low": -0.3, "ci_high": -0.1}
        | {"is_worse": True, **row},
        {"slice": "item_category=rugs", "value": 0.31, "difference": 0.01, "ci_low": -0.1, "ci_high": 0.1}
        | {"is_worse": False, **row},
    ]
    return pl.DataFrame(rows)


def make_trend() -> pl.DataFrame:
    days = [date(2026, 3, 24), date(2026, 3, 31)]
    rows = [(day, model, value, value - 0.01, value + 0.01) for day in days for model, value in NDCG.items()]
    return pl.DataFrame(rows, schema=["as_of_day", "model", "value", "ci_low", "ci_high"], orient="row")


def make_rates() -> pl.DataFrame:
    """Ten places and four groups of scores; the higher, the more is taken."""
    rows = [("rank", place, 0.0, 9.0, 50, 11 - place) for place in range(1, 11)]
    rows += [("score", group, group - 1.0, group - 0.5, 125, 5 * group) for group in range(1, 5)]
    shares = [(*row, row[5] / row[4], row[5] / row[4] / 2, row[5] / row[4] * 2) for row in rows]
    return pl.DataFrame(shares, schema=RATES_SCHEMA, orient="row")


@pytest.fixture
def rates() -> pl.DataFrame:
    return make_rates()


def make_taken() -> TakenFunnel:
    names = ("taken", "known", "served", "offered", "listed", "first")
    counts = zip(names, (100, 90, 80, 40, 10, 0), (30, 29, 28, 20, 9, 0), strict=True)
    sources = [("ease<i>", 99.5, 40, 12, 0.5, 0.41, 0.59)]
    return TakenFunnel(
        pl.DataFrame(list(counts), schema=STAGES_SCHEMA, orient="row"),
        pl.DataFrame(sources, schema=SOURCES_SCHEMA, orient="row"),
    )


@pytest.fixture
def taken() -> TakenFunnel:
    return make_taken()


def make_tried() -> pl.DataFrame:
    shared = ("sas<b>", "graph with 32 links a node", 1200, 1_234_000, 100)
    rows = [("hnsw", 128, 0.9, 12.34, False), ("hnsw", 256, 0.97, 20.0, True), ("flat", None, 1.0, 98.76, False)]
    names = ["retriever", "settings", "n_items", "n_bytes", "k", "kind", "effort", "recall", "microseconds", "is_used"]
    return pl.DataFrame([(*shared, *row) for row in rows], schema=names, orient="row")


@pytest.fixture
def tried() -> pl.DataFrame:
    return make_tried()


def make_costs() -> pl.DataFrame:
    started = datetime(2026, 4, 8, 3)
    rows = [("sasrec", started, 75.0, None, 1_500_000), ("candi<date>s", started, 25.0, 11_880, None)]
    return pl.DataFrame(rows, schema=["asset", "started_at", "seconds", "n_rows", "n_bytes"], orient="row")


def make_calls() -> pl.DataFrame:
    names = ["kind", "backend", "n", "n_made", "tokens_in", "tokens_out"]
    return pl.DataFrame([("item", "extractive", 2400, 13, 51_000, 9_000)], schema=names, orient="row")


@pytest.fixture
def costs() -> pl.DataFrame:
    return make_costs()


@pytest.fixture
def calls() -> pl.DataFrame:
    return make_calls()


@pytest.fixture
def metrics() -> pl.DataFrame:
    return make_metrics()


@pytest.fixture
def metric_rows():
    return make_metrics


@pytest.fixture
def curve() -> list[dict[str, float]]:
    return [{"epoch": epoch, "loss": 5 / epoch, "validation_ndcg_at_10": 0.1 * epoch} for epoch in (1, 2, 3, 4)]


@pytest.fixture
def report(metrics, curve) -> EvaluationReport:
    item = ExampleItem("Enamel <script>alert(1)</script> mug", "ease, because of <i>Lamp</i>", taken=True)
    return EvaluationReport(
        metrics,
        project="Tom & Daughters",
        comparisons=make_comparisons(),
        findings=make_findings(),
        trend=make_trend(),
        indexes=make_tried(),
        costs=make_costs(),
        profile_costs=make_calls(),
        taken_funnel=make_taken(),
        take_rates=make_rates(),
        list_order=GroupedAuc(0.625, 21, 9),
        failures=metrics.clear(),
        oracle_share=0.713,
        learning_curves={"sasrec": curve, "popularity": []},
        importance=pl.DataFrame(
            {
                "feature": ["item_trend", "rank_ease"],
                "gain_share": [0.75, 0.25],
                "n_splits": [12, 7],
                "description": ["How it rises.", None],
            }
        ),
        funnel=[("Lines read", 12_345), ("Recommendations", 617)],
        examples=[
            ExampleUser("<u1>", ["Rug"], {"recommendations": [item], "ease": []}),
            ExampleUser("new", [], {}),
        ],
    )
