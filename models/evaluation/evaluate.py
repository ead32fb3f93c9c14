"""All lists of one as-of day scored on the days after it: the rows of `metrics`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from models.evaluation.diversity import ItemVectors
from models.evaluation.list_rows import Surroundings, list_rows
from models.evaluation.slices import ALL, user_slices
from models.evaluation.truth import Truth
from models.evaluation.user_rows import MEANS_SCHEMA, Resampling, comparison_rows, mean_rows, user_values
from models.evaluation.window import Window

__all__ = ["METRICS_SCHEMA", "POPULATION", "Resampling", "evaluate"]

POPULATION = "population"
"""The `model` of rows that describe the users, not a list."""

METRICS_SCHEMA = pl.Schema(
    {"as_of_day": pl.Date(), "scored_through": pl.Date(), "n_test_days": pl.Int32(), **MEANS_SCHEMA}
)


def evaluate(
    lists: Mapping[str, pl.DataFrame],
    window: Window,
    ks: Sequence[int],
    baseline: str = "recent_popularity",
    resampling: Resampling = Resampling(),
    categories: pl.DataFrame | None = None,
    vectors: ItemVectors | None = None,
    of_lists: bool = True,
) -> pl.DataFrame:
    """Score every model's lists.

    Rows are means over the users of `window.truth`, with a bootstrap interval: per model, k and slice of users the
    metrics of `per_user_metrics`, and at k 0 `r_precision`, of lists as long as they are given; per other model and k,
    where `baseline` is among the lists, `ndcg_minus_<baseline>` and `p_value_ndcg_minus_<baseline>`. Without interval:
    per model and k the metrics of `list_rows`; of the model `population`, k 0, what `Truth` says of the users. Without
    a user to score only those are there, and values that have no meaning are null.

    Args:
        lists: Model name -> rows `user_id, rank, item_id`.
        window: What they are scored on.
        ks: List lengths.
        baseline: The model the others are compared with.
        resampling: How intervals are drawn.
        categories: Rows `item_id, category`, one per item; `None` leaves out `category_diversity`.
        vectors: Of items; `None` leaves out `vector_diversity`.
        of_lists: Whether the metrics of `list_rows` are wanted, which hardly change while a window fills.

    Returns:
        Rows of `METRICS_SCHEMA`, sorted by model, slice, k and metric.

    Raises:
        ValueError: A list is invalid.
    """
    truth = window.truth
    rows = list(_population_rows(truth))
    if of_lists:
        popular = lists.get(baseline)
        around = Surroundings(window.before, truth.relevant, window.catalogue, popular, categories, vectors)
        rows += list_rows(lists, around, ks)
    if len(truth.relevant) and lists:
        values = {model: user_values(ranked, truth.relevant, ks) for model, ranked in lists.items()}
        users = truth.relevant["user_id"].unique().sort()
        rows += mean_rows(values, user_slices(users, window.before, window.as_of_day), resampling)
        rows += comparison_rows(values, baseline, ks, resampling)
    return _metrics_frame(rows, window)


def _metrics_frame(rows: list[tuple], window: Window) -> pl.DataFrame:
    frame = pl.DataFrame(rows, MEANS_SCHEMA, orient="row")
    return (
        frame.with_columns(
            as_of_day=pl.lit(window.as_of_day),
            scored_through=pl.lit(window.scored_through),
            n_test_days=pl.lit(window.n_days),
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
