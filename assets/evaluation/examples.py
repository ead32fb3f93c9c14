"""Example users of the report: a short, a middling and a long history, with the lists they got."""

import datetime as dt

import polars as pl

from assets.evaluation.scoring import read_lists
from assets.graph import Graph
from assets.point_in_time import interactions_between, interactions_until, items_known
from models.reports.report import ExampleItem, ExampleUser
from models.retrieval import registry
from resources.warehouse import Warehouse

SHOWN = 5
HISTORY_SHOWN = 8
QUANTILES = (0.1, 0.5, 0.9)
POPULAR = "popular with everyone"

Reasons = dict[tuple[str, str, str], tuple[str, list[str]]]
"""Model, user and item -> the retriever that ranked the item highest, and the history items that speak for it."""


def example_users(graph: Graph, warehouse: Warehouse, metrics: pl.DataFrame) -> list[ExampleUser]:
    """Users of the scored as-of day at three lengths of history who took something afterwards."""
    if metrics.is_empty():
        return []
    day, through = metrics["as_of_day"][0], metrics["scored_through"][0]
    before, after = interactions_until(warehouse, day), interactions_between(warehouse, day, through)
    items = items_known(warehouse, through)
    titles = dict(items.select("item_id", pl.coalesce("title", "item_id")).iter_rows())
    lists = read_lists(warehouse, day, SHOWN)
    reasons = read_reasons(warehouse, day, SHOWN)
    shown = {name: lists[name] for name in ("recommendations", *graph.settings.retrievers) if name in lists}
    chosen = choose_users(before, after, lists["recommendations"])
    return [example_user(user, before, after, shown, titles, reasons) for user in chosen]


def reason(source: str, because: list[str]) -> str:
    """Why an item is in a list, in words.

    Args:
        source: The retriever that ranked it highest; one that only counts has no history item to point at, whatever
            the others say of the item.
        because: Titles of history items that speak for the item, if any.
    """
    if registry.retriever_class(source).is_baseline:
        return POPULAR
    return f"{source}, because of {because[0]}" if because else source


def choose_users(before: pl.DataFrame, after: pl.DataFrame, served: pl.DataFrame) -> list[str]:
    """Users with a short, a middling and a long history among those who took something later and were given a list.

    Args:
        before: Rows with `user_id`: histories.
        after: Rows with `user_id`: what was taken later.
        served: Rows with `user_id`: lists.
    """
    lengths = before.group_by("user_id").agg(pl.len().alias("n")).join(after, on="user_id", how="semi")
    lengths = lengths.join(served, on="user_id", how="semi").sort("n", "user_id")
    if lengths.is_empty():
        return []
    rows = sorted({int(q * (lengths.height - 1)) for q in QUANTILES})
    return [lengths["user_id"][row] for row in rows]


def read_reasons(warehouse: Warehouse, day: dt.date, k: int) -> Reasons:
    """Why the first k items of every final list as of one day are there."""
    sql = "SELECT user_id, item_id, source, because_of FROM recommendations WHERE as_of_day = ? AND rank <= ?"
    rows = warehouse.read(sql, [day, k])
    return {("recommendations", user, item): (source, because) for user, item, source, because in rows.iter_rows()}


def example_user(
    user: str,
    before: pl.DataFrame,
    after: pl.DataFrame,
    lists: dict[str, pl.DataFrame],
    titles: dict[str, str],
    reasons: Reasons,
    note: str = "",
) -> ExampleUser:
    """A user in full.

    Args:
        user: Whose history and lists are shown.
        before: Interactions up to the as-of day, in order.
        after: Those of the scored days.
        lists: Model -> rows `user_id, rank, item_id`.
        titles: Of the items; one without is shown by its id.
        reasons: Why items are in lists, where it is known.
        note: Why this user is shown.
    """
    taken = set(after.filter(pl.col("user_id") == user)["item_id"].to_list())
    history = before.filter(pl.col("user_id") == user)["item_id"].tail(HISTORY_SHOWN).to_list()

    def shown(model: str, item: str) -> ExampleItem:
        source, because = reasons.get((model, user, item), ("", []))
        why = reason(source, [titles.get(past, past) for past in because or []]) if source else ""
        return ExampleItem(titles.get(item, item), why, item in taken)

    rows = {
        name: frame.filter(pl.col("user_id") == user).sort("rank")["item_id"].to_list() for name, frame in lists.items()
    }
    return ExampleUser(
        user_id=user,
        history=[titles.get(item, item) for item in history],
        lists={name: [shown(name, item) for item in items] for name, items in rows.items()},
        note=note,
    )
