"""All lists of one as-of day scored on the days after it: the rows of `metrics`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import polars as pl

from models.evaluation.diversity import ItemVectors
from models.evaluation.list_rows import Surroundings, list_rows
from models.evaluation.slices import ALL, user_slices
from models.evaluation.truth import Truth, window_truth
from models.evaluation.user_rows import Resampling, comparison_rows, mean_rows, user_values

__all__ = ["METRICS_SCHEMA", "POPULATION", "Resampling", "evaluate"]

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
    categories: pl.DataFrame | None = None,
    vectors: ItemVectors | None = None,
    of_lists: bool = True,
) -> pl.DataFrame:
    """Score every model's lists.

    Truth is what a warm user (one with a past) took in the window and had not taken before. Rows, all means over
    users with such truth, with a bootstrap interval over users:

    - per model, k and slice of users: the metrics of `per_user_metrics`, and at k 0 `r_precision`, of lists as long as
      they are given;
    - per model and k, over everybody's lists and without interval: the metrics of `list_rows`, with the items that
      could be recommended at the end of the as-of day as the catalogue;
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
        categories: Rows `item_id, category`, one per item; `None` leaves out `category_diversity`.
        vectors: Of items; `None` leaves out `vector_diversity`.
        of_lists: Whether the metrics of `list_rows` are wanted, which hardly change while a window fills.

    Returns:
        Rows of `METRICS_SCHEMA`, sorted by model, slice, k and metric.

    Raises:
        ValueError: An interaction is on the wrong side of the as-of day or after the window, or a list is invalid.
    """
    _validate_days(interactions_before, interactions_after, as_of_day, scored_through)
    truth = window_truth(interactions_before, interactions_after, items, as_of_day, taken_back)
    rows = list(_population_rows(truth))
    catalogue, popular = _catalogue(items, as_of_day), lists.get(baseline)
    around = Surroundings(interactions_before, truth.relevant, catalogue, popular, categories, vectors)
    if of_lists:
        rows += list_rows(lists, around, ks)
    if len(truth.relevant) and lists:
        values = {model: user_values(ranked, truth.relevant, ks) for model, ranked in lists.items()}
        users = truth.relevant["user_id"].unique().sort()
        slices = user_slices(users, interactions_before, as_of_day)
        rows += mean_rows(values, slices, resampling)
        rows += comparison_rows(values, baseline, ks, resampling)
    return _metrics_frame(rows, as_of_day, scored_through)


def _metrics_frame(rows: list[tuple], as_of_day: date, scored_through: date) -> pl.DataFrame:
    days = ("as_of_day", "scored_through", "n_test_days")
    schema = {name: dtype for name, dtype in METRICS_SCHEMA.items() if name not in days}
    frame = pl.DataFrame(rows, schema, orient="row")
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


def _validate_days(before: pl.DataFrame, after: pl.DataFrame, as_of_day: date, scored_through: date) -> None:
    if n := len(before.filter(pl.col("event_day") > as_of_day)):
        raise ValueError(f"{n} rows of interactions_before are later than the as-of day {as_of_day}")
    outside = (pl.col("event_day") <= as_of_day) | (pl.col("event_day") > scored_through)
    if n := len(after.filter(outside)):
        raise ValueError(f"{n} rows of interactions_after are outside {as_of_day} (exclusive) to {scored_through}")
