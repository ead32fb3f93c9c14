"""Retrievers fitted on a split's training part and scored on its test part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from models.evaluation.protocol_lists import ranked, sampled
from models.evaluation.protocols import Split
from models.evaluation.slices import ALL
from models.evaluation.user_rows import MEANS_SCHEMA, Resampling, comparison_rows, mean_rows, user_values
from models.retrieval.contract import Retriever
from models.retrieval.interactions import Interactions
from models.retrieval.taken_back import TakenBack

COLD_USERS, WARM_ITEMS, COLD_ITEMS = "users=cold", "items=warm", "items=cold"


@dataclass(frozen=True)
class SplitData:
    """A split as models take it: three parts of the same users and items.

    Attributes:
        train: What is learned from.
        validation: What the epoch is chosen by; may hold nothing.
        past: Both: the histories that lists are made from.
        allowed: `[n_items]` bool, false for items that no list may hold; `None` allows all.
    """

    train: Interactions
    validation: Interactions
    past: Interactions
    allowed: np.ndarray | None = None


def split_data(
    split: Split,
    vocabulary: Sequence[str] | pl.Series,
    taken_back: pl.DataFrame | None = None,
    withdrawn: pl.Series | None = None,
) -> SplitData:
    """Every user of any part, a user of the test alone with an empty history.

    Args:
        split: Parts with `user_id, item_id, event_at, event_id, weight`.
        vocabulary: Ids of the items that can be recommended; training rows of other items are an error.
        taken_back: Rows `user_id, item_id, event_at` of what was bought and given back: in no list of `past`.
        withdrawn: Ids of items that no list may hold, such as those that were sold out.
    """
    parts = (split.train, split.validation, split.test)
    users = np.array(sorted(set().union(*(part["user_id"].unique() for part in parts))), dtype=object)
    items = np.array(sorted(vocabulary), dtype=object)
    frames = split.train, split.validation, pl.concat([split.train, split.validation])
    train, validation, past = (_of_users(Interactions.from_frame(frame, items), users) for frame in frames)
    if taken_back is not None:
        past = replace(past, taken_back=TakenBack.from_frame(taken_back, users, items))
    allowed = None if withdrawn is None else ~np.isin(items, withdrawn.to_numpy())
    return SplitData(train, validation, past, allowed)


def score_split(
    split: Split,
    data: SplitData,
    models: Mapping[str, Callable[[], Retriever]],
    ks: Sequence[int],
    device: str = "cpu",
    baseline: str = "recent_popularity",
    sampled_negatives: int | None = None,
    resampling: Resampling = Resampling(),
) -> pl.DataFrame:
    """Fit each model and score its lists.

    A model is fitted on `train`, its epoch chosen by `validation`. Where days are split it is then fitted on both for
    as many epochs, as the pipeline does; the other splits keep the first fit, as the papers that use them do. Lists
    are made from the histories of both. Slices: `all`, users with a history; `users=cold`, those without one;
    `items=warm` and `items=cold`, users with a history and only such of their test items as anybody, or nobody, had
    touched.

    Args:
        split: What the data was made of; its test part is the truth.
        data: `split_data(split, ...)`.
        models: Name -> makes an unfitted retriever.
        ks: List lengths.
        device: Where torch models are fitted.
        baseline: The model the others are compared with.
        sampled_negatives: Rank test items among so many others instead of the whole catalogue.
        resampling: How intervals are drawn.

    Returns:
        Rows of `MEANS_SCHEMA`, sorted by model, slice, k and metric.
    """
    truth = split.test.select("user_id", "item_id").unique().sort("user_id", "item_id")
    users = np.searchsorted(data.past.user_ids, truth["user_id"].unique().sort().to_numpy())
    chosen = None
    if sampled_negatives is not None:
        chosen = sampled(data.past, users, truth, sampled_negatives, resampling.seed, data.allowed)
    lists = {}
    for name, make in models.items():
        model = fit(make, data, device, refit=not split.leaks_future)
        lists[name] = ranked(model, data.past, users, max(ks), chosen, data.allowed)
    rows = [row for part in _sliced_truths(data.past, truth) for row in _rows(lists, part, ks, baseline, resampling)]
    frame = pl.DataFrame(rows, MEANS_SCHEMA, orient="row")
    return frame.sort("model", "slice", "k", "metric")


def fit(make: Callable[[], Retriever], data: SplitData, device: str, refit: bool) -> Retriever:
    """A model fitted on `train`, stopped by `validation` where it has rows; with `refit`, another one on both."""
    model = make()
    watched = data.validation if len(data.validation.items) else None
    report = model.fit(data.train, watched, device)
    if refit and watched is not None:
        model = make()
        model.fit(data.past, None, device, n_epochs=report.best_epoch or None)
    return model


def _of_users(data: Interactions, users: np.ndarray) -> Interactions:
    """The same rows with these users, sorted, of whom some may have none."""
    lengths = np.zeros(len(users), dtype=np.int64)
    lengths[np.searchsorted(users, data.user_ids)] = data.lengths()
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Interactions(users, data.item_ids, offsets, data.items, data.times, data.weights)


def _sliced_truths(past: Interactions, truth: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    known = pl.Series(past.user_ids[past.lengths() > 0].tolist(), dtype=pl.Utf8)
    touched = pl.Series(past.item_ids[np.unique(np.asarray(past.items))].tolist(), dtype=pl.Utf8)
    warm_user = pl.col("user_id").is_in(known.implode())
    warm_item = pl.col("item_id").is_in(touched.implode())
    yield ALL, truth.filter(warm_user)
    yield COLD_USERS, truth.filter(~warm_user)
    yield WARM_ITEMS, truth.filter(warm_user & warm_item)
    yield COLD_ITEMS, truth.filter(warm_user & ~warm_item)


def _rows(
    lists: Mapping[str, pl.DataFrame],
    sliced: tuple[str, pl.DataFrame],
    ks: Sequence[int],
    baseline: str,
    resampling: Resampling,
) -> Iterator[tuple]:
    name, truth = sliced
    if truth.is_empty():
        return
    values = {model: user_values(rows, truth, ks) for model, rows in lists.items()}
    everyone = truth.select(pl.col("user_id").unique().sort(), slice=pl.lit(name))
    yield from mean_rows(values, everyone, resampling)
    if name == ALL:
        yield from comparison_rows(values, baseline, ks, resampling)
