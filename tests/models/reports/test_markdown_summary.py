from dataclasses import replace

import polars as pl
import pytest

from models.reports.markdown_summary import escaped, markdown_summary, markdown_table
from models.reports.tables import Cell, Row, Table


def test_verdict_first_then_numbers_then_slices(report):
    parts = markdown_summary(report).split("\n\n")
    assert parts[0] == "**Better than recent popularity.**"
    assert parts[1].startswith("NDCG@10 is 0.1400 against 0.0700")
    assert "Lists as of 2026-03-31, scored through 2026-04-07." in parts
    table = next(part for part in parts if part.startswith("| final lists |"))
    assert table.splitlines()[2] == (
        "| NDCG@10 | 0.1400 (0.1300 – 0.1500) | 0.0700 (0.0600 – 0.0800) | **+0.0700** (+0.0600 – +0.0800) |"
    )
    assert parts[-2] == "The worst of 2 slices of users and items:"
    assert "| item category: lamps (40 users, against elsewhere) | Recall@10 | 0.1000 |" in parts[-1]
    assert "rugs" not in parts[-1]


def test_where_nothing_is_worse_it_says_so(report):
    none_worse = report.findings.with_columns(is_worse=pl.lit(False))
    assert markdown_summary(replace(report, findings=none_worse)).endswith(
        "In none of 2 slices of users and items worse by more than chance allows."
    )
    assert markdown_summary(replace(report, findings=report.findings.clear())).endswith("to judge by.")
    assert "slice" not in markdown_summary(replace(report, findings=None))


def test_only_the_worst_slices_are_shown(report):
    worst = report.findings.filter("is_worse")
    many = pl.concat([worst.with_columns(slice=pl.lit(f"item_category=c{n}")) for n in range(9)])
    text = markdown_summary(replace(report, findings=many))
    assert "c4" in text and "c5" not in text


def test_names_are_text_and_not_markup(report):
    hostile = report.findings.with_columns(slice=pl.lit("category=[x](javascript:alert(1))<b>|\n# big"))
    text = markdown_summary(replace(report, findings=hostile))
    assert "\\[x\\](javascript:alert(1))\\<b\\>\\| \\# big" in text
    assert "<b>" not in text.replace("\\<b\\>", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a_b", "a_b"), ("*a*", "\\*a\\*"), ("a\r\n\nb", "a b"), ("\\|", "\\\\\\|"), ("`&amp;`", "\\`\\&amp;\\`")],
)
def test_escaping(text, shown):
    assert escaped(text) == shown


def test_a_table():
    table = Table(["x", "y"], [Row("a", "", [Cell("1", "", True), Cell("2", "1 – 3")])])
    assert markdown_table(table, "name") == "| name | x | y |\n|---|---:|---:|\n| a | **1** | 2 (1 – 3) |"
