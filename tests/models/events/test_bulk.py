"""What is read in bulk is what is read one record at a time."""

import io
import json
from datetime import UTC, date, datetime

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from models.events import delimited, parquet
from models.events.days import DayRange
from models.events.file_records import file_pieces
from models.events.files import SourceFile
from models.events.json_lines import JsonReader
from models.events.pieces import Bulk
from models.events.read import read_event_file
from models.events.source import EventSource

COLUMNS = {"user_id": "user", "item_id": "item", "event_type": "type", "event_at": "at", "price": "price"}
DAYS = DayRange(date(2025, 1, 1), date(2025, 1, 31))
TEXTS = ["u1", " u2 ", "", "null", "ünï", "a\x00b", 'say "x"', "x" * 60, "17850.0", "\\N", " ", "-", "1e400", "-0"]
TIMES = ["2025-01-05T10:00:00", "2025-01-05 10:00:00.123456", "2025-01-05", "2025-01-05T10", "2025-01-05T10:00:00Z"]
TIMES += ["2025-01-05T23:30:00-05:00", "20250105", "yesterday", "", "1899-01-01", "2025-01-05T24:00:00", "2025-13-01"]
MANY = 3 * delimited.LEAST_BULK


def source(kind, **options):
    return EventSource(**({"path": "x", "format": kind, "columns": COLUMNS} | options))


def read(path, layout):
    batch = read_event_file(SourceFile(path, path.name, None), layout, DAYS)
    return batch.accepted, batch.rejected, batch.n_lines


def assert_same_one_by_one(path, layout, monkeypatch):
    """Read a file as it is and once more with everything looked at one by one."""
    found = read(path, layout)
    bulks = [piece for piece in file_pieces(path, layout, lambda done: None) if isinstance(piece, Bulk)]
    with monkeypatch.context() as patch:
        patch.setattr(parquet, "plain_rows", lambda *arguments: None)
        patch.setattr(delimited, "LEAST_BULK", 1 << 60)
        patch.setattr(JsonReader, "_objects", one_by_one)
        expected = read(path, layout)
    assert found[2] == expected[2]
    assert_frame_equal(found[0], expected[0])
    assert_frame_equal(found[1], expected[1])
    return sum(len(bulk.lines) for bulk in bulks)


def one_by_one(reader, block, whole=JsonReader._objects):
    """Every line as a block of its own, whose neighbours cannot matter."""
    numbers, data, objects, broken = [], [], [], []
    for number, line in enumerate(block.lines, block.first):
        for all_of_them, some in zip(
            (numbers, data, objects, broken), whole(reader, type(block)(number, [line])), strict=True
        ):
            all_of_them += some
    return numbers, data, objects, broken


rows = st.lists(
    st.tuples(*(st.sampled_from(TEXTS) for _ in range(3)), st.sampled_from(TIMES), st.sampled_from(["1", "2.5", "x"])),
    min_size=1,
    max_size=20,
)


@settings(max_examples=60, deadline=None)
@given(rows=rows, odd=st.lists(st.sampled_from(["", "  ", "a,b", '"', "user,item,type,at,price", "\t", "\ufeffx"])))
@pytest.mark.parametrize("kind", ["csv", "tsv", "dat"])
def test_delimited_lines(tmp_path_factory, kind, rows, odd):
    separator = {"csv": ",", "tsv": "\t", "dat": "::"}[kind]
    lines = [separator.join(row) for row in rows * MANY][:MANY]
    for place, line in enumerate(odd):
        lines.insert(7 * place + 3, line.replace(",", separator))
    header = separator.join(COLUMNS.values())
    path = tmp_path_factory.mktemp("logs") / f"log.{kind}"
    path.write_text("\n".join([header, *lines]), encoding="utf-8", newline="\n")
    layout = source(kind, separator=separator if kind == "dat" else ",")
    with pytest.MonkeyPatch.context() as patch:
        assert_same_one_by_one(path, layout, patch)


def test_plain_lines_are_read_in_bulk_up_to_a_quote_and_after_it(tmp_path, monkeypatch):
    line = "u,i,view,2025-01-05,1"
    path = tmp_path / "log.csv"
    path.write_text("\n".join([",".join(COLUMNS.values()), *[line] * MANY, '"u,i"' + line[1:], *[line] * MANY]))
    n_bulk = assert_same_one_by_one(path, source("csv"), monkeypatch)
    assert n_bulk > 2 * MANY - delimited.LEAST_BULK  # but for the first, and the last of what is read from disk at once


def test_a_quoted_record_that_runs_into_plain_lines_takes_them(tmp_path, monkeypatch):
    line, quoted = "u,i,view,2025-01-05,1", 'u,"i\nu,i,view,2025-01-05,1\nu",view,2025-01-05,1'
    path = tmp_path / "log.csv"
    path.write_text("\n".join([",".join(COLUMNS.values()), *[line] * MANY, quoted, *[line] * MANY]))
    assert_same_one_by_one(path, source("csv"), monkeypatch)
    accepted, rejected, n_lines = read(path, source("csv"))
    assert (accepted.height, rejected.height, n_lines) == (2 * MANY + 1, 0, 2 * MANY + 1)
    assert accepted["source_line"][-1] == 2 * MANY + 4


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "shift_jis"])
def test_other_encodings(tmp_path, monkeypatch, encoding):
    lines = [f"u{'ö' if encoding != 'shift_jis' else 'ｱ'}{n},i,view,2025-01-05,1" for n in range(MANY)]
    path = tmp_path / "log.csv"
    path.write_bytes("\n".join([",".join(COLUMNS.values()), *lines]).encode(encoding) + b"\n\x81\x8d,i,view,,\n")
    assert_same_one_by_one(path, source("csv", encoding=encoding), monkeypatch)


values = st.one_of(st.sampled_from(TEXTS), st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats())
objects = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {}, optional={name: st.one_of(values, st.sampled_from(TIMES)) for name in COLUMNS.values()}
        ),
        st.sampled_from([[1], "x", 3, None]),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(objects=objects, odd=st.lists(st.sampled_from(["", "{", "{}{}", '{"a": 1},{"b": 2}', "\ufeff{}", "nan"])))
def test_json_lines(tmp_path_factory, objects, odd):
    lines = [json.dumps(value) for value in objects]
    for place, line in enumerate(odd):
        lines.insert(3 * place, line)
    path = tmp_path_factory.mktemp("logs") / "log.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    with pytest.MonkeyPatch.context() as patch:
        assert_same_one_by_one(path, source("jsonl"), patch)


def parquet_file(tmp_path, table, **options):
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table(table), path, **options)
    return path


GOOD = {
    "user": pa.array(["u1", " u2", None]),
    "item": pa.array(["i", "i", "i"]),
    "type": pa.array(["view"] * 3),
    "at": pa.array([datetime(2025, 1, 5, 10), datetime(2025, 1, 6), datetime(1950, 1, 1)], pa.timestamp("us")),
    "price": pa.array([1.0, None, 2.5]),
}


@pytest.mark.parametrize(
    ("changed", "n_bulk"),
    [
        ({}, 3),
        ({"user": pa.array([1, None, 2**63 - 1])}, 3),
        ({"user": pa.array([1, 0, 2**64 - 1], pa.uint64())}, 3),
        ({"user": pa.array([1.0, 1e17, float("nan")])}, 3),
        ({"user": pa.array([True, False, None])}, 3),
        ({"user": pa.array(["a", "b", "a"]).dictionary_encode()}, 3),
        ({"user": pa.array(["a", "b\x00", " "], pa.large_string())}, 3),
        ({"user": pa.array([date(2025, 1, 1)] * 3)}, 3),
        ({"user": pa.array([["a"], [], None])}, 0),
        ({"user": pa.array([b"a", b"\xff", None])}, 0),
        ({"price": pa.array([1, 2, None], pa.int8())}, 3),
        ({"price": pa.array([float("inf"), float("nan"), 1.5], pa.float32())}, 3),
        ({"price": pa.array([" 1.5", "x", "null"])}, 3),
        ({"price": pa.array([True, None, False])}, 3),
        ({"at": pa.array([1_736_000_000_000] * 3, pa.timestamp("ms"))}, 3),
        ({"at": pa.array([1_736_000_000, -(2**50), 2**50], pa.timestamp("s"))}, 3),
        ({"at": pa.array([1_736_000_000 * 10**9] * 3, pa.timestamp("ns"))}, 3),
        ({"at": pa.array([datetime(2025, 1, 5, 23, tzinfo=UTC)] * 3, pa.timestamp("us", "America/Lima"))}, 3),
        ({"at": pa.array([date(2025, 1, 5), None, date(2025, 1, 7)])}, 3),
        ({"at": pa.array(["2025-01-05", "2025-01-05T10:00Z", "x"])}, 3),
    ],
)
@pytest.mark.parametrize("time_zone", ["UTC", "Europe/Berlin"])
def test_columns_of_parquet(tmp_path, monkeypatch, changed, n_bulk, time_zone):
    path = parquet_file(tmp_path, GOOD | changed)
    assert assert_same_one_by_one(path, source("parquet", time_zone=time_zone), monkeypatch) == n_bulk


def test_text_columns_of_parquet_that_are_no_utf_8(tmp_path, monkeypatch):
    broken = pa.StringArray.from_buffers(3, *pa.array([b"a", b"\xff", b"c"]).buffers()[1:])
    path = parquet_file(tmp_path, GOOD | {"user": broken})
    assert assert_same_one_by_one(path, source("parquet"), monkeypatch) == 0
    assert read(path, source("parquet"))[1]["reason"].to_list() == ["wrong_type", "impossible_time"]


def test_a_long_row_of_parquet_is_rejected_alone(tmp_path, monkeypatch):
    path = parquet_file(tmp_path, GOOD | {"user": pa.array(["u", "x" * 2_000, "v"])})
    layout = source("parquet", max_line_bytes=1_000)
    assert assert_same_one_by_one(path, layout, monkeypatch) == 0
    assert read(path, layout)[1].select("source_line", "reason").rows() == [
        (2, "line_too_long"),
        (3, "impossible_time"),
    ]


def test_a_date_that_means_no_value(tmp_path, monkeypatch):
    path = parquet_file(tmp_path, GOOD)
    layout = source("parquet", missing_values=["2025-01-06T00:00:00"])
    assert_same_one_by_one(path, layout, monkeypatch)
    assert read(path, layout)[1]["reason"].to_list() == ["missing_time", "impossible_time"]


def test_rows_before_a_damaged_page_are_kept_as_with_small_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "BULK_ROWS", 4_000)
    monkeypatch.setattr(parquet, "BATCH_ROWS", 100)
    n_rows = 10_000
    table = {name: column.take(pa.array([0] * n_rows)) for name, column in GOOD.items()}
    buffer = io.BytesIO()
    pq.write_table(
        pa.table(table | {"user": pa.array([f"user {n}" for n in range(n_rows)])}),
        buffer,
        use_dictionary=False,
        data_page_size=2_000,
        write_page_checksum=True,
        compression="none",
    )
    data = bytearray(buffer.getvalue())
    data[data.index(b"user 7500")] ^= 1
    path = tmp_path / "log.parquet"
    path.write_bytes(data)
    accepted, rejected, _ = read(path, source("parquet"))
    assert rejected["reason"].to_list() == ["corrupt_file"]
    assert 7_000 < accepted.height < 7_500
    assert accepted["user_id"].to_list() == [f"user {n}" for n in range(accepted.height)]
    assert accepted["source_line"].equals(pl.Series("source_line", range(1, accepted.height + 1)))
