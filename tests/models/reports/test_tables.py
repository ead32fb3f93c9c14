import polars as pl
import pytest

from models.reports.tables import funnel_rows, importance_rows, metric_table, slice_table, tiles
from models.reports.wording import in_bytes, in_p, in_words, metric_title, signed_percent


def test_models_are_ordered_by_ndcg_and_the_best_marked(metrics):
    table = metric_table(metrics, 10)
    assert table.heads == ["NDCG@10", "Recall@10"]
    assert [row.head for row in table.rows] == ["recommendations", "sasrec", "recent_popularity"]
    assert [row.highlighted for row in table.rows] == [True, False, False]
    assert table.rows[0].cells[0] == ("0.1400", "0.1300 – 0.1500", True)
    assert table.rows[1].cells[0] == ("0.1200", "0.1100 – 0.1300", False)


def test_a_missing_number_is_a_dash_and_never_a_zero(metrics):
    gap = metrics.filter(~((pl.col("model") == "sasrec") & (pl.col("metric") == "recall")))
    assert metric_table(gap, 10).rows[1].cells[1].text == "–"
    hole = metrics.filter(~((pl.col("model") == "sasrec") & (pl.col("slice") == "activity=low")))
    row = next(row for row in slice_table(hole, 10).rows if row.head == "activity: low")
    assert [cell.text for cell in row.cells] == ["0.1260", "–", "0.0630"]


def test_the_oracle_leads_but_a_real_model_is_the_best(metric_rows):
    rows = metric_rows(ndcg={"oracle": 0.3, "sasrec": 0.14, "recommendations": 0.12})
    table = metric_table(rows, 10)
    assert [row.head for row in table.rows] == ["oracle", "sasrec", "recommendations"]
    assert [[cell.best for cell in row.cells] for row in table.rows] == [[False, False], [True, True], [False, False]]
    for row in slice_table(rows, 10).rows:
        assert [cell.best for cell in row.cells] == [False, True, False]
    alone = metric_table(metric_rows(ndcg={"oracle": 0.3}).filter(pl.col("model") == "oracle"), 10)
    assert not any(cell.best for row in alone.rows for cell in row.cells)


def test_slices_in_a_readers_order(metrics):
    table = slice_table(metrics, 10)
    assert [row.head for row in table.rows] == ["all users", "activity: low", "activity: high", "tenure: under 7 days"]
    assert table.heads == ["recommendations", "sasrec", "recent_popularity"]
    assert [cell.best for cell in table.rows[1].cells] == [True, False, False]
    assert table.rows[0].note == "30 users"


def test_tiles_leave_out_what_is_not_there(report):
    assert [tile.label for tile in tiles(report)] == ["NDCG@10", "Coverage@10", "Share of the oracle", "Users scored"]


def test_bars_are_relative_to_the_widest(report):
    assert [row.width for row in importance_rows(report.importance)] == [100, 33.3]
    assert importance_rows(report.importance.drop("description"), 1)[0].note == ""
    assert [(row.text, row.width) for row in funnel_rows([("a", 200), ("b", 50), ("c", 0)])] == [
        ("200", 100),
        ("50", 25),
        ("0", 0),
    ]
    assert funnel_rows([("a", 0)])[0].width == 0
    assert funnel_rows([]) == []


def test_wording():
    assert metric_title("ndcg", 10) == "NDCG@10"
    assert metric_title("n_cold_users", 0) == "n cold users"
    assert signed_percent(-0.051) == "−5.1\u202f%"
    assert in_words("tenure=28_days_or_more") == "tenure: 28 days or more"


@pytest.mark.parametrize(
    ("n", "text"),
    [(0, "0\u202fB"), (999, "999\u202fB"), (1500, "1.5\u202fkB"), (999_600, "1\u202fMB"), (4e16, "4e+04\u202fTB")],
)
def test_sizes(n, text):
    assert in_bytes(n) == text


@pytest.mark.parametrize(
    ("p_value", "text"), [(1.0, "1.000"), (0.0005, "0.001"), (0.0004, "< 0.001"), (0.0, "< 0.001")]
)
def test_p_values(p_value, text):
    assert in_p(p_value) == text
