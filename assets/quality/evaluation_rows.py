"""A check's evaluation, as Dagster recorded it, to rows of `quality_history`."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from assets.quality.suite_metadata import EXPECTATIONS

LIMITS = "limits"
"""Metadata entry of a check: what its measured values were held against."""

DBT = "dagster_dbt/"
NOT_MEASURED = {LIMITS, EXPECTATIONS, "remedy", "Execution Duration"}
MOST_CHARACTERS = 300


def rows_of(evaluation: dg.AssetCheckEvaluation) -> Iterator[dict[str, Any]]:
    """The check as a whole, then its expectations, in order.

    Only numbers, short texts and counts by name are kept of the metadata: examples of rows, which may name people,
    are left to the run's page.
    """
    metadata = {name: getattr(value, "value", None) for name, value in evaluation.metadata.items()}
    limits, expectations = metadata.get(LIMITS), metadata.get(EXPECTATIONS) or []
    shared = {
        "asset": evaluation.asset_key.to_user_string(),
        "check_name": evaluation.check_name,
        "kind": _kind(evaluation.metadata),
        "severity": evaluation.severity.value.lower(),
        "blocking": bool(evaluation.blocking),
    }
    measured = dict(_measured(evaluation.metadata))
    yield {**shared, "expectation_number": 0, "passed": evaluation.passed, **_json(measured, limits)}
    for number, row in enumerate(expectations, start=1):
        found = {name: row.get(name) for name in ("observed", "unexpected_count") if row.get(name) is not None}
        told = {"expectation": row.get("expectation"), "column_name": row.get("column"), "meaning": row.get("meaning")}
        passed = {"expectation_number": number, "passed": bool(row.get("success"))}
        yield {**shared, **told, **passed, **_json(found | row.get("measured", {}), row.get("limits"))}


def _kind(metadata: Mapping[str, dg.MetadataValue]) -> str:
    if any(name.startswith(DBT) for name in metadata):
        return "dbt"
    return "great_expectations" if "suite" in metadata else "python"


def _measured(metadata: Mapping[str, dg.MetadataValue]) -> Iterator[tuple[str, Any]]:
    for name, entry in metadata.items():
        value = getattr(entry, "value", None)
        if name in NOT_MEASURED or isinstance(entry, dg.MarkdownMetadataValue):
            continue
        short = isinstance(value, str) and len(value) <= MOST_CHARACTERS and not re.search(r"_id$", name)
        counts = isinstance(value, dict) and all(isinstance(each, int | float) for each in value.values())
        if isinstance(value, bool | int | float) or short or counts:
            yield name.removeprefix(DBT), value


def _json(measured: dict[str, Any], limits: Any) -> dict[str, str | None]:
    """Both as JSON texts; `null` where there is nothing, so that `is null` finds it."""
    texts = {"measured": measured or None, LIMITS: limits or None}
    return {name: json.dumps(value, sort_keys=True, default=str) if value else None for name, value in texts.items()}
