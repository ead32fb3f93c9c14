"""Checks of `raw_events` and `core_events` against the same weekday of the trailing weeks (`checks.history`)."""

import datetime as dt
from itertools import groupby
from typing import Any

import dagster as dg
import polars as pl

from assets.display import rounded
from assets.graph import Graph, checked_days, preview
from assets.quality.event_profile import add_items, profile_days, read_profiles
from assets.quality.suite_metadata import EXPECTATIONS
from models.quality.history_rules import HistoryRules
from models.quality.trailing_weeks import Finding, first_needed, judge_days
from resources.warehouse import Warehouse

REMEDY = (
    "See whether the days' files are complete and mean what they meant; if the change is right, widen its limit "
    "under checks.history, or take the measure out of checks.history.blocks."
)
MEANINGS = {
    "volume": "as many events as usual",
    "null_share": "the usual share of rows has no {column}",
    "type_share": "the usual mix of event types",
    "new_item_share": "no more new items than usual",
    "price_quantiles": "the usual deciles and median of prices",
    "psi": "{column} is distributed as usual (population stability index)",
}


def build(graph: Graph) -> list[dg.AssetChecksDefinition]:
    """The check of each of the two tables."""
    return [_check(graph, "raw_events", ["source_files"]), _check(graph, "core_events", ["feat_item_daily"])]


def _check(graph: Graph, table: str, deps: list[str]) -> dg.AssetChecksDefinition:
    rules = graph.settings.checks.history

    @dg.asset_check(
        asset=table,
        name=f"{table}_are_like_the_trailing_weeks",
        blocking=True,
        additional_deps=deps,
        description="Each day against the same weekday of the trailing weeks: volume, missing values, event types, "
        "prices, drift of each distribution, and of core_events new items (checks.history).",
    )
    def like_the_trailing_weeks(context: dg.AssetCheckExecutionContext, warehouse: Warehouse):
        if rules is None:
            return dg.AssetCheckResult(passed=True, metadata={"note": "Turned off: checks.history is null."})
        first, last = checked_days(context, graph)
        audited = graph.with_neighbours(first, last)
        # Cleaning a day also changes what is kept of its neighbours; their raw events stay as they are.
        profile_days(warehouse, table, *(audited if table == "core_events" else (first, last)))
        return check_result(judged(warehouse, table, *audited, rules), rules)

    return like_the_trailing_weeks


def judged(warehouse: Warehouse, table: str, first: dt.date, last: dt.date, rules: HistoryRules) -> list[Finding]:
    """What the profiles that are kept say of the days `first..last`."""
    begin = first_needed(first, rules)
    profiles = read_profiles(warehouse, table, begin, last)
    if table == "core_events":
        add_items(warehouse, profiles, begin, last)
    return judge_days(profiles, first, last, rules)


def check_result(findings: list[Finding], rules: HistoryRules) -> dg.AssetCheckResult:
    """One result for all days and measures: an error if any is one, a warning if any is beyond its limit."""
    beyond = [each for each in findings if each.verdict != "ok"]
    fails = any(each.verdict == "fail" for each in beyond)
    by_measure = groupby(sorted(findings, key=_measure), key=_measure)
    rows = [_expectation([*group], rules) for _, group in by_measure]
    metadata: dict[str, Any] = {
        "days_judged": len({each.day for each in findings}),
        "days_beyond_a_limit": len({each.day for each in beyond}),
        "differences": dg.MetadataValue.md(preview(_shown(beyond), 30)),
        "measures": dg.MetadataValue.md(preview(_measures(rows), 60)),
        EXPECTATIONS: dg.MetadataValue.json(rows),
    }
    if not findings:
        metadata["note"] = (
            f"Too little history: no day has {rules.min_weeks} of the {rules.weeks} same weekdays before it "
            f"with events, and {rules.min_events:,} events."
        )
    if beyond:
        metadata["remedy"] = REMEDY
    severity = dg.AssetCheckSeverity.ERROR if fails else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(passed=not beyond, severity=severity, metadata=metadata)


def _measure(finding: Finding) -> tuple[str, str]:
    return finding.measure, finding.column


def _expectation(findings: list[Finding], rules: HistoryRules) -> dict[str, Any]:
    """A row of `quality_history` about one measure of one column: its largest difference, and how many days differ."""
    worst = max(findings, key=lambda each: (each.verdict != "ok", each.size))
    n_beyond = sum(each.verdict != "ok" for each in findings)
    limits = {"limit": rounded(worst.limit)}
    limits |= {"fail": rules.psi_fail} if worst.measure == "psi" else {}
    return {
        "expectation": worst.measure,
        "column": worst.column,
        "meaning": MEANINGS[worst.measure].format(column=worst.column),
        "success": n_beyond == 0,
        "observed": f"{worst.found} on {worst.day}, usually {worst.usual}",
        "limits": limits,
        "measured": {"largest": rounded(worst.size), "days_judged": len(findings), "days_beyond": n_beyond},
    }


def _shown(beyond: list[Finding]) -> pl.DataFrame:
    """Differences for a person, errors first, then the newest."""
    ordered = sorted(beyond, key=lambda each: (each.verdict == "fail", each.day), reverse=True)
    rows = [(str(each.day), each.measure, each.column, each.found, each.usual, each.verdict) for each in ordered]
    return pl.DataFrame(rows, schema=["day", "measure", "column", "found", "usually", "verdict"], orient="row")


def _measures(rows: list[dict[str, Any]]) -> pl.DataFrame:
    shown = [("" if row["success"] else "beyond", row["meaning"], row["observed"]) for row in rows]
    return pl.DataFrame(shown, schema=["", "expected", "farthest day"], orient="row")
