"""Runs a suite with Great Expectations, called directly on a pandas frame in an ephemeral context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from models.quality.expectations import COLUMN_ARGUMENTS, Expectation, Suite
from models.quality.result import SuiteResult, readable

if TYPE_CHECKING:
    import pandas as pd

_MAX_EXAMPLES = 5
_MAX_EXAMPLE_CHARACTERS = 80
# Without `unexpected_index_column_names`: with it, an expectation that fails on all of 250,000 rows takes 5 s longer,
# because ids are gathered for every row. Row positions are enough, the ids of five are looked up here.
_RESULT_FORMAT = {"result_format": "SUMMARY", "partial_unexpected_count": _MAX_EXAMPLES}


def _expectation_class(expectation_type: str) -> Any:
    from great_expectations.expectations.registry import get_expectation_impl

    return get_expectation_impl(expectation_type)


def _validate(frame: pd.DataFrame, suite: Suite) -> Any:
    """Great Expectations' validation result; importing it takes about 3 s, once per process."""
    import great_expectations as gx

    built = [
        _expectation_class(each.type)(**each.kwargs, meta={"position": position})
        for position, each in enumerate(suite.expectations)
    ]
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    asset = context.data_sources.add_pandas(suite.name).add_dataframe_asset(suite.name)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch(batch_parameters={"dataframe": frame})
    return batch.validate(gx.ExpectationSuite(name=suite.name, expectations=built), result_format=_RESULT_FORMAT)


def _error(result: Any) -> str | None:
    """Why an expectation could not be computed, e.g. a missing column; `None` where it was."""
    infos = result.exception_info or {}
    nested = [infos] if "raised_exception" in infos else list(infos.values())
    messages = [info["exception_message"] for info in nested if info.get("raised_exception")]
    return str(messages[0]).strip() if messages else None


def _observed(found: dict[str, Any]) -> str:
    if "unexpected_count" in found:
        share = found.get("unexpected_percent")
        of = f"{readable(found['unexpected_count'])} of {readable(found['element_count'])} unexpected"
        return of if not found["unexpected_count"] or share is None else f"{of} ({share:.3g} %)"
    mismatched = (found.get("details") or {}).get("mismatched")
    if mismatched:
        return "; ".join(f"{kind}: {', '.join(map(str, names))}" for kind, names in sorted(mismatched.items()))
    observed = found.get("observed_value")
    return f"{len(observed)} columns" if isinstance(observed, list) else readable(observed)


def _examples(frame: pl.DataFrame, suite: Suite, expectation: Expectation, positions: list[int]) -> list[str]:
    """The first offending rows: their ids, then the values that offend."""
    names = [name for name in dict.fromkeys([*suite.row_ids, *expectation.columns()]) if name in frame.columns]
    return [
        ", ".join(
            f"{name}={str(value)[:_MAX_EXAMPLE_CHARACTERS]}"
            for name, value in frame.select(names).row(position, named=True).items()
        )
        for position in positions
    ]


def _row(frame: pl.DataFrame, suite: Suite, expectation: Expectation, result: Any) -> dict[str, Any]:
    found = dict(result.result or {})
    absent = [name for name in expectation.columns() if name not in frame.columns]
    error = f"there is no column {', '.join(absent)}" if absent else _error(result)
    positions = [] if result.success else found.get("partial_unexpected_index_list", [])[:_MAX_EXAMPLES]
    return {
        "expectation": expectation.type,
        "column": ", ".join(expectation.columns()),
        "meaning": expectation.meaning,
        "success": bool(result.success),
        "observed": f"cannot be computed: {readable(error)}" if error else _observed(found),
        "unexpected_count": found.get("unexpected_count"),
        "limits": {name: value for name, value in expectation.kwargs.items() if name not in COLUMN_ARGUMENTS},
        "examples": _examples(frame, suite, expectation, positions),
    }


def _to_pandas(rows: pl.DataFrame) -> pd.DataFrame:
    """With texts as Arrow's strings and days as times: of Python objects each one is asked for its type."""
    import pandas as pd
    import pyarrow as pa

    texts = dict.fromkeys((pa.string(), pa.large_string(), pa.string_view()), pd.StringDtype("pyarrow"))
    days = pl.selectors.date().cast(pl.Datetime("us"))
    return rows.with_columns(days).to_arrow().to_pandas(types_mapper=texts.get)


def run_suite(frame: pl.DataFrame | pd.DataFrame, suite: Suite) -> SuiteResult:
    """Hold a frame against a suite.

    Args:
        frame: Polars or pandas. Only the columns the suite looks at are handed to Great Expectations.
        suite: See `models.quality.suites`.

    Returns:
        See `SuiteResult`. An expectation that cannot be computed (a missing column) fails. Expectations about values
        hold on an empty frame and ignore nulls, except those that forbid them.
    """
    import pandas as pd

    rows = frame if isinstance(frame, pl.DataFrame) else pl.from_pandas(frame.reset_index(drop=True))
    about_columns = any(each.type.startswith("expect_table_columns") for each in suite.expectations)
    needed = [name for name in rows.columns if about_columns or name in suite.columns()]
    # Great Expectations compares a column's type with what `pandas.StringDtype()` is at that moment.
    with pd.option_context("mode.string_storage", "pyarrow"):
        validation = _validate(_to_pandas(rows.select(needed)), suite)
    results = sorted(validation.results, key=lambda result: result.expectation_config.meta["position"])
    found = [_row(rows, suite, each, result) for each, result in zip(suite.expectations, results, strict=True)]
    return SuiteResult(
        name=suite.name,
        success=all(row["success"] for row in found),
        rows=sorted(found, key=lambda row: row["success"]),
        n_rows=rows.height,
        validation=validation,
    )
