"""Days against the same weekday of the weeks before: what is beyond its limit, and beyond what these days usually do.

A difference counts if it is beyond its limit, and beyond `spread` times the largest difference of the same kind
between one of the trailing days and the others of them. So weekly rhythms cancel out (a Sunday is held against
Sundays), days on which the shop is closed are passed over, and a shop whose days always swing is not told so every day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final, NamedTuple

from models.quality.day_measures import Compare, measures
from models.quality.day_profile import DayProfile
from models.quality.history_rules import HistoryRules

WEEK: Final = dt.timedelta(days=7)


class Finding(NamedTuple):
    """What a measure of a column says of a day.

    Attributes:
        day: The day.
        measure: One of `HistoryRules`' measures.
        column: The column, or empty.
        size: See `Difference`; of factors their logarithm.
        found: The day's value, in words.
        usual: That of the trailing days.
        limit: What `size` may be.
        verdict: ok, warn or fail.
    """

    day: dt.date
    measure: str
    column: str
    size: float
    found: str
    usual: str
    limit: float
    verdict: str


def trailing_days(profiles: Mapping[dt.date, DayProfile], day: dt.date, rules: HistoryRules) -> list[DayProfile]:
    """The same weekday of the weeks before that has events, the newest first; none where that is too few weeks."""
    days = [profiles.get(day - back * WEEK) for back in range(1, rules.weeks + 1)]
    there = [profile for profile in days if profile is not None and profile.n_events]
    return there if len(there) >= rules.min_weeks else []


def judge_days(
    profiles: Mapping[dt.date, DayProfile], first: dt.date, last: dt.date, rules: HistoryRules
) -> list[Finding]:
    """Every measure of the days `first..last` that can be judged, in order.

    What would be an error is a warning until it has been one for `rules.fail_after_days` days with events in a row,
    all within a week.

    Args:
        profiles: Those of the days, and of `first_needed(first, rules)` and later.
        first: First day to judge.
        last: Last day to judge.
        rules: Limits.
    """
    days = sorted(day for day, profile in profiles.items() if profile.n_events and first - WEEK < day <= last)
    in_a_row: dict[tuple[str, str], list[dt.date]] = {}
    found = []
    for day in days:
        findings = judge_day(profiles, day, rules)
        failing = {(each.measure, each.column) for each in findings if each.verdict == "fail"}
        in_a_row = {key: [*(at for at in in_a_row.get(key, []) if at > day - WEEK), day] for key in failing}
        early = {key for key, failed in in_a_row.items() if len(failed) < rules.fail_after_days}
        found += [each._replace(verdict="warn") if (each.measure, each.column) in early else each for each in findings]
    return [each for each in found if each.day >= first]


def first_needed(first: dt.date, rules: HistoryRules) -> dt.date:
    """The first day whose profile judging `first` may ask for."""
    return first - (rules.weeks + 1) * WEEK


def judge_day(profiles: Mapping[dt.date, DayProfile], day: dt.date, rules: HistoryRules) -> list[Finding]:
    """Every measure of a day that can be judged; none for a day without events or with too little before it."""
    here = profiles.get(day)
    before = trailing_days(profiles, day, rules)
    if here is None or not here.n_events or not before:
        return []
    found = (_judged(day, here, before, rules, *each) for each in measures([here, *before], rules))
    return [finding for finding in found if finding is not None]


def _judged(
    day: dt.date,
    here: DayProfile,
    before: list[DayProfile],
    rules: HistoryRules,
    measure: str,
    column: str,
    limit: float,
    compare: Compare,
) -> Finding | None:
    difference = compare(here, before)
    if difference is None:
        return None
    size, verdict = difference.size, "ok"
    if size > limit and size > rules.spread * _usual_size(before, compare):
        fails = measure in rules.blocks and (measure != "psi" or size > rules.psi_fail)
        verdict = "fail" if fails else "warn"
    return Finding(day, measure, column, size, difference.found, difference.usual, limit, verdict)


def _usual_size(before: list[DayProfile], compare: Compare) -> float:
    """The largest difference between one of the trailing days and the others."""
    others = ((each, [*before[:place], *before[place + 1 :]]) for place, each in enumerate(before))
    sizes = [compare(each, rest) for each, rest in others]
    return max((found.size for found in sizes if found is not None), default=0.0)
