"""Long histories in short prompts: everything counted by category, and a bounded selection of events.

Nothing is cut blindly: half of the selection is the newest, the other half goes round the user's categories, the
weightiest item of each first, so that 200,000 events of one kind leave room for the one of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from models.profiles.item_facts import category_labels
from models.profiles.shown_users import ShownEvent
from models.profiles.user_events import exact

KEYS = ["user_id", "item_id", "given_back"]
ORDER = ["user_id", "event_at", "event_id", "item_id", "given_back"]
"""What is given back in part stands twice under one event id, so the order needs the last one too."""


def shown_labels(items: pl.DataFrame, depth: int) -> pl.DataFrame:
    """Rows `item_id, label`: the categories under which an item's events are counted; see `category_labels`."""
    labels = items.select("item_id", label=category_labels(depth)).explode("label", empty_as_null=True)
    return labels.drop_nulls().unique(maintain_order=True)


def touched_items(events: pl.DataFrame) -> pl.DataFrame:
    """All that each user did with one item as one row.

    Args:
        events: `user_id, item_id, event_id, event_at, event_day, event_type, weight, value, mass, given_back`, in
            (user, time, event id) order.

    Returns:
        `user_id, item_id, given_back`, of the newest event `event_id, event_at, event_day, value`, the weightiest kind
        as `did`, the number of events as `times`, and their `mass` in whole units; the oldest row of a user first.
    """
    return (
        events.group_by(KEYS, maintain_order=True)
        .agg(
            pl.col("event_id", "event_at", "event_day", "value").last(),
            did=pl.col("event_type").sort_by("weight", "event_at", "event_id").last(),
            times=pl.len(),
            mass=exact("mass").sum(),
        )
        .sort(ORDER)
    )


def selected(touched: pl.DataFrame, labels: pl.DataFrame, limit: int) -> pl.DataFrame:
    """At most `limit` rows of each user: the newest half, then round the categories, the weightiest rows of each first.

    Args:
        touched: See `touched_items`.
        labels: See `shown_labels`.
        limit: Rows for each user.

    Returns:
        The rows in the order they came; all of a user who has no more.
    """
    n_newest = (limit + 1) // 2
    rows = touched.with_row_index("place").with_columns(
        age=pl.len().over("user_id").cast(pl.Int64) - 1 - pl.int_range(pl.len()).over("user_id")
    )
    newest = rows.filter(pl.col("age") < n_newest)
    others = rows.filter(pl.col("age") >= n_newest).join(labels, on="item_id", how="left", maintain_order="left")
    others = others.with_columns(pl.col("label").fill_null(""))
    others = others.with_columns(category_mass=pl.col("mass").sum().over("user_id", "label"))
    others = others.sort("mass", "age", descending=[True, False]).with_columns(
        turn=pl.int_range(pl.len()).over("user_id", "label")
    )
    representative = (
        others.sort("user_id", "turn", "category_mass", "label", descending=[False, False, True, False])
        .unique("place", keep="first", maintain_order=True)
        .group_by("user_id", maintain_order=True)
        .head(limit - n_newest)
    )
    chosen = pl.concat([newest.select("place"), representative.select("place")])
    return rows.join(chosen, on="place", how="semi", maintain_order="left").drop("place", "age").sort(ORDER)


def counted_histories(events: pl.DataFrame, labels: pl.DataFrame, n_categories: int) -> dict[str, dict[str, Any]]:
    """Every user's whole history in numbers: events, days, and the weightiest categories with their share and span.

    Args:
        events: See `touched_items`; what was given back does not count.
        labels: See `shown_labels`.
        n_categories: Categories told of each user.

    Returns:
        User -> what stands in the prompt; of users whose events were all given back nothing.
    """
    kept = events.filter(~pl.col("given_back"))
    span = {"first_day": pl.col("event_day").min(), "last_day": pl.col("event_day").max()}
    users = kept.group_by("user_id", maintain_order=True).agg(n=pl.len(), mass=exact("mass").sum(), **span)
    categories = (
        kept.join(labels, on="item_id")
        .group_by("user_id", "label")
        .agg(n=pl.len(), mass=exact("mass").sum(), **span)
        .join(users.select("user_id", whole="mass"), on="user_id")
        .with_columns(share=(pl.col("mass") / pl.col("whole")).round(2))
        .sort("user_id", "share", "label", descending=[False, True, False])
        .group_by("user_id", maintain_order=True)
        .head(n_categories)
    )
    told: dict[str, dict[str, Any]] = {}
    for user, n, _, first, last in users.iter_rows():
        told[user] = {"events": n, "first_day": str(first), "last_day": str(last), "categories": []}
    columns = ("user_id", "label", "n", "share", "first_day", "last_day")
    for user, label, n, share, first, last in categories.select(columns).iter_rows():
        row = {"category": label, "events": n, "share": share, "first_day": str(first), "last_day": str(last)}
        told[user]["categories"].append(row)
    return told


def shown_events(rows: pl.DataFrame, texts: Mapping[str, str]) -> dict[str, tuple[ShownEvent, ...]]:
    """Rows of `selected` as the model sees them, by user.

    Args:
        rows: The selection.
        texts: Item -> its text, for every item of the rows.
    """
    found: dict[str, list[ShownEvent]] = {}
    columns = ("user_id", "item_id", "event_id", "event_day", "did", "times", "value", "given_back")
    for user, item, event, day, did, times, value, given_back in rows.select(columns).iter_rows():
        found.setdefault(user, []).append(ShownEvent(event, day, did, times, texts[item], value, given_back))
    return {user: tuple(events) for user, events in found.items()}
