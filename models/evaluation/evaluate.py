"""All lists of one as-of day scored on the days after it: the rows of `metrics`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from models.evaluation.intervals import bootstrap_intervals, paired_difference
from models.evaluation.list_metrics import catalogue_coverage, gini, novelty
from models.evaluation.metrics import per_user_metrics
from models.evaluation.slices import ALL, user_slices
from models.evaluation.truth import Truth, window_truth

POPULATION = "population"
"""The `model` of rows that describe the users, not a list."""

METRICS_SCHEMA = pl.Schema(
    {
        "as_of_day": pl.Date(),
        "scored_through": pl.Date(),
        "n_test_days": pl.Int32(),
        "model": pl.String(),
        "metric": pl.String(),
        "k": pl.Int32(),
        "slice": pl.String(),
        "value": pl.Float64(),
        "ci_low": pl.Float64(),
        "ci_high": pl.Float64(),
        "n_users": pl.Int32(),
    }
)


@dataclass(frozen=True)
class Resampling:
    """How intervals are drawn: resamples (and sign flips), level, seed."""

    n_resamples: int = 1000
    level: float = 0.95
    seed: int = 0


def evaluate(
    lists: Mapping[str, pl.DataFrame],
    interactions_before: pl.DataFrame,
    interactions_after: pl.DataFrame,
    items: pl.DataFrame,
    ks: Sequence[int],
    as_of_day: date,
    scored_through: date,
    baseline: str = "recent_popularity",
    resampling: Resampling = Resampling(),
    taken_back: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Score every model's lists.

    Truth is what a warm user (one with a past) took in the window and had not taken before. Rows, all means over
    users with such truth, with a bootstrap interval over users:

    - per model, k and slice of users: the metrics of `per_user_metrics`;
    - per model and k: `coverage` and `gini` over the items that could be recommended at the end of the as-of day, and
      `novelty`, over everybody's lists, without interval;
    - per other model and k, where `baseline` is among the lists: `ndcg_minus_<baseline>` with the interval of the
      paired difference, and `p_value_ndcg_minus_<baseline>`;
    - of the model `population`, k 0: `n_cold_users`, `cold_user_share`, `new_item_share` (see `Truth`).

    Without a user to score, only the rows without interval are there, and values that have no meaning are null.

    Args:
        lists: Model name -> rows `user_id, rank, item_id`.
        interactions_before: `core_interactions` up to the as-of day.
        interactions_after: `core_interactions` after it, up to `scored_through`.
        items: The items known at the end of the as-of day, with `first_seen_on` and `is_available`.
        ks: List lengths.
        as_of_day: The last day the models have seen.
        scored_through: The last day of the window.
        baseline: The model the others are compared with.
        resampling: How intervals are drawn.
        taken_back: Rows `user_id, item_id` that were bought and given back up to the as-of day.

    Returns:
        Rows of `METRICS_SCHEMA`, sorted by model, slice, k and metric.

    Raises:
        ValueError: An interaction is on the wrong side of the as-of day or after the window, or a list is invalid.
    """
    _validate_days(interactions_before, interactions_after, as_of_day, scored_through)
    truth = window_truth(interactions_before, interactions_after, items, as_of_day, taken_back)
    rows = list(_population_rows(truth))
    rows += _list_rows(lists, interactions_before, _catalogue(items, as_of_day), ks)
    if len(truth.relevant):
        values = {model: per_user_metrics(ranked, truth.relevant, ks) for model, ranked in lists.items()}
        users = truth.relevant["user_id"].unique().sort()
        slices = user_slices(users, interactions_before, as_of_day)
        rows += _user_rows(values, slices, resampling)
        rows += _comparison_rows(values, baseline, resampling)
    return _metrics_frame(rows, as_of_day, scored_through)


def _metrics_frame(rows: list[tuple], as_of_day: date, scored_through: date) -> pl.DataFrame:
    frame = pl.DataFrame(
        rows, schema=["model", "metric", "k", "slice", "value", "ci_low", "ci_high", "n_users"], orient="row"
    )
    return (
        frame.with_columns(
            as_of_day=pl.lit(as_of_day),
            scored_through=pl.lit(scored_through),
            n_test_days=pl.lit((scored_through - as_of_day).days),
        )
        .select(list(METRICS_SCHEMA))
        .cast(METRICS_SCHEMA)
        .with_columns(pl.col("value").fill_nan(None))
        .sort("model", "slice", "k", "metric")
    )


def _population_rows(truth: Truth) -> Iterator[tuple]:
    for metric, value in (
        ("n_cold_users", float(truth.n_cold_users)),
        ("cold_user_share", truth.cold_user_share),
        ("new_item_share", truth.new_item_share),
    ):
        yield (POPULATION, metric, 0, ALL, value, None, None, truth.n_window_users)


def _catalogue(items: pl.DataFrame, as_of_day: date) -> pl.Series:
    return items.filter((pl.col("first_seen_on") <= as_of_day) & pl.col("is_available"))["item_id"]


def _list_rows(
    lists: Mapping[str, pl.DataFrame], before: pl.DataFrame, catalogue: pl.Series, ks: Sequence[int]
) -> Iterator[tuple]:
    for model, ranked in lists.items():
        n_users = ranked["user_id"].n_unique()
        for k in ks:
            yield (model, "coverage", k, ALL, catalogue_coverage(ranked, catalogue, k), None, None, n_users)
            yield (model, "gini", k, ALL, gini(ranked, catalogue, k), None, None, n_users)
            yield (model, "novelty", k, ALL, novelty(ranked, before, k), None, None, n_users)


def _user_rows(values: Mapping[str, pl.DataFrame], slices: pl.DataFrame, resampling: Resampling) -> Iterator[tuple]:
    """Every model's and metric's column is resampled with the same draws of users."""
    wide = _wide(values)
    columns = [column for column in wide.columns if column != "user_id"]
    for (name,), members in slices.group_by("slice", maintain_order=True):
        matrix = wide.join(members, on="user_id", how="semi", maintain_order="left").select(columns).to_numpy()
        intervals = bootstrap_intervals(matrix, resampling.n_resamples, resampling.level, resampling.seed)
        for column, interval in zip(columns, intervals, strict=True):
            model, metric, k = column.rsplit("|", 2)
            yield (model, metric, int(k), name, *interval, len(matrix))


def _wide(values: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per user, one column `model|metric|k` per number."""
    long = pl.concat(frame.with_columns(pl.lit(model).alias("model")) for model, frame in values.items())
    column = pl.concat_str("model", "metric", "k", separator="|").alias("column")
    return long.with_columns(column).pivot("column", index="user_id", values="value").sort("user_id")


def _comparison_rows(values: Mapping[str, pl.DataFrame], baseline: str, resampling: Resampling) -> Iterator[tuple]:
    if baseline not in values:
        return
    ndcg = {model: frame.filter(pl.col("metric") == "ndcg") for model, frame in values.items()}
    for model in ndcg:
        if model == baseline:
            continue
        for k in ndcg[model]["k"].unique().sort():
            a, b = (ndcg[name].filter(pl.col("k") == k).sort("user_id") for name in (model, baseline))
            found = paired_difference(
                a["value"].to_numpy(),
                b["value"].to_numpy(),
                resampling.n_resamples,
                resampling.level,
                resampling.seed,
            )
            metric = f"ndcg_minus_{baseline}"
            yield (model, metric, k, ALL, found.mean, found.low, found.high, len(a))
            yield (model, f"p_value_{metric}", k, ALL, found.p_value, None, None, len(a))


def _validate_days(before: pl.DataFrame, after: pl.DataFrame, as_of_day: date, scored_through: date) -> None:
    if n := len(before.filter(pl.col("event_day") > as_of_day)):
        raise ValueError(f"{n} rows of interactions_before are later than the as-of day {as_of_day}")
    outside = (pl.col("event_day") <= as_of_day) | (pl.col("event_day") > scored_through)
    if n := len(after.filter(outside)):
        raise ValueError(f"{n} rows of interactions_after are outside {as_of_day} (exclusive) to {scored_through}")
