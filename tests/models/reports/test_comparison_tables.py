import polars as pl
import pytest

from models.reports.comparison_tables import comparison_table, findings_table, signed


def test_the_final_lists_come_first_and_sure_differences_stand_out(report):
    table = comparison_table(report.comparisons.with_columns(p_adjusted=pl.Series([0.2, 0.004])), 10)
    assert [row.head for row in table.rows] == [
        "recommendations against recent_popularity",
        "sasrec against recent_popularity",
    ]
    assert [row.cells[0].best for row in table.rows] == [True, False]
    assert [cell.text for cell in table.rows[0].cells] == ["+0.0700", "0.004", "+0.31", "0.0200"]


def test_what_is_not_known_is_a_dash(report):
    unknown = report.comparisons.with_columns(pl.lit(None, pl.Float64).alias("effect_size"))
    assert {row.cells[2].text for row in comparison_table(unknown, 10).rows} == {"–"}
    assert comparison_table(report.comparisons, 5).rows == []


def test_only_what_is_worse_is_shown(report):
    (row,) = findings_table(report.findings).rows
    assert (row.head, row.note) == ("item category: lamps", "40 users, against elsewhere")
    assert [cell.text for cell in row.cells] == ["Recall@10", "0.1000", "0.3000", "−0.2000", "0.010"]


@pytest.mark.parametrize(("value", "text"), [(0.5, "+0.50"), (-0.5, "−0.50"), (0.0, "+0.00")])
def test_signs(value, text):
    assert signed(value, 2) == text
