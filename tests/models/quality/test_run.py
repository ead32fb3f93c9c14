import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from models.quality.expectations import Expectation, Suite, at_least_rows, between, not_null, unique
from models.quality.result import SuiteResult, readable
from models.quality.run import run_suite


@pytest.fixture
def frame() -> pl.DataFrame:
    return pl.DataFrame({"id": [f"r{n}" for n in range(2000)], "x": range(2000), "unused": [["list"]] * 2000})


def test_failures_are_counted_named_and_first(frame):
    suite = Suite("numbers", ("id",), (not_null("x"), between("x", 500, None, "x is at least 500"), unique("id")))
    result = run_suite(frame, suite)
    assert (result.success, result.n_rows) == (False, 2000)
    assert [row["success"] for row in result.rows] == [False, True, True]
    failed = result.failed[0]
    assert failed["expectation"] == "expect_column_values_to_be_between" and failed["column"] == "x"
    assert failed["unexpected_count"] == 500
    assert failed["observed"] == "500 of 2,000 unexpected (25 %)"
    assert failed["examples"] == [f"id=r{n}, x={n}" for n in range(5)]


def test_pandas_frames_with_any_index_are_taken(frame):
    suite = Suite("numbers", ("id",), (between("x", 10, None, "x is at least 10"),))
    pandas = frame.drop("unused").to_pandas().set_index(np.arange(2000) * 7)
    assert run_suite(pandas, suite).rows == run_suite(frame, suite).rows


def test_aggregates_are_rounded(frame):
    kwargs = {"column": "x", "min_value": 0, "max_value": 10}
    suite = Suite("numbers", (), (Expectation("expect_column_stdev_to_be_between", kwargs, "x varies little"),))
    row = run_suite(frame, suite).rows[0]
    assert (row["success"], row["observed"], row["unexpected_count"], row["examples"]) == (False, "577.5", None, [])


def test_a_missing_column_fails_and_says_so(frame):
    row = run_suite(frame, Suite("numbers", ("gone",), (not_null("y"),))).rows[0]
    assert (row["success"], row["observed"]) == (False, "cannot be computed: there is no column y")


def test_what_cannot_be_computed_fails(frame):
    suite = Suite(
        "numbers", ("id",), (Expectation("expect_column_mean_to_be_between", {"column": "id", "min_value": 0}, "m"),)
    )
    row = run_suite(frame, suite).rows[0]
    assert not row["success"] and row["observed"].startswith("cannot be computed: ")


def test_two_alike_expectations_keep_their_own_meanings(frame):
    suite = Suite(
        "numbers", ("id",), (between("x", 0, None, "first"), between("x", 0, 5, "second"), at_least_rows(5000))
    )
    assert {row["meaning"]: row["success"] for row in run_suite(frame, suite).rows} == {
        "first": True,
        "second": False,
        "there is at least 5,000 rows": False,
    }


def test_markdown_shows_data_as_text(frame):
    nasty = frame.with_columns(id=pl.lit("a|b\n<script>`x`</script> ![p](http://x.y) *b*"))
    markdown = run_suite(nasty.head(3), Suite("numbers", ("id",), (between("x", 1, None, "x >= 1"),))).markdown
    assert markdown.splitlines()[0] == "0 of 1 expectations hold on 3 rows of numbers."
    assert len(markdown.splitlines()) == 5
    line = markdown.splitlines()[-1]
    assert line.startswith("| **FAILS** | x &gt;= 1 | x | 1 of 3 unexpected (33.3 %) | id=a\\|b &lt;script&gt;")
    assert "<script>" not in line and "`" not in line and "![p]" not in line


def test_markdown_shows_a_few_examples_only():
    row = {"meaning": "m", "column": "c", "observed": "o", "success": False, "examples": [f"id={n}" for n in range(5)]}
    assert SuiteResult("s", False, [row], 5).markdown.splitlines()[-1].endswith("| id=0<br>id=1<br>id=2 |")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (0.123456, "0.1235"),
        (3.0, "3"),
        (1e20, "1e+20"),
        (float("nan"), "nan"),
        (True, "True"),
        (None, "None"),
        ("x" * 300, "x" * 199 + "\u2026"),
    ],
)
def test_readable(value, text):
    assert readable(value) == text


def test_defining_suites_does_not_import_great_expectations():
    code = "import sys, models.quality.suites, models.quality.run; assert 'great_expectations' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
