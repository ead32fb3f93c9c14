import json
from datetime import date

import polars as pl
import pytest
from pydantic import ValidationError

from models.events import read as reading
from models.events.batch import EventBatch
from models.events.days import DayRange
from models.events.dry_run import dry_run_events
from models.events.expand import Expander
from models.events.files import list_source_files
from models.events.schema import REJECTED_EVENTS
from models.events.source import EventSource

COLUMNS = {"user_id": "u", "event_at": "t", "event_type": "kind"}
OBJECTS = {"path": "items", "columns": {"item_id": "id", "price": "price"}}
MARKED = {"path": "items", "separator": " ", "mark_separator": "-", "marks": {"0": None, "1": "click"}}
DAY = "2026-01-05"


def line(items, **more):
    return json.dumps({"u": "u1", "t": DAY, "kind": "view", "items": items} | more) + "\n"


@pytest.fixture
def expand(read):
    def read_lines(*lines, expansion=OBJECTS, columns=COLUMNS, **options):
        options = {"start": date(2026, 1, 1), "expand": expansion, "columns": columns} | options
        return read("".join(lines), name="log.jsonl", format="jsonl", **options)

    return read_lines


def test_each_entry_is_an_event_with_the_values_of_its_line(expand):
    batch = expand(line([{"id": "a", "price": 2}, {"id": "b"}]), line([{"id": "c"}]))
    assert batch.accepted.select("user_id", "item_id", "price", "source_line").rows() == [
        ("u1", "a", 2.0, 1_000_001),
        ("u1", "b", None, 1_000_002),
        ("u1", "c", None, 2_000_001),
    ]
    assert (batch.n_lines, batch.n_further) == (2, 1)
    assert batch.by_day().rows() == [(date(2026, 1, 5), 2, 3, 0, 1)]


@pytest.mark.parametrize("items", [None, [], "", "null"])
def test_a_line_without_entries_is_one_event(expand, items):
    batch = expand(line(items), line(items, kind="search"))
    assert batch.accepted.select("event_type", "item_id", "source_line").rows() == [("search", None, 2_000_000)]
    assert batch.rejected.select("reason", "detail", "source_line").rows() == [
        ("missing_item", "line 1: no value in 'items[].id'", 1_000_000)
    ]


def test_without_a_list_the_line_speaks_for_itself(expand):
    columns = COLUMNS | {"item_id": "id", "price": "cost"}
    batch = expand(line([{"id": "a"}], id="own", cost=3), line(None, id="own", cost=3), columns=columns)
    assert batch.accepted.select("item_id", "price").rows() == [("a", None), ("own", 3.0)]


@pytest.mark.parametrize("items", ["a b", 7, True, {"id": "a"}])
def test_what_is_no_list_rejects_its_line(expand, reasons, items):
    batch = expand(line(items), line([{"id": "a"}]))
    assert reasons(batch) == ["not_a_list"] and batch.accepted.height == 1
    assert batch.rejected["detail"][0].startswith("line 1: items: ")


def test_a_bad_entry_is_a_rejected_row_and_the_others_stay(expand):
    entries = [{"id": "a"}, "b", None, {"id": None}, {"id": "c", "price": "much"}, {"id": ["d"]}, {"id": "x" * 500}]
    batch = expand(line(entries))
    assert batch.accepted["item_id"].to_list() == ["a", "x" * 500]
    assert batch.rejected.select("reason", "detail").rows() == [
        ("not_an_object", "line 1, entry 2: 'b' is no object"),
        ("not_an_object", "line 1, entry 3: None is no object"),
        ("missing_item", "line 1, entry 4: no value in 'items[].id'"),
        ("unreadable_number", "line 1, entry 5: items[].price: 'much'"),
        ("wrong_type", "line 1, entry 6: items[].id: ['d'] is no text"),
    ]
    assert set(batch.rejected["line"]) == {line(entries).strip()[:500]}
    assert (batch.n_lines, batch.n_further) == (1, 6)


def test_lines_that_cannot_be_parsed_are_counted_like_others(expand, reasons):
    batch = expand("broken\n", line([{"id": "a"}, {"id": "b"}]), "[]\n", "\n")
    assert reasons(batch) == ["broken_json", "not_an_object", "blank_line"]
    assert batch.rejected["source_line"].to_list() == [1_000_000, 3_000_000, 4_000_000]
    assert (batch.n_lines, batch.n_further) == (4, 1)


def test_marks_give_a_second_event(expand):
    batch = expand(line("N-1-1 N2-0 N3 N4-5 -1  N5-1"), expansion=MARKED | {"place_is_position": True})
    assert batch.accepted.select("item_id", "event_type", "position", "source_line").rows() == [
        ("N-1", "view", 1, 1_000_001),
        ("N-1", "click", 1, 1_500_001),
        ("N2", "view", 2, 1_000_002),
        ("N5", "view", 7, 1_000_007),
        ("N5", "click", 7, 1_500_007),
    ]
    assert batch.rejected.select("reason", "detail").rows() == [
        ("unknown_mark", f"line 1, entry {place}: {text!r} does not end in a mark of '0', '1'")
        for place, text in ((3, "N3"), (4, "N4-5"), (5, "-1"), (6, ""))
    ]


def test_chosen_items_are_events_with_their_place_among_the_shown(expand):
    expansion = {"path": "items", "place_is_position": True, "chosen": {"clicked": "click", "bought": "purchase"}}
    batch = expand(line([5, 6, 5], clicked=[5, 9], bought=[6]), line([], clicked=[7]), expansion=expansion)
    assert batch.accepted.select("item_id", "event_type", "position", "source_line").rows() == [
        ("5", "view", 1, 1_000_001),
        ("6", "view", 2, 1_000_002),
        ("5", "view", 3, 1_000_003),
        ("5", "click", 1, 1_500_001),
        ("9", "click", None, 1_500_002),
        ("6", "purchase", 2, 1_500_003),
        ("7", "click", None, 2_500_001),
    ]


def test_shown_entries_that_are_no_ids_have_no_place(expand, reasons):
    expansion = {"path": "items", "place_is_position": True, "chosen": {"clicked": "click"}}
    batch = expand(line([[1], {}, 5], clicked=[5, [1]]), expansion=expansion)
    assert batch.accepted.select("item_id", "event_type", "position").rows() == [("5", "view", 3), ("5", "click", 3)]
    assert reasons(batch) == ["wrong_type"] * 3


def test_a_bad_entry_belongs_to_the_day_of_its_line(expand):
    lines = line("N1-0 N2"), line("N3", t="2026-01-06"), line("N4-0", t="2026-01-06")
    batch = expand(*lines, expansion=MARKED)
    assert batch.rejected["source_day"].to_list() == [date(2026, 1, 5), date(2026, 1, 1)]
    assert batch.by_day().rows() == [
        (date(2026, 1, 1), 1, 0, 1, 0),
        (date(2026, 1, 5), 1, 1, 1, 1),
        (date(2026, 1, 6), 1, 1, 0, 0),
    ]


def test_a_chosen_list_that_is_none_rejects_its_line(expand, reasons):
    batch = expand(line([5], clicked="5"), expansion={"path": "items", "chosen": {"clicked": "click"}})
    assert reasons(batch) == ["not_a_list"] and batch.accepted.height == 0


def test_the_line_is_kept_as_an_event_where_that_is_wanted(expand):
    expansion = {"path": "items", "separator": "|", "event_type": "impression", "keep_line": True}
    batch = expand(line("a|b", id="c"), expansion=expansion, columns=COLUMNS | {"item_id": "id"})
    assert batch.accepted.select("item_id", "event_type", "source_line").rows() == [
        ("c", "view", 1_000_000),
        ("a", "impression", 1_000_001),
        ("b", "impression", 1_000_002),
    ]
    assert (batch.n_lines, batch.n_further) == (1, 2)


def test_entries_may_have_times_and_types_of_their_own(expand):
    expansion = {"path": "items", "columns": {"item_id": "id", "event_at": "at", "event_type": "what"}}
    entries = [{"id": "a", "at": DAY, "what": "view"}, {"id": "b", "at": "2026-01-06", "what": "buy"}]
    batch = expand(line(entries), columns={"user_id": "u"}, expansion=expansion)
    assert batch.accepted.select("event_type", "source_day").rows() == [
        ("view", date(2026, 1, 5)),
        ("buy", date(2026, 1, 6)),
    ]
    assert batch.by_day().rows() == [(date(2026, 1, 5), 1, 1, 0, 0), (date(2026, 1, 6), 0, 1, 0, 1)]


def test_long_lists_are_rejected_alone(expand, reasons):
    batch = expand(line([{"id": "a"}] * 4), line([{"id": "a"}] * 3), expansion=OBJECTS | {"max_entries": 3})
    assert reasons(batch) == ["too_many_entries"] and batch.accepted.height == 3
    assert "4 entries in one list; expand.max_entries is 3" in batch.rejected["detail"][0]


def test_ids_tell_entries_apart_and_agree_for_equal_lines(expand):
    twice = line([{"id": "a"}, {"id": "a"}])
    first, second, third, fourth = expand(twice, twice).accepted["event_id"].to_list()
    assert (first, second) == (third, fourth) and first != second
    named = expand(line([{"id": "a"}, {"id": "b"}], e="e1"), columns=COLUMNS | {"event_id": "e"})
    assert named.accepted["event_id"].to_list() == ["e1#1", "e1#2"]
    own = {"path": "items", "columns": {"item_id": "id", "event_id": "e"}}
    assert expand(line([{"id": "a", "e": "e7"}]), expansion=own).accepted["event_id"].to_list() == ["e7"]


def test_a_chunk_may_end_within_a_line(expand, monkeypatch):
    monkeypatch.setattr(reading, "read_chunks", lambda *arguments: _in_chunks_of_two(*arguments))
    batch = expand(line([{"id": item} for item in "abcde"]), "broken\n", line([{"id": "f"}]))
    assert batch.accepted["item_id"].to_list() == list("abcdef")
    assert (batch.n_lines, batch.n_further) == (3, 4)


def _in_chunks_of_two(path, source, on_progress):
    from models.events.chunks import read_chunks

    return read_chunks(path, source, on_progress, chunk_records=2)


def test_a_line_that_vanishes_is_noticed(expand, monkeypatch):
    whole = Expander._rows
    monkeypatch.setattr(Expander, "_rows", lambda self, row: whole(self, row) if row[3] else iter(()))
    with pytest.raises(RuntimeError, match="2 lines were read, rows of 1 are there"):
        expand(line([{"id": "a"}, {"id": "b"}]), line([]))


def test_an_entry_that_vanishes_is_noticed(expand):
    batch = expand(line([{"id": "a"}, {"id": "b"}]))
    with pytest.raises(RuntimeError, match="1 lines with 1 further entries were read, 1 are accounted for"):
        EventBatch(batch.accepted.head(1), REJECTED_EVENTS.to_frame(), 1, date(2026, 1, 1), 1, 1_000_000)


def test_rows_of_too_few_lines_are_noticed(expand):
    batch = expand(line([{"id": "a"}, {"id": "b"}]))
    with pytest.raises(RuntimeError, match="2 lines were read, rows of 1 are there"):
        EventBatch(batch.accepted, REJECTED_EVENTS.to_frame(), 2, date(2026, 1, 1), 0, 1_000_000)


def test_a_dry_run_counts_lines_and_further_events(tmp_path):
    (tmp_path / "log.jsonl").write_text(line([{"id": "a"}, {"id": "b"}, None]) + line([]))
    source = EventSource(path="log.jsonl", format="jsonl", columns=COLUMNS, expand=OBJECTS)
    tally = dry_run_events(list_source_files(source, tmp_path), source, DayRange(date(2026, 1, 1)))
    assert (tally.n_lines, tally.n_further, tally.n_accepted, tally.n_rejected) == (2, 2, 2, 2)
    assert [example.line for example in tally.examples["not_an_object"] + tally.examples["missing_item"]] == [1, 2]
    tally.n_further += 1
    with pytest.raises(RuntimeError, match="accounted for"):
        tally.check()


def test_a_list_in_a_delimited_file(read):
    text = "u,t,kind,items\nu1,2026-01-05,view,a|b\nu2,2026-01-05,view,\n"
    expansion = {"path": "items", "separator": "|"}
    batch = read(text, columns=COLUMNS, expand=expansion, start=date(2026, 1, 1))
    assert batch.accepted["item_id"].to_list() == ["a", "b"]
    assert batch.rejected["source_line"].to_list() == [3_000_000]


def test_rules_see_the_values_of_the_line(expand):
    rules = [{"column": "kind", "pattern": "^view$", "event_type": "look"}]
    batch = expand(line([{"id": "a"}]), event_type_rules=rules)
    assert batch.accepted["event_type"].to_list() == ["look"]


@pytest.mark.parametrize(
    ("expansion", "message"),
    [
        ({"path": "items", "columns": {"colour": "c"}}, "unknown field 'colour'"),
        ({"path": "items", "marks": {"1": "click"}}, "belong together"),
        ({"path": "items", "mark_separator": "-"}, "belong together"),
        (MARKED | {"chosen": {"clicked": "click"}}, "keep one"),
        (OBJECTS | {"separator": "|"}, "for entries that are objects"),
        (OBJECTS | {"place_is_position": True, "columns": {"position": "p"}}, "keep one"),
        (OBJECTS | {"event_type": "view", "columns": {"event_type": "t"}}, "keep one"),
        (OBJECTS | {"max_entries": 500_000}, "less than 500000"),
        (OBJECTS | {"colour": 1}, "Extra inputs"),
    ],
)
def test_contradictions_are_refused(expansion, message):
    with pytest.raises(ValidationError, match=message):
        EventSource(path="log", format="jsonl", columns=COLUMNS, expand=expansion)


def test_rules_that_would_override_the_types_of_entries_are_refused():
    rules = [{"column": "kind", "pattern": "x", "event_type": "y"}]
    with pytest.raises(ValidationError, match="event_type_rules"):
        EventSource(path="log", format="jsonl", columns=COLUMNS, expand=MARKED, event_type_rules=rules)


def test_entries_need_an_item_somewhere():
    with pytest.raises(ValidationError, match="must give item_id"):
        EventSource(path="log", format="jsonl", columns=COLUMNS, expand={"path": "items", "columns": {"price": "p"}})


def test_a_log_without_expansion_numbers_its_lines_as_ever(read):
    batch = read('{"u": "u1", "t": "2026-01-05", "kind": "view", "i": "a"}\n', name="log.jsonl", format="jsonl",
                 columns=COLUMNS | {"item_id": "i"})  # fmt: skip
    assert batch.accepted.select("event_id", "source_line").rows() == [("e43f44d382f013b0c5699da019e5e286", 1)]
    assert (batch.n_further, batch.line_scale) == (0, 1)
    assert batch.accepted.schema["source_line"] == pl.Int64()
