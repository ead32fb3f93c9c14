"""The rows of `metrics` about all lists together, which have no interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from models.evaluation.diversity import ItemVectors, category_diversity, personalisation, vector_diversity
from models.evaluation.exposure_fairness import exposure_fairness
from models.evaluation.list_metrics import catalogue_coverage, exposure_entropy, gini, novelty
from models.evaluation.popularity import (
    Popularity,
    average_long_tail_items,
    average_popularity,
    expected_popularity_complement,
    popularity_lift,
    popularity_opportunity_gap,
)
from models.evaluation.slices import ALL
from models.evaluation.surprise import repeat_rate, serendipity


@dataclass(frozen=True)
class Surroundings:
    """What lists are held against.

    Attributes:
        before: Rows `user_id, item_id` of the past.
        relevant: Rows `user_id, item_id` of the truth, unique.
        catalogue: Ids of the items that could have been recommended.
        popular: The baseline's lists, rows `user_id, rank, item_id`; `None` leaves out `serendipity`.
        categories: Rows `item_id, category`; `None` leaves out `category_diversity`.
        vectors: Of items; `None` leaves out `vector_diversity`.
    """

    before: pl.DataFrame
    relevant: pl.DataFrame
    catalogue: pl.Series
    popular: pl.DataFrame | None = None
    categories: pl.DataFrame | None = None
    vectors: ItemVectors | None = None


def list_rows(lists: Mapping[str, pl.DataFrame], around: Surroundings, ks: Sequence[int]) -> Iterator[tuple]:
    """Rows (model, metric, k, slice, value, None, None, lists); NaN where a metric has no meaning."""
    popularity = Popularity.of(around.before, around.catalogue)
    for model, ranked in lists.items():
        n_users = ranked["user_id"].n_unique()
        for k in ks:
            for metric, value in list_values(ranked, around, popularity, k).items():
                yield (model, metric, k, ALL, value, None, None, n_users)


def list_values(lists: pl.DataFrame, around: Surroundings, popularity: Popularity, k: int) -> dict[str, float]:
    """Metric -> value of one model's lists at one k."""
    shown = lists.filter(pl.col("rank") <= k).select("user_id", "rank", "item_id")
    values = {
        "coverage": catalogue_coverage(shown, around.catalogue, k),
        "gini": gini(shown, around.catalogue, k),
        "entropy": exposure_entropy(shown, around.catalogue, k),
        "novelty": novelty(shown, around.before, k),
        "epc": expected_popularity_complement(shown, popularity, k),
        "aclt": average_long_tail_items(shown, popularity, k),
        "arp": average_popularity(shown, popularity, k),
        "popularity_lift": popularity_lift(shown, popularity, k),
        "popreo": popularity_opportunity_gap(shown, around.relevant, popularity, k),
        "personalisation": personalisation(shown, k),
        "repeat_rate": repeat_rate(shown, popularity.pairs, k),
    }
    fairness = exposure_fairness(shown, around.catalogue, k)
    values |= {f"fair_{measure}": value for measure, value in fairness.items()}
    if around.popular is not None:
        values["serendipity"] = serendipity(shown, around.relevant, around.popular, k)
    if around.categories is not None:
        values["category_diversity"] = category_diversity(shown, around.categories, k)
    if around.vectors is not None:
        values["vector_diversity"] = vector_diversity(shown, around.vectors, k)
    return values
