"""What a check shows of a suite: a table to read, a page, and the same as data for `quality_history`."""

from pathlib import Path
from typing import Any

import dagster as dg

from assets.graph import Graph
from models.quality.data_docs import data_docs_page
from models.quality.result import SuiteResult

EXPECTATIONS = "expectations"
"""Metadata entry that `quality_history` unfolds into one row per expectation."""

SHOWN = ("expectation", "column", "meaning", "success", "observed", "unexpected_count", "limits")
FOLDER = "data_docs"


def suite_metadata(result: SuiteResult, page: Path | None = None) -> dict[str, Any]:
    """Metadata entries of a check that held a frame against a suite; the examples are only in the table and the page.

    Args:
        result: What the suite found.
        page: Where Great Expectations' page about it is written to; `None`: nowhere.
    """
    rows = [{name: row[name] for name in SHOWN} for row in result.rows]
    shown = {"suite": dg.MetadataValue.md(result.markdown), EXPECTATIONS: dg.MetadataValue.json(rows)}
    if page is None:
        return shown
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(data_docs_page(result.validation, f"{result.name}, {page.stem}"), encoding="utf-8")
    return {**shown, FOLDER: dg.MetadataValue.path(str(page))}


def data_docs_file(graph: Graph, suite: str, days: str) -> Path | None:
    """The page of a suite about some days, in the output folder; `None` where `checks.data_docs` is off.

    Args:
        graph: The project.
        suite: The suite's name.
        days: The days it looks at; the same days again replace the page.
    """
    return graph.project.output / FOLDER / suite / f"{days}.html" if graph.settings.checks.data_docs else None
