"""Checks of `metrics`: the gate against the last release, and the audit for leaks."""

import datetime as dt
import json
from collections.abc import Iterator

import dagster as dg
import numpy as np
import polars as pl

from assets.artifacts import artifact_folder
from assets.display import interval_text, rounded
from assets.evaluation.scoring import read_lists
from assets.graph import Graph, preview
from models.evaluation.gate import compare_with_release
from models.evaluation.leakage import leaked_rows
from models.evaluation.metrics import METRICS
from models.retrieval.interactions import Interactions
from resources.artifact_store import ArtifactStore
from resources.settings_sections import Checks
from resources.warehouse import Warehouse

GATE = "no_metric_fell_below_the_last_release"
BASELINE = "recommendations_are_not_worse_than_recent_popularity"
LEAKS = "no_list_knows_the_future"


def metric_specs() -> list[dg.AssetCheckSpec]:
    """The three checks, all blocking."""
    words = {
        GATE: "No NDCG, recall, ... of the final lists fell further below the last release than `checks` allows.",
        BASELINE: "The final lists' NDCG is not significantly below recent popularity's.",
        LEAKS: "No list holds an item that was first known after its as-of day.",
    }
    return [dg.AssetCheckSpec(name, asset="metrics", blocking=True, description=text) for name, text in words.items()]


def metric_checks(
    graph: Graph, warehouse: Warehouse, frame: pl.DataFrame, leaked: dict[dt.date, pl.DataFrame]
) -> Iterator[dg.AssetCheckResult]:
    """Results for freshly computed metrics, and for the audit before them."""
    full = frame.filter(pl.col("n_test_days") >= graph.settings.split.test_days)
    yield check_gate(full, last_released_metrics(warehouse), tolerances(graph.settings.checks))
    yield check_baseline(full)
    yield check_leaks(leaked)


def last_released_metrics(warehouse: Warehouse) -> pl.DataFrame | None:
    """The metric rows the newest release was made with; `None` before the first."""
    if not warehouse.has_table("releases"):
        return None
    rows = warehouse.read("SELECT metrics FROM releases ORDER BY created_at DESC LIMIT 1")
    found = json.loads(rows["metrics"][0]) if rows.height else []
    return pl.DataFrame(found, infer_schema_length=None) if found else None


def tolerances(checks: Checks) -> dict[str, float]:
    """How far each metric may fall, as `compare_with_release` takes it."""
    return dict.fromkeys(METRICS, checks.max_metric_drop) | checks.metric_drops


def check_gate(now: pl.DataFrame, then: pl.DataFrame | None, allowed: dict[str, float]) -> dg.AssetCheckResult:
    """Fails where a metric of the final lists fell by more than the tolerance and more than chance allows."""
    if then is None or now.is_empty():
        words = "Nothing to compare: no release yet, or no lists whose test days are complete."
        return dg.AssetCheckResult(check_name=GATE, passed=True, metadata={"note": words})
    ours = now.filter(pl.col("model") == "recommendations")
    fallen = compare_with_release(ours, then, allowed)
    return dg.AssetCheckResult(
        check_name=GATE,
        passed=fallen.is_empty(),
        metadata={
            "limits": allowed,
            "fallen": dg.MetadataValue.md(preview(fallen, 20)),
            "remedy": "Compare the two reports; the old release stays until a better one passes.",
        },
    )


def check_baseline(now: pl.DataFrame) -> dg.AssetCheckResult:
    """Fails where recent popularity is better by more than chance allows."""
    rows = now.filter(
        (pl.col("model") == "recommendations") & (pl.col("metric") == "ndcg_minus_recent_popularity")
    ).sort("k")
    if rows.is_empty():
        words = "Nothing to compare: no lists whose test days are complete."
        return dg.AssetCheckResult(check_name=BASELINE, passed=True, metadata={"note": words})
    first = rows.row(0, named=True)
    return dg.AssetCheckResult(
        check_name=BASELINE,
        passed=first["ci_high"] is None or first["ci_high"] >= 0,
        metadata={
            "k": first["k"],
            "ndcg_difference": rounded(first["value"]),
            "interval": interval_text(first["ci_low"], first["ci_high"]),
            "n_users": first["n_users"],
        },
    )


def audit(warehouse: Warehouse, store: ArtifactStore, targets: list[dt.date]) -> dict[dt.date, pl.DataFrame]:
    """What the lists of each as-of day, or what their models were trained on, hold that came later: `leaked_rows`."""
    items = warehouse.read("SELECT item_id, first_seen_on FROM core_items")
    return {
        target: leaked_rows(
            read_lists(warehouse, target, 1_000_000), trained_on(warehouse, store, target), items, target
        )
        for target in targets
    }


def check_leaks(leaked: dict[dt.date, pl.DataFrame]) -> dg.AssetCheckResult:
    """Fails where the audit found something; the numbers of those as-of days are not stored."""
    found = pl.concat(leaked.values()) if leaked else pl.DataFrame()
    withheld = [str(day) for day, rows in leaked.items() if rows.height]
    metadata: dict = {"n_rows": found.height, "examples": dg.MetadataValue.md(preview(found, 10))}
    if withheld:
        metadata["withheld"] = f"No number of the lists as of {', '.join(withheld)} is stored."
        metadata["remedy"] = "Make the lists of these days again (`sluice backfill as-of`); what leaked is named above."
    return dg.AssetCheckResult(check_name=LEAKS, passed=found.is_empty(), metadata=metadata)


def trained_on(warehouse: Warehouse, store: ArtifactStore, target: dt.date) -> pl.DataFrame:
    """Rows `user_id, item_id, event_day` of the sequences that the models of an as-of day were really given."""
    data = Interactions.load(artifact_folder(warehouse, store, "interaction_sequences", target))
    seconds = pl.Series("event_day", np.asarray(data.times))
    return pl.DataFrame(
        {
            "user_id": data.user_ids[data.user_of_position()].tolist(),
            "item_id": data.item_ids[np.asarray(data.items)].tolist(),
            "event_day": pl.from_epoch(seconds, time_unit="s").dt.date(),
        },
        schema={"user_id": pl.Utf8, "item_id": pl.Utf8, "event_day": pl.Date},
    )
