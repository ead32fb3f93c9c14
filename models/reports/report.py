"""What an evaluation page is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from models.evaluation.score_metrics import GroupedAuc
from models.evaluation.taken_funnel import TakenFunnel


@dataclass(frozen=True)
class ExampleItem:
    """An item on an example user's list.

    Attributes:
        title: Its title, as the catalogue has it; escaped on the page.
        note: Why it is there, such as the source and a history item; may be empty.
        taken: Whether the user took it in the scored days.
    """

    title: str
    note: str = ""
    taken: bool = False


@dataclass(frozen=True)
class ExampleUser:
    """A user shown in full: the titles of the past, oldest first, and each model's list, best first.

    `note` says why this one is shown; it may be empty.
    """

    user_id: str
    history: Sequence[str]
    lists: Mapping[str, Sequence[ExampleItem]]
    note: str = ""


@dataclass(frozen=True)
class EvaluationReport:
    """Everything a page shows; only `metrics` must be there, and what is absent leaves its section out.

    Attributes:
        metrics: Rows of `metrics` of one as-of day.
        project: Named in the title.
        baseline: The model the final list is compared with.
        k: The list length that counts.
        n_resamples: Sign flips behind the p-value, which is never below `1 / (n_resamples + 1)`.
        failures: What `compare_with_release` returned; `None` if there was no release to compare with.
        last_release: Rows of `metrics` that the last release recorded, if there was one.
        oracle_share: The final list's share of the oracle's NDCG at k, where a simulation has an oracle.
        learning_curves: Model -> `FitReport.curve`; empty curves are left out.
        importance: `Ranker.feature_importance()`, with a `description` column if there is one.
        funnel: Stages from raw log to list with their counts, in order.
        examples: Users to show in full.
        comparisons: Rows of the table `comparisons`.
        findings: Rows of the table `slice_findings`.
        trend: Rows `as_of_day, model, value, ci_low, ci_high`: NDCG at k of earlier as-of days, each scored in full.
        take_rates: What `models.evaluation.take_rates.take_rates` returned for the final lists.
        list_order: What `order_within_lists` of the same file returned.
        taken_funnel: What `models.evaluation.taken_funnel.taken_funnel` returned for lists of k.
        indexes: Rows `retriever, settings, n_items, n_bytes, k, kind, effort, recall, microseconds, is_used`: every
            way of searching an ANN index that was tried.
        costs: Rows `asset, started_at, seconds, n_rows, n_bytes` of the day's assets.
        profile_costs: Rows `kind, backend, n, n_made, tokens_in, tokens_out` of the day's profiles.
    """

    metrics: pl.DataFrame
    project: str = "Sluice"
    baseline: str = "recent_popularity"
    k: int = 10
    n_resamples: int = 1000
    failures: pl.DataFrame | None = None
    last_release: pl.DataFrame | None = None
    oracle_share: float | None = None
    learning_curves: Mapping[str, Sequence[Mapping[str, float]]] = field(default_factory=dict)
    importance: pl.DataFrame | None = None
    funnel: Sequence[tuple[str, int]] = ()
    examples: Sequence[ExampleUser] = ()
    comparisons: pl.DataFrame | None = None
    findings: pl.DataFrame | None = None
    trend: pl.DataFrame | None = None
    take_rates: pl.DataFrame | None = None
    list_order: GroupedAuc | None = None
    taken_funnel: TakenFunnel | None = None
    indexes: pl.DataFrame | None = None
    costs: pl.DataFrame | None = None
    profile_costs: pl.DataFrame | None = None
