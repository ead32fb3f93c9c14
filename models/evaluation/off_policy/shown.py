"""Impressions as numbers: what stood where, above what, with which chance, and whether it was clicked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from models.evaluation.off_policy.click_rates import CrossFittedRates, cross_fitted_rates, folds_of

LIST_KEY = ("event_day", "user_id", "impression_id")


IMPRESSIONS: Final = pl.Schema(
    {
        "event_day": pl.Date(),
        "user_id": pl.String(),
        "item_id": pl.String(),
        "impression_id": pl.String(),
        "position": pl.Int32(),
        "propensity": pl.Float64(),
        "is_clicked": pl.Boolean(),
    }
)


@dataclass(frozen=True)
class Shown:
    """Impressions, one per row.

    Attributes:
        frame: Rows of `IMPRESSIONS`; all but day, item and click may be null.
        given_list_above: Whether a propensity is the chance given the items above in the same list (`impression_id`),
            none of which can come again; else it is the chance at the position, whatever stands above.
    """

    frame: pl.DataFrame
    given_list_above: bool = True

    @cached_property
    def item_ids(self) -> pl.Series:
        """The distinct items, sorted; an item's place is its code."""
        return self.frame["item_id"].unique().sort()

    @cached_property
    def items(self) -> np.ndarray:
        """`[n]` codes."""
        return self.codes(self.frame["item_id"])

    @cached_property
    def positions(self) -> np.ndarray:
        """`[n]` codes of the distinct positions, from 0; no position is one as well."""
        return np.unique(self.frame["position"].fill_null(0).to_numpy(), return_inverse=True)[1]

    @cached_property
    def clicks(self) -> np.ndarray:
        """`[n]` float64, 0 or 1."""
        return self.frame["is_clicked"].cast(pl.Float64).to_numpy()

    @cached_property
    def propensities(self) -> np.ndarray:
        """`[n]` float64, NaN where null."""
        return self.frame["propensity"].cast(pl.Float64).fill_null(float("nan")).to_numpy()

    @cached_property
    def users(self) -> np.ndarray:
        """`[n]` codes of users: rows that may depend on each other. A row without a user is its own."""
        known = self.frame["user_id"].rank("dense").cast(pl.Int64)
        return known.fill_null(-pl.int_range(self.frame.height, eager=True) - 1).to_numpy()

    @cached_property
    def above(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and codes of the distinct items above them in their list, `[n_pairs]` each."""
        places = self.frame.select(*LIST_KEY, "position", row=pl.int_range(pl.len()), item=pl.Series(self.items))
        places = places.filter(pl.lit(self.given_list_above)).drop_nulls(["impression_id", "position"])
        pairs = places.join(places, on=LIST_KEY, nulls_equal=True).filter(pl.col("position_right") < pl.col("position"))
        pairs = pairs.select("row", "item_right").unique().sort("row", "item_right")
        return pairs["row"].to_numpy(), pairs["item_right"].to_numpy()

    @cached_property
    def rates(self) -> CrossFittedRates:
        """Click rates by position and item, cross-fitted by user; the last column stands for items never shown."""
        users = self.frame.select(pl.coalesce("user_id", pl.int_range(pl.len()).cast(pl.Utf8)).alias("key"))["key"]
        distinct = users.unique().sort()
        folds = folds_of(distinct.to_list())[distinct.search_sorted(users).to_numpy()]
        n_positions = int(self.positions.max()) + 1
        return cross_fitted_rates(self.items, self.positions, self.clicks, folds, len(self.item_ids) + 1, n_positions)

    def codes(self, item_ids: pl.Series) -> np.ndarray:
        """Codes of items, `[n]`; the number of items for one that was never shown."""
        known = pl.DataFrame({"item_id": self.item_ids, "code": np.arange(len(self.item_ids))})
        found = item_ids.to_frame("item_id").join(known, on="item_id", how="left", maintain_order="left")["code"]
        return found.fill_null(len(self.item_ids)).to_numpy()
