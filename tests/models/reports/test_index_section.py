from models.reports.index_section import index_section
from models.reports.point_charts import Trade, trade_figure


def test_every_way_that_was_tried_has_a_row_and_the_one_used_stands_out(tried):
    section = index_section(tried)
    rows = section.tables[0].table.rows
    assert [(row.head, row.highlighted) for row in rows] == [
        ("sas<b>, graph", False),
        ("sas<b>, graph", True),
        ("sas<b>, exact", False),
    ]
    assert rows[1].note == "graph with 32 links a node; 1,200 vectors, 1.23\u202fMB" and rows[0].note == ""
    assert [cell.text for cell in rows[0].cells] == ["128", "0.9000", "12.3"]
    assert [cell.text for cell in rows[2].cells] == ["–", "1.0000", "98.8"]
    assert rows[0].cells[1].interval == "at 100"
    assert section.kind == "measured"


def test_a_single_way_is_no_plot(tried):
    section = index_section(tried.tail(1))
    assert len(section.tables[0].table.rows) == 1 and not section.pictures
    assert len(index_section(tried).pictures) == 1


def test_without_an_index_there_is_no_section(tried):
    assert index_section(None) is None
    assert index_section(tried.clear()) is None


def test_points_lie_at_cost_and_gain_and_the_chosen_is_filled():
    points = [Trade(1.0, 0.5, "near", True), Trade(10.0, 0.9, "far")]
    axes = trade_figure({"sasrec": points}, "Recall", "µs").axes[0]
    line, *markers = axes.lines
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([1.0, 10.0], [0.5, 0.9])
    assert [marker.get_markerfacecolor() == "none" for marker in markers] == [False, True]
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.texts] == ["near", "far"]
