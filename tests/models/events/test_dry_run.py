from datetime import date

import polars as pl
import pytest

from models.events.days import DayRange
from models.events.dry_run import Tally, dry_run_catalogue, dry_run_events, shown
from models.events.files import list_source_files
from models.events.source import CatalogueSource

DAYS = DayRange(date(2026, 1, 1), date(2026, 1, 31))
LOG = """user,item,type,at
a,x,view,2026-01-02
b,y,buy,2026-01-05
b,,view,2026-01-05
c,x,view,soon
c,x,view,later
c,x,view,never
c,x,view,some day
"""


@pytest.fixture
def tally(tmp_path, event_source) -> Tally:
    (tmp_path / "log.csv").write_text(LOG)
    source = event_source()
    return dry_run_events(list_source_files(source, tmp_path), source, DAYS)


def test_every_line_is_counted_by_reason(tally: Tally):
    assert (tally.n_lines, tally.n_accepted, tally.n_rejected) == (7, 2, 5)
    assert tally.reasons == {"unreadable_time": 4, "missing_item": 1}
    assert tally.types == {"view": 1, "buy": 1}


def test_three_examples_of_a_reason_are_kept(tally: Tally):
    assert [(example.file, example.line, example.text) for example in tally.examples["unreadable_time"]] == [
        ("log.csv", 5, "c,x,view,soon"),
        ("log.csv", 6, "c,x,view,later"),
        ("log.csv", 7, "c,x,view,never"),
    ]
    assert "'soon'" in tally.examples["unreadable_time"][0].detail


def test_empty_days_lie_between_the_first_and_the_last(tally: Tally):
    assert tally.empty_days() == [date(2026, 1, 3), date(2026, 1, 4)]
    assert Tally().empty_days() == []


def test_a_line_that_is_lost_is_noticed():
    tally = Tally()
    tally.add(2, pl.DataFrame({"x": [1]}), pl.DataFrame(schema={"reason": pl.String()}))
    with pytest.raises(RuntimeError, match="2 lines were read, but 1 accepted \\+ 0 rejected"):
        tally.check()


def test_a_catalogue_is_counted(tmp_path):
    (tmp_path / "items.csv").write_text("item,title\nx,Lamp\nx,Lamp\n,Chair\ny,Table\n")
    source = CatalogueSource(path="items.csv", format="csv", columns={"item_id": "item", "title": "title"})
    tally = dry_run_catalogue(source, tmp_path)
    assert (tally.n_lines, tally.n_accepted) == (4, 2)
    assert tally.reasons == {"duplicate_item": 1, "missing_item": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é", "plain é"),
        ("a\tb\nc\x1b[31mred\x00\x9b", "a\\tb\\nc\\x1b[31mred\\x00\\x9b"),
        ("a\u202eb", "a\\u202eb"),
        ("x" * 200, "x" * 100),
        ("\x00" * 200, "\\x00" * 25),
    ],
)
def test_control_characters_are_written_out_and_text_is_cut(text, expected):
    assert shown(text) == expected
