import gzip
import json
from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import UserError
from models.events import chunks
from models.events.files import SourceFile, list_source_files
from models.events.read import DayRange, read_event_file
from models.events.schema import RAW_EVENTS, REJECTED_EVENTS

HEADER = "user,item,type,at\n"
GOOD = "u1,i1,click,2011-01-05T10:00:00\n"
DATED = {"name": "2011-01-05.csv", "day_pattern": r"(\d{4}-\d{2}-\d{2})"}


def test_a_good_line_becomes_an_event(read):
    batch = read(HEADER + GOOD)
    row = batch.accepted.row(0, named=True)
    assert batch.accepted.schema == RAW_EVENTS and batch.rejected.schema == REJECTED_EVENTS
    assert row["event_at"] == datetime(2011, 1, 5, 10) and row["event_day"] == row["source_day"] == date(2011, 1, 5)
    assert (row["user_id"], row["item_id"], row["event_type"]) == ("u1", "i1", "click")
    assert (row["source_file"], row["source_line"], row["price"]) == ("log.csv", 2, None)


def test_every_field_arrives_in_its_type(read):
    fields = {
        "event_id": "e1", "user_id": 7, "item_id": "i", "event_type": "click", "event_at": "2011-01-05", "value": 4,
        "quantity": "2", "price": 1.5, "session_id": 12, "impression_id": "m", "position": 3, "propensity": 0.25,
        "query": "red shoe", "user_agent": "bot", "item_title": "Shoe", "country": "FR",
    }  # fmt: skip
    batch = read(json.dumps(fields) + "\n", format="jsonl", columns={name: name for name in fields})
    row = batch.accepted.row(0, named=True)
    assert batch.accepted.schema == RAW_EVENTS
    expected = fields | {
        "user_id": "7",
        "session_id": "12",
        "event_at": datetime(2011, 1, 5),
        "value": 4.0,
        "quantity": 2.0,
    }
    assert {name: row[name] for name in fields} == expected


def test_accepted_and_rejected_rows_are_all_lines_in_line_order(read, reasons):
    lines = [
        GOOD, "u1,i1\n", "\n", "u1,i1,,2011-01-05\n", "u1,,click,2011-01-05\n", "u1,i1,click,\n", "u1,i1,click,soon\n",
        "u1,i1,click,1970-01-01\n", 'u1,"i1,click,2011-01-05\n', ",i2,click,2011-01-05\n", "u1,,search,2011-01-05\n",
        "u1,i\x001,click,2011-01-05\n",
    ]  # fmt: skip
    batch = read(HEADER + "".join(lines))
    assert reasons(batch) == [
        "wrong_field_count", "blank_line", "missing_event_type", "missing_item", "missing_time", "unreadable_time",
        "impossible_time", "unbalanced_quote", "nul_byte",
    ]  # fmt: skip
    assert batch.rejected["source_line"].to_list() == [3, 4, 5, 6, 7, 8, 9, 10, 13]
    assert batch.accepted["source_line"].to_list() == [2, 11, 12]
    assert batch.n_lines == len(lines) == batch.accepted.height + batch.rejected.height


def test_a_missing_user_is_accepted_as_null(read):
    assert read(HEADER + ",i2,click,2011-01-05\n").accepted["user_id"].to_list() == [None]


def test_itemless_event_types_are_configured(read, reasons):
    line = HEADER + "u,,view_home,2011-01-05\nu,,search,2011-01-05\n"
    batch = read(line, itemless_event_types=["view_home"])
    assert batch.accepted["event_type"].to_list() == ["view_home"] and reasons(batch) == ["missing_item"]


def test_rejected_rows_show_the_beginning_of_the_line(read):
    batch = read((HEADER + "é" * 600 + "\n").encode() + b"a\x00\xff\n")
    first, second = batch.rejected["line"].to_list()
    assert first == "é" * 500 and second == "a\ufffd\ufffd"
    assert batch.rejected["source_file"].to_list() == ["log.csv"] * 2


def test_numbers_out_of_range_or_unreadable(read, reasons):
    columns = {"item_id": "i", "event_type": "t", "event_at": "a", "position": "p", "propensity": "q", "price": "r"}
    rows = ["1,0.5,2", ",,", "0,0.5,2", "1.5,0.5,2", "3000000000,0.5,2", "1,0,2", "1,1.01,2", "x,0.5,2", "1,1,-3"]
    batch = read("i,t,a,p,q,r\n" + "".join(f"i,click,2011-01-05,{row}\n" for row in rows), columns=columns)
    assert batch.accepted["source_line"].to_list() == [2, 3, 10] and batch.accepted["position"].to_list() == [
        1,
        None,
        1,
    ]
    assert reasons(batch) == ["impossible_number"] * 5 + ["unreadable_number"]
    assert batch.rejected["detail"][5] == "p: 'x'"


def test_constants_and_rules_give_the_event_type(read):
    rules = [
        {"column": "invoice", "pattern": "^C", "event_type": "return"},
        {"column": "invoice", "pattern": "^C|^A", "event_type": "adjustment"},
    ]
    columns = {"item_id": "item", "event_at": "at", "session_id": "invoice"}
    lines = "item,at,invoice\n1,2011-01-05,C5\n2,2011-01-05,A5\n3,2011-01-05,5C\n4,2011-01-05,\n"
    options = {"columns": columns, "event_type_rules": rules}
    batch = read(lines, constants={"event_type": "purchase", "value": 2}, **options)
    assert batch.accepted["event_type"].to_list() == ["return", "adjustment", "purchase", "purchase"]
    assert batch.accepted["value"].to_list() == [2.0] * 4
    assert read(lines, **options).rejected["reason"].to_list() == ["missing_event_type"] * 2


def test_a_rule_overrides_a_mapped_event_type(read):
    rules = [{"column": "user", "pattern": "^test", "event_type": "probe"}]
    batch = read(HEADER + "test1,i,click,2011-01-05\nu1,i,click,2011-01-05\n", event_type_rules=rules)
    assert batch.accepted["event_type"].to_list() == ["probe", "click"]


def test_integer_ids_lose_their_zero(read):
    line = HEADER + "17850.0,5.0,click,2011-01-05\n"
    assert read(line, integer_ids=["user_id"]).accepted.select("user_id", "item_id").row(0) == ("17850", "5.0")


def test_missing_values_are_configured(read):
    line = HEADER + "unknown,i,click,2011-01-05\nNULL,i,click,2011-01-05\n"
    assert read(line).accepted["user_id"].to_list() == ["unknown", None]
    assert read(line, missing_values=["unknown"]).accepted["user_id"].to_list() == [None, "NULL"]


def test_json_values_of_other_types_are_rejected(read, reasons):
    lines = [{"user": ["u"], "item": "i"}, {"user": True, "item": "i"}, {"user": "u", "item": 5}]
    text = "".join(json.dumps(line | {"type": "click", "at": "2011-01-05"}) + "\n" for line in lines)
    batch = read(text, format="jsonl")
    assert reasons(batch) == ["wrong_type"] * 2 and batch.accepted["item_id"].to_list() == ["5"]
    assert batch.rejected["detail"][0] == "user: ['u'] is no text"


def test_dated_files_reject_late_and_future_events(read, reasons):
    times = ["2011-01-03T00:00:00", "2011-01-02T23:59:59", "2011-01-05T23:59:59.999", "2011-01-06T00:00:00"]
    batch = read(HEADER + "".join(f"u,i,click,{time}\n" for time in times), **DATED)
    assert batch.accepted["source_line"].to_list() == [2, 4]
    assert reasons(batch) == ["too_late", "future_time"]
    both = [*batch.accepted["source_day"], *batch.rejected["source_day"]]
    assert set(both) == {date(2011, 1, 5)}
    assert batch.accepted["event_day"].to_list() == [date(2011, 1, 3), date(2011, 1, 5)]


def test_late_and_early_days_are_configured(read, reasons):
    lines = HEADER + "u,i,click,2011-01-04\nu,i,click,2011-01-06T23:00:00\n"
    assert reasons(read(lines, **DATED)) == ["future_time"]
    assert reasons(read(lines, late_days=0, early_days=1, **DATED)) == ["too_late"]


def test_a_file_day_west_of_greenwich_ends_at_local_midnight(read, reasons):
    lines = HEADER + "u,i,click,2011-01-05T20:00:00\nu,i,click,2011-01-06T00:00:00\n"
    batch = read(lines, time_zone="America/New_York", **DATED)
    assert batch.accepted["event_at"].to_list() == [datetime(2011, 1, 6, 1)]
    assert reasons(batch) == ["future_time"]


def test_undated_files_belong_to_the_day_of_each_event(read, reasons):
    days = ["2011-01-04", "2011-01-05", "2011-01-06", "2011-01-07", "never"]
    lines = (
        HEADER + "".join(f"u,i,click,{day}\n" for day in days) + "u,,click,2011-01-06\nu,,click,2012-01-06\nbroken\n"
    )
    batch = read(lines, start=date(2011, 1, 5), end=date(2011, 1, 6))
    assert batch.accepted["source_day"].to_list() == [date(2011, 1, 5), date(2011, 1, 6)]
    start = date(2011, 1, 5)
    assert dict(zip(batch.rejected["source_line"], batch.rejected["source_day"], strict=True)) == {
        2: start, 5: start, 6: start, 7: date(2011, 1, 6), 8: start, 9: start,
    }  # fmt: skip
    assert reasons(batch)[:2] == ["outside_partitions"] * 2
    assert batch.lines_by_day() == {start: 6, date(2011, 1, 6): 2}


def test_without_an_end_only_earlier_days_are_outside(read, reasons):
    lines = HEADER + "u,i,click,2011-01-04\nu,i,click,2111-01-04\n"
    batch = read(lines, start=date(2011, 1, 5))
    assert reasons(batch) == ["outside_partitions"] and batch.accepted["source_day"].to_list() == [date(2111, 1, 4)]


def test_by_day_counts_accepted_and_rejected(read):
    batch = read(HEADER + GOOD + "broken\n" + GOOD, start=date(2011, 1, 5))
    assert batch.by_day().rows() == [(date(2011, 1, 5), 3, 2, 1, 0)]


@pytest.mark.parametrize("content", ["", HEADER])
def test_an_empty_file_leaves_a_row_of_zeros(read, content):
    batch = read(content, **DATED)
    assert batch.n_lines == 0 and batch.by_day().rows() == [(date(2011, 1, 5), 0, 0, 0, 0)]
    assert read(content, start=date(2011, 1, 1)).lines_by_day() == {date(2011, 1, 1): 0}
    assert batch.accepted.schema == RAW_EVENTS and batch.rejected.schema == REJECTED_EVENTS


def test_a_truncated_gzip_keeps_what_came_before(read, reasons):
    whole = gzip.compress((HEADER + "".join(f"u{i},i,click,2011-01-05\n" for i in range(5_000))).encode())
    batch = read(whole[: len(whole) // 2], name="log.csv.gz")
    assert reasons(batch) == ["truncated_file"]
    assert batch.accepted["user_id"].to_list() == [f"u{i}" for i in range(batch.n_lines - 1)]
    assert 100 < batch.n_lines < 5_000


def test_a_gzip_truncated_in_its_header_is_one_rejected_row(read, reasons):
    whole = gzip.compress(HEADER.encode())
    batch = read(whole[:12], name="log.csv.gz")
    assert reasons(batch) == ["truncated_file"] and batch.n_lines == 1


def test_a_long_line_is_rejected_alone(read, reasons):
    batch = read(HEADER + GOOD + "x" * 200 + "\n" + GOOD, max_line_bytes=100)
    assert reasons(batch) == ["line_too_long"] and batch.accepted["source_line"].to_list() == [2, 4]


def test_chunks_change_nothing(read, monkeypatch):
    text = HEADER + "".join(f"u{i},i,click,2011-01-05\n" if i % 3 else f"bad{i}\n" for i in range(50))
    whole = read(text)
    monkeypatch.setattr(chunks.read_chunks, "__defaults__", (chunks.no_progress, 7))
    pieces = read(text)
    assert pieces.accepted.equals(whole.accepted) and pieces.rejected.equals(whole.rejected)
    assert pieces.n_lines == whole.n_lines == 50


def test_a_missing_column_is_the_users_to_mend(read):
    with pytest.raises(UserError, match=r"no column 'type'; the header holds 'user', 'item', 'kind', 'at'") as caught:
        read("user,item,kind,at\n" + GOOD)
    assert caught.value.where.endswith("log.csv") and "sluice.yaml" in caught.value.mend


def test_a_rule_column_must_be_in_the_header_too(read):
    rules = [{"column": "invoice", "pattern": "^C", "event_type": "return"}]
    with pytest.raises(UserError, match="no column 'invoice'"):
        read(HEADER + GOOD, event_type_rules=rules)


def test_an_unreadable_file_is_the_users_to_mend(tmp_path, event_source):
    with pytest.raises(UserError, match="cannot be read: No such file"):
        read_event_file(SourceFile(tmp_path / "gone", "gone", None), event_source(), DayRange(date(2011, 1, 1)))
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        read_event_file(SourceFile(tmp_path, "folder", None), event_source(), DayRange(date(2011, 1, 1)))


def test_progress_reaches_the_size_of_the_file(tmp_path, event_source):
    (tmp_path / "log.csv").write_text(HEADER + GOOD)
    (file,) = list_source_files(event_source(), tmp_path)
    calls = []
    read_event_file(file, event_source(), DayRange(date(2011, 1, 1)), lambda *call: calls.append(call))
    size = len(HEADER + GOOD)
    assert calls[-1] == ("log.csv", size, size)


RECBOLE_HEADER = "user:token\titem:token\ttype:token\tat:token\n"
NASTY = st.lists(
    st.one_of(
        st.sampled_from([HEADER.strip().encode(), GOOD.strip().replace(",", "\t").encode()]),
        st.binary(max_size=30).filter(lambda line: b"\n" not in line),
        st.sampled_from([GOOD.strip().encode(), b"", b'"', b'u,"i', b"\xff\xfe", b"{}", b"[]", b"\x00",
                         b'{"at": 1e999}', b'{"user": "\\ud800"}',
                         b'{"at": "2011-01-05", "type": "click", "item": 1}']),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=NASTY, layout=st.sampled_from(["csv", "tsv", "dat", "jsonl", "recbole"]), dated=st.booleans())
def test_whatever_the_bytes_every_line_is_accounted_for(read, lines, layout, dated):
    header = {"jsonl": "", "tsv": HEADER.replace(",", "\t"), "recbole": RECBOLE_HEADER}.get(layout, HEADER).encode()
    content = header + b"".join(line + b"\n" for line in lines)
    batch = read(content, format=layout, separator=",", **(DATED if dated else {}))
    spans = batch.n_lines if layout != "csv" else len(lines)
    assert batch.accepted.height + batch.rejected.height == batch.n_lines
    assert spans == len(lines) and batch.n_lines <= len(lines)
    assert sum(batch.lines_by_day().values()) == batch.n_lines
    batch.rejected.write_ndjson()  # every text is storable
