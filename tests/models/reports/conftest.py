"""Metric rows as `evaluate` writes them, and a full report."""

from datetime import date

import polars as pl
import pytest

from models.evaluation.evaluate import METRICS_SCHEMA
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
