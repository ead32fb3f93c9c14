import polars as pl

from models.evaluation.taken_funnel import TakenFunnel
from models.reports.funnel_section import funnel_section


def test_steps_say_what_is_left_of_the_one_before(taken):
    section = funnel_section(taken, 10)
    assert [(bar.name, bar.text, bar.width) for bar in section.bars][3:] == [
        ("among these candidates", "40", 40.0),
        ("on the final list of 10", "10", 10.0),
        ("at its top", "0", 0.0),
    ]
    assert section.bars[0].note == "30 users"
    assert section.bars[4].note == "9 users; 25.0\u202f% of the step before"


def test_retrievers_with_their_recall(taken):
    (row,) = funnel_section(taken, 10).tables[0].table.rows
    assert row.head == "ease<i>"
    assert [cell.text for cell in row.cells] == ["50.0\u202f%", "40", "12", "99.5"]
    assert row.cells[0].interval == "41.0\u202f% – 59.0\u202f%"


def test_nothing_after_an_empty_step_is_divided_by_it(taken):
    lost = taken.stages.with_columns(n_items=pl.Series([100, 0, 0, 0, 0, 0]))
    section = funnel_section(TakenFunnel(lost, taken.sources.clear()), 10)
    assert [bar.note for bar in section.bars][1:3] == ["29 users; 0.0\u202f% of the step before", "28 users"]
    assert section.tables == []


def test_without_anything_taken_there_is_no_section(taken):
    assert funnel_section(None, 10) is None
    nothing = taken.stages.with_columns(n_items=pl.lit(0))
    assert funnel_section(TakenFunnel(nothing, taken.sources), 10) is None
