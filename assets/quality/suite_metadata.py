"""What a check shows of a suite: a table to read, and the same as data for `quality_history`."""

from typing import Any

import dagster as dg

from models.quality.result import SuiteResult

EXPECTATIONS = "expectations"
"""Metadata entry that `quality_history` unfolds into one row per expectation."""

SHOWN = ("expectation", "column", "meaning", "success", "observed", "unexpected_count", "limits")


def suite_metadata(result: SuiteResult) -> dict[str, Any]:
    """Metadata entries of a check that held a frame against a suite; the examples are only in the table to read."""
    rows = [{name: row[name] for name in SHOWN} for row in result.rows]
    return {"suite": dg.MetadataValue.md(result.markdown), EXPECTATIONS: dg.MetadataValue.json(rows)}
