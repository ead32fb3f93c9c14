"""Why an item is in a list: the history items that speak most for it, as the retrievers see it."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.retrieval.contract import Retriever
from models.retrieval.interactions import Interactions


def add_reasons(lists: pl.DataFrame, data: Interactions, models: list[Retriever]) -> pl.DataFrame:
    """Add the column `because_of` to final lists.

    Args:
        lists: Rows with `user_id`, `item_id` and `sources` (the retrievers that offered the item), any order.
        data: Histories; every user and item of `lists` is in its vocabularies.
        models: Fitted retrievers in order of preference; those that cannot explain answer -1.

    Returns:
        `lists` in the same order with `because_of`, a list of history item ids without repetition: those named by the
        models that offered the item; empty where none of them can say.
    """
    user_index = {user: index for index, user in enumerate(data.user_ids.tolist())}
    item_index = {item: index for index, item in enumerate(data.item_ids.tolist())}
    items = np.array([item_index[item] for item in lists["item_id"].to_list()], dtype=np.int64)
    reasons: list[list[str]] = [[] for _ in range(lists.height)]
    sources = [set(names) for names in lists["sources"].to_list()]
    rows_of_user = lists.with_row_index("row").group_by("user_id", maintain_order=True).agg("row")
    for user, rows in rows_of_user.iter_rows():
        history = np.asarray(data.history(user_index[user]))
        for model in models:
            places = np.array([row for row in rows if model.name in sources[row]], dtype=np.int64)
            for place, reason in zip(places, model.because_of(history, items[places]), strict=True):
                if reason >= 0 and data.item_ids[reason] not in reasons[place]:
                    reasons[place].append(data.item_ids[reason])
    return lists.with_columns(pl.Series("because_of", reasons, dtype=pl.List(pl.Utf8)))
