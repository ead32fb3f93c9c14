"""What truly happened on a day, as columns, and the same as the shop's clean log."""

from __future__ import annotations

import datetime as dt
from enum import IntEnum

import numpy as np
import polars as pl

from models.simulation.catalogue import Catalogue
from models.simulation.vocabulary import USER_AGENTS
from models.simulation.world import World

LAST_MILLISECOND = 86_400_000 - 1


class EventType(IntEnum):
    """What a line reports."""

    IMPRESSION = 0
    CLICK = 1
    CART = 2
    PURCHASE = 3
    SEARCH = 4


class DayLog:
    """Collects a day's events in columns.

    A search's item is the one that was looked for; the log line does not tell it.

    Args:
        day: Days since the first day.
    """

    def __init__(self, day: int):
        self.day = day
        self.n_sessions = 0
        self._parts: list[dict[str, np.ndarray]] = []
        nobody = np.zeros(0)
        self.add(EventType.CLICK, nobody, nobody, nobody, nobody)

    def new_sessions(self, n: int) -> np.ndarray:
        """Numbers of n new sessions, unique within the day, `[n]` int64."""
        self.n_sessions += n
        return np.arange(self.n_sessions - n, self.n_sessions)

    def add(
        self,
        kind: EventType,
        users: np.ndarray,
        session: np.ndarray,
        seconds: np.ndarray,
        items: np.ndarray,
        shown: tuple[np.ndarray, np.ndarray] | None = None,
        quantity: np.ndarray | None = None,
    ) -> None:
        """Add events of one kind, all arrays `[n]`.

        Args:
            kind: Their type.
            users: User indices.
            session: Numbers from `new_sessions`.
            seconds: Seconds since midnight; what would run past midnight is moved to the day's last millisecond.
            items: Item indices.
            shown: Position (from 1) and propensity where the event belongs to the session's list.
            quantity: Pieces, for carts and purchases.
        """
        n = len(users)
        position, propensity = (np.zeros(n), np.full(n, np.nan)) if shown is None else shown
        self._parts.append(
            {
                "kind": np.full(n, kind, dtype=np.int8),
                "user": users.astype(np.int32),
                "session": session.astype(np.int64),
                "millisecond": np.minimum(np.round(seconds * 1000), LAST_MILLISECOND).astype(np.int64),
                "item": items.astype(np.int32),
                "position": position.astype(np.int32),
                "propensity": propensity.astype(np.float64),
                "quantity": np.zeros(n, dtype=np.int32) if quantity is None else quantity.astype(np.int32),
            }
        )

    def columns(self) -> dict[str, np.ndarray]:
        """All events in the order in which they were added."""
        return {name: np.concatenate([part[name] for part in self._parts]) for name in self._parts[0]}

    def clicks(self) -> tuple[np.ndarray, np.ndarray]:
        """User and item of every click, each user's in order, two int32 arrays."""
        columns = self.columns()
        clicked = columns["kind"] == EventType.CLICK
        return columns["user"][clicked], columns["item"][clicked]


def event_frame(log: DayLog, world: World, catalogue: Catalogue, date: dt.date) -> pl.DataFrame:
    """The day's clean log lines in time order.

    Args:
        log: What happened.
        world: Ids and user agents.
        catalogue: Prices and queries.
        date: The day.

    Returns:
        `event_id, user_id, item_id, type, ts, session_id, impression_id, position, propensity, price, quantity,
        query, user_agent`, as they are written.
    """
    raw = log.columns()
    order = np.argsort(raw["millisecond"], kind="stable")
    raw = {name: column[order] for name, column in raw.items()}
    kind, item, compact = raw["kind"], raw["item"], date.strftime("%Y%m%d")
    search, listed, priced = kind == EventType.SEARCH, raw["position"] > 0, raw["quantity"] > 0
    names = np.array([member.name.lower() for member in EventType])
    frame = pl.DataFrame(
        {
            "n": np.arange(1, len(kind) + 1),
            "user_id": world.user_ids[raw["user"]],
            "item_id": world.item_ids[item],
            "type": names[kind],
            "at": np.datetime64(date, "ms") + raw["millisecond"].astype("timedelta64[ms]"),
            "session": raw["session"],
            "position": raw["position"],
            "propensity": raw["propensity"],
            "price": catalogue.prices[item],
            "quantity": raw["quantity"],
            "query": np.array(catalogue.queries)[item, raw["millisecond"] % 3],
            "user_agent": np.array(USER_AGENTS)[world.agent[raw["user"]]],
        }
    )
    number = pl.col("session").cast(pl.String).str.zfill(6)
    return frame.select(
        (f"e{compact}-" + pl.col("n").cast(pl.String).str.zfill(7)).alias("event_id"),
        "user_id",
        _only(pl.col("item_id"), ~search),
        "type",
        pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").alias("ts"),
        (f"s{compact}-" + number).alias("session_id"),
        _only(f"m{compact}-" + number, listed).alias("impression_id"),
        _only(pl.col("position"), listed),
        _only(pl.col("propensity"), listed),
        _only(pl.col("price"), priced),
        _only(pl.col("quantity"), priced),
        _only(pl.col("query"), search),
        "user_agent",
    )


def _only(column: pl.Expr, where: np.ndarray) -> pl.Expr:
    """The column where a mask is true, null elsewhere."""
    return pl.when(pl.Series(where)).then(column)
