"""How far a day is from other days, measure by measure; the limits are those of `HistoryRules`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from functools import reduce
from operator import add
from statistics import median
from typing import Final, NamedTuple

from models.quality.day_profile import DayProfile, quantile
from models.quality.history_rules import HistoryRules
from models.quality.stability import by_chance, category_bins, number_bins, stability_index

QUANTILES: Final = (0.1, 0.5, 0.9)
ITEMS: Final = "items"
"""Category column of a profile that counts a day's items: `new` or `known`."""


class Difference(NamedTuple):
    """How far a day is from the trailing ones.

    Attributes:
        size: From 0 up; what is held against the limit.
        found: The day's value, in words.
        usual: That of the trailing days.
    """

    size: float
    found: str
    usual: str


Compare = Callable[[DayProfile, list[DayProfile]], Difference | None]


def measures(days: list[DayProfile], rules: HistoryRules) -> Iterator[tuple[str, str, float, Compare]]:
    """Measure, column, limit and comparison of everything that one of the days has."""
    least = rules.min_events
    yield "volume", "", math.log(rules.volume_factor), lambda day, rest: _volume(day, rest, least)
    for column in sorted({name for day in days for name in day.present}):
        yield (
            "null_share",
            column,
            rules.null_share,
            _share_of(_without(column), least),
        )
    yield "type_share", "event_type", rules.type_share, lambda day, rest: _types(day, rest, least)
    yield "new_item_share", "item_id", rules.new_item_share, lambda day, rest: _new_items(day, rest, least)
    yield "price_quantiles", "price", math.log(rules.price_factor), lambda day, rest: _prices(day, rest, least)
    for kind, bins in (("categories", category_bins), ("numbers", number_bins)):
        for column in sorted({name for day in days for name in getattr(day, kind)} - {ITEMS}):
            yield "psi", column, rules.psi_warn, _stability(kind, column, bins, least)


def _volume(day: DayProfile, rest: list[DayProfile], least: int) -> Difference | None:
    usual = median(each.n_events for each in rest)
    if usual < least or not day.n_events:
        return None
    return Difference(abs(math.log(day.n_events / usual)), f"{day.n_events:,} events", f"{usual:,.0f}")


def _share_of(count: Callable[[DayProfile], int], least: int) -> Compare:
    def compare(day: DayProfile, rest: list[DayProfile]) -> Difference | None:
        total = sum(each.n_events for each in rest)
        if min(day.n_events, total) < least:
            return None
        found, usual = count(day) / day.n_events, sum(map(count, rest)) / total
        return Difference(abs(found - usual), f"{found:.1%}", f"{usual:.1%}")

    return compare


def _without(column: str) -> Callable[[DayProfile], int]:
    return lambda day: day.n_events - day.present[column]


def _of_type(name: str) -> Callable[[DayProfile], int]:
    return lambda day: day.categories.get("event_type", Counter())[name]


def _types(day: DayProfile, rest: list[DayProfile], least: int) -> Difference | None:
    """The event type whose share has changed most."""
    names = sorted({name for each in (day, *rest) for name in each.categories.get("event_type", ())})
    shares = {name: _share_of(_of_type(name), least)(day, rest) for name in names}
    told = [(found.size, name, found) for name, found in shares.items() if found is not None]
    if not told:
        return None
    size, name, found = max(told)
    return Difference(size, f"{name} {found.found}", found.usual)


def _new_items(day: DayProfile, rest: list[DayProfile], least: int) -> Difference | None:
    """A rise of the share of new items; the first weeks of a log, in which every item is new, make it fall."""
    items = [each.categories.get(ITEMS) for each in (day, *rest)]
    if any(each is None for each in items):
        return None
    (here, *others) = [each for each in items if each is not None]
    pooled = reduce(add, others)
    if min(here.total(), pooled.total()) < least:
        return None
    found, usual = here["new"] / here.total(), pooled["new"] / pooled.total()
    return Difference(max(found - usual, 0.0), f"{found:.1%}", f"{usual:.1%}")


def _prices(day: DayProfile, rest: list[DayProfile], least: int) -> Difference | None:
    """The quantile of prices that has moved most."""
    here, pooled = day.numbers.get("price"), reduce(add, rest).numbers.get("price")
    if here is None or pooled is None or min(here.total(), pooled.total()) < least:
        return None
    moved = []
    for share in QUANTILES:
        found, usual = quantile(here, share), quantile(pooled, share)
        if found and usual:
            words = f"{share:.0%} below {found:.3g}"
            moved.append(Difference(abs(math.log(found / usual)), words, f"{usual:.3g}"))
    return max(moved, default=None)


def _stability(kind: str, column: str, bins: Callable, least: int) -> Compare:
    def compare(day: DayProfile, rest: list[DayProfile]) -> Difference | None:
        here, pooled = getattr(day, kind).get(column), getattr(reduce(add, rest), kind).get(column)
        if here is None or pooled is None or min(here.total(), pooled.total()) < least:
            return None
        expected, actual = bins(pooled, here)
        found = stability_index(expected, actual)
        chance = by_chance(len(expected), sum(expected), sum(actual))
        size = found if found > chance else 0.0
        return Difference(size, f"PSI {found:.3f}", f"by chance up to {chance:.3f}")

    return compare
