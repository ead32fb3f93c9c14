import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import UserError
from models.events.delimited import MAX_RECORD_LINES
from models.events.file_records import line_pieces, single_records
from models.events.json_lines import SAMPLED_OBJECTS
from models.events.lines import Block
from models.events.source import EventSource

COLUMNS = {"item_id": "a", "event_type": "b", "event_at": "c"}


def layout(**options):
    return EventSource(**({"path": "x", "format": "csv", "columns": COLUMNS} | options))


def read(lines, source):
    found = single_records(line_pieces(lines, source, "the file"), source)
    return sorted(found, key=lambda record: record[0])


def records(text, **options):
    data = text if isinstance(text, bytes) else text.encode()
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return read([Block(1, lines)], layout(**options))


def values(found):
    return [None if record[2] is None else tuple(record[2]) for record in found]


def reasons(found):
    return [record[3] for record in found]


def test_columns_are_picked_by_name_in_the_order_of_the_source():
    assert values(records("c,x,b,a\n1,2,3,4\n")) == [("4", "3", "1")]


def test_one_wanted_column_is_still_a_row():
    assert values(records("a,b\n1,2\n", columns={"event_at": "b"}, constants={"item_id": "i", "event_type": "t"})) == [
        ("2",)
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_name():
    assert values(records("\ufeffa,b,c\n1,2,3\n")) == [("1", "2", "3")]
    assert values(records('\ufeff{"a": 1, "b": 2, "c": 3}\n', format="jsonl")) == [(1, 2, 3)]


def test_quoted_separators_quotes_and_newlines():
    found = records('a,b,c\n"1,1","say ""x""",3\n"one\ntwo",2,3\n4,5" wide,6\n')
    assert values(found) == [("1,1", 'say "x"', "3"), ("one\ntwo", "2", "3"), ("4", '5" wide', "6")]
    assert [record[0] for record in found] == [2, 3, 5]
    assert found[1][1] == b'"one\ntwo",2,3'


def test_a_stray_quote_costs_one_line():
    found = records('a,b,c\n1,"2,3\n4,5,6\n"7",8,9\n1,2,3\n')
    assert reasons(found) == ["unbalanced_quote", None, None, None]
    assert values(found)[1:] == [("4", "5", "6"), ("7", "8", "9"), ("1", "2", "3")]


def test_a_quote_that_closes_in_a_row_of_the_wrong_width_costs_one_line():
    found = records('a,b,c\n1,"2,3\n4,",6,7\n7,8,9\n')
    assert reasons(found) == ["unbalanced_quote", "unbalanced_quote", None]
    assert found[0][4] == "closed only on line 3, in a row of 4 fields"
    assert values(found)[2] == ("7", "8", "9")


def test_a_quote_is_not_looked_for_beyond_the_line_and_byte_limits():
    open_quote = 'a,b,c\n1,2,"x\n' + "4,5,6\n" * (MAX_RECORD_LINES + 5) + '"\n'
    found = records(open_quote)
    assert reasons(found)[0] == "unbalanced_quote" and reasons(found).count(None) == MAX_RECORD_LINES + 5
    found = records('a,b,c\n1,2,"x\n' + "y" * 50 + '"\n', max_line_bytes=40)
    assert reasons(found) == ["unbalanced_quote", "wrong_field_count"]


def test_a_line_that_cannot_be_decoded_ends_the_search_for_a_closing_quote():
    found = records(b'a,b,c\n1,2,"x\n\xff\n4,5,6\n')
    assert reasons(found) == ["unbalanced_quote", "wrong_encoding", None]


def test_a_quoted_field_may_be_as_long_as_a_line():
    long = "x" * 300_000
    assert values(records(f'a,b,c\n"{long}",2,3\n')) == [(long, "2", "3")]


def test_wrong_widths_blank_lines_and_encodings_are_rejected_alone():
    found = records(b"a,b,c\n1,2\n1,2,3,4\n \n\n1,\xff,3\n1,2,3\n")
    assert reasons(found) == [
        "wrong_field_count",
        "wrong_field_count",
        "blank_line",
        "blank_line",
        "wrong_encoding",
        None,
    ]
    assert found[0][4] == "2 fields, expected 3"
    assert "0xff at 2 is not utf-8" in found[4][4]


def test_other_encodings_are_decoded():
    assert values(records("a,b,c\né,2,3\n".encode("latin-1"), encoding="latin-1")) == [("é", "2", "3")]
    line = '{"a": "é", "b": 2, "c": 3}\n'.encode("latin-1")
    assert values(records(line, format="jsonl", encoding="latin-1")) == [("é", 2, 3)]
    assert reasons(records(line, format="jsonl")) == ["wrong_encoding"]


def test_dat_has_no_quotes():
    found = records('x::"y::z\n', format="dat", separator="::", header=False, column_names=["a", "b", "c"])
    assert values(found) == [("x", '"y', "z")]


def test_json_lines_that_are_no_objects():
    found = records('{"a": 1}\n[1]\n3\nnull\n{"a": \n\n{"a": NaN}\n', format="jsonl")
    assert reasons(found) == [
        None,
        "not_an_object",
        "not_an_object",
        "not_an_object",
        "broken_json",
        "blank_line",
        "broken_json",
    ]
    assert values(found)[0] == (1, None, None)


def test_deep_nesting_is_broken_json_not_a_crash():
    assert reasons(records("[" * 100_000 + "\n", format="jsonl")) == ["broken_json"]


def test_a_missing_or_double_column_names_the_columns_found():
    with pytest.raises(UserError, match=r"no column 'c'; the header holds 'a', 'b'.*sluice\.yaml") as caught:
        records("a,b\n1,2\n")
    assert caught.value.where == "the file"
    with pytest.raises(UserError, match="two columns named 'a'"):
        records("a,b,c,a\n1,2,3,4\n")


def test_a_required_key_that_never_comes_is_a_mistake_of_the_mapping():
    line = '{"a": 1, "b": 2, "when": 3}\n'
    assert reasons(records(line * (SAMPLED_OBJECTS - 1), format="jsonl")) == [None] * (SAMPLED_OBJECTS - 1)
    with pytest.raises(UserError, match="key 'c' for event_at; their keys are 'a', 'b', 'when'"):
        records(line * SAMPLED_OBJECTS, format="jsonl")
    once = line * (SAMPLED_OBJECTS - 1) + '{"c": 1}\n'
    assert len(records(once, format="jsonl")) == SAMPLED_OBJECTS


def test_broken_lines_pass_through_with_their_reason():
    broken = [(1, b"a,b,c", None, ""), (2, b"xx", "line_too_long", "much"), (3, b"1,2,3", None, "")]
    assert reasons(read(broken, layout())) == ["line_too_long", None]
    assert reasons(read(broken[1:2], layout(format="jsonl"))) == ["line_too_long"]


FIELD = st.text(alphabet='ab,"\n é', max_size=6)


@settings(deadline=None, derandomize=True)
@given(st.lists(st.tuples(FIELD, FIELD, FIELD), max_size=20))
def test_whatever_the_csv_module_writes_is_read_back(rows):
    rows = [row for row in rows if not ",".join(row).isspace()]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["a", "b", "c"])
    writer.writerows(rows)
    assert values(records(text.getvalue())) == rows


@settings(deadline=None, derandomize=True)
@given(st.lists(st.text(alphabet='1,"x', max_size=8), max_size=30))
def test_every_physical_line_belongs_to_exactly_one_record(lines):
    found = records("a,b,c\n" + "".join(line + "\n" for line in lines))
    spans = [record[1].count(b"\n") + 1 for record in found]
    assert sum(spans) == len(lines)
    assert [record[0] for record in found] == [2 + sum(spans[:i]) for i in range(len(spans))]


def test_paths_reach_below_the_top_level_and_exact_keys_go_before():
    text = '{"a": {"x": 1}, "b.c": 2, "b": {"c": 3}, "c": 4}\n{"a": 5, "c": null}\n'
    columns = {"item_id": "a.x", "event_type": "b.c", "event_at": "nothing | c"}
    assert values(records(text, format="jsonl", columns=columns)) == [(1, 2, 4), (None, None, None)]


def test_a_required_path_is_missed_by_its_first_key():
    text = '{"a": 1, "t": {"at": 2}}\n' * SAMPLED_OBJECTS
    columns = {"item_id": "a", "event_type": "a", "event_at": "t.at"}
    assert len(records(text, format="jsonl", columns=columns)) == SAMPLED_OBJECTS
    with pytest.raises(UserError, match="has a key 'when.at' for event_at"):
        records(text, format="jsonl", columns=columns | {"event_at": "when.at"})
