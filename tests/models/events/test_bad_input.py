"""What real files do to a reader: each of these costs the row it is in and no other."""

import functools
import gzip
import io
import json
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.errors import UserError

zstd = functools.partial(pa.compress, codec="zstd", asbytes=True)
NAMES = ["user", "item", "type", "at"]
GOOD = ["u1", "i1", "click", "2011-01-05T10:00:00"]
DELIMITED = {"csv": ",", "tsv": "\t", "dat": "::", "recbole": "\t"}
TEXT_FORMATS = [*DELIMITED, "jsonl"]
ALL_FORMATS = [*TEXT_FORMATS, "parquet"]
LONG_ID = "long/" + "x" * 495
BOBBY = "'); DROP TABLE core_events;--"


def header(layout):
    if layout not in DELIMITED:
        return b""
    names = [f"{name}:token" for name in NAMES] if layout == "recbole" else NAMES
    return DELIMITED[layout].join(names).encode() + b"\n"


def line(layout, row, encoding="utf-8"):
    text = json.dumps(dict(zip(NAMES, row, strict=True)), ensure_ascii=False) if layout == "jsonl" else (
        DELIMITED[layout].join(row)
    )  # fmt: skip
    return text.encode(encoding) + b"\n"


def as_file(layout, rows):
    if layout != "parquet":
        return header(layout) + b"".join(line(layout, row) for row in rows)
    buffer = io.BytesIO()
    pq.write_table(pa.table(dict(zip(NAMES, map(list, zip(*rows, strict=True)), strict=True))), buffer)
    return buffer.getvalue()


@pytest.fixture
def read_as(read):
    def written_and_read(layout, data, **options):
        return read(data, format=layout, **({"separator": "::"} if layout == "dat" else {}) | options)

    return written_and_read


def first_line(layout):
    return 2 if layout in DELIMITED else 1


@pytest.mark.parametrize("layout", TEXT_FORMATS)
def test_a_byte_order_mark_is_no_part_of_the_first_field(read_as, layout):
    batch = read_as(layout, b"\xef\xbb\xbf" + as_file(layout, [GOOD]))
    assert batch.accepted["user_id"].to_list() == ["u1"] and batch.rejected.height == 0


@pytest.mark.parametrize("layout", ["csv", "tsv", "dat", "jsonl"])
def test_files_with_marks_may_be_concatenated(read_as, layout):
    marked = b"\xef\xbb\xbf" + line(layout, GOOD)
    headless = {} if layout == "jsonl" else {"header": False, "column_names": NAMES}
    batch = read_as(layout, marked + marked, **headless)
    assert batch.accepted["user_id"].to_list() == ["u1", "u1"]


def test_a_mark_before_a_quote_does_not_hide_it(read_as):
    batch = read_as("csv", '\ufeff"user","item",type,at\n\ufeff"a, b",i,click,2011-01-05\n'.encode())
    assert batch.accepted["user_id"].to_list() == ["a, b"]


@pytest.mark.parametrize("layout", TEXT_FORMATS)
def test_a_line_in_another_encoding_is_rejected_alone(read_as, reasons, layout):
    foreign = line(layout, ["é", *GOOD[1:]], "latin-1")
    batch = read_as(layout, as_file(layout, [GOOD]) + foreign + line(layout, ["é", *GOOD[1:]]))
    assert reasons(batch) == ["wrong_encoding"]
    assert batch.rejected["source_line"].to_list() == [first_line(layout) + 1]
    assert batch.accepted["user_id"].to_list() == ["u1", "é"]


@pytest.mark.parametrize("layout", ALL_FORMATS)
def test_a_nul_in_a_text_is_rejected_alone(read_as, reasons, layout):
    batch = read_as(layout, as_file(layout, [GOOD, ["u\x001", *GOOD[1:]], GOOD]))
    assert reasons(batch) == ["nul_byte"] and batch.accepted.height == 2
    assert "\x00" not in batch.rejected["line"][0]


@pytest.mark.parametrize("layout", ["tsv", "dat", "recbole"])
def test_quotes_are_ordinary_characters_except_in_csv(read_as, layout):
    rows = [['"u1', *GOOD[1:]], ['"u1"', 'ein "Wort"', *GOOD[2:]]]
    batch = read_as(layout, as_file(layout, rows))
    assert batch.accepted.select("user_id", "item_id").rows() == [('"u1', "i1"), ('"u1"', 'ein "Wort"')]


@pytest.mark.parametrize("layout", DELIMITED)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_files_that_were_concatenated_repeat_their_header(read_as, reasons, layout, mark):
    data = mark + as_file(layout, [GOOD])
    batch = read_as(layout, data + data + data)
    assert reasons(batch) == ["repeated_header"] * 2 and batch.rejected["source_line"].to_list() == [3, 5]
    assert batch.accepted.height == 3 and batch.n_lines == 5


def test_a_quoted_or_padded_header_is_the_same_header(read_as, reasons):
    batch = read_as("csv", as_file("csv", [GOOD]) + b'"user", item,type,at\nuser,i,click,2011-01-05\n')
    assert reasons(batch) == ["repeated_header"] and batch.accepted["user_id"].to_list() == ["u1", "user"]


def test_a_header_in_a_file_without_one_is_rejected(read_as, reasons):
    batch = read_as("csv", as_file("csv", [GOOD]), header=False, column_names=NAMES)
    assert reasons(batch) == ["repeated_header"] and batch.accepted.height == 1


@pytest.mark.parametrize("layout", DELIMITED)
def test_only_a_mapped_column_may_not_come_twice(read_as, layout):
    twice = as_file(layout, [GOOD]).replace(b"user", b"item")
    with pytest.raises(UserError, match="two columns named 'item'"):
        read_as(layout, twice, columns={"item_id": "item", "event_type": "type", "event_at": "at"})
    columns = {"user_id": "type", "event_at": "at"}
    constants = {"event_type": "click", "item_id": "i"}
    assert read_as(layout, twice, columns=columns, constants=constants).accepted["user_id"].to_list() == ["click"]


@pytest.mark.parametrize("layout", ALL_FORMATS)
@pytest.mark.parametrize("name", ["select", "a b", "'); DROP TABLE x;--", "Größe", "user"])
def test_a_column_may_have_any_name(read_as, layout, name):
    if layout == "parquet":
        buffer = io.BytesIO()
        pq.write_table(pa.table([[value] for value in GOOD], [name, *NAMES[1:]]), buffer)
        data = buffer.getvalue()
    else:
        data = as_file(layout, [GOOD]).replace(b"user", name.encode())
    columns = {"user_id": name, "item_id": "item", "event_type": "type", "event_at": "at"}
    batch = read_as(layout, data, columns=columns)
    assert batch.accepted["user_id"].to_list() == ["u1"]


@pytest.mark.parametrize("layout", ALL_FORMATS)
@pytest.mark.parametrize("item", [BOBBY, "a/b/../c\\d", "😀👩‍👩‍👧", LONG_ID, "nullable", "-1", "1e5", "%s {x} $1"])
def test_an_id_may_hold_anything(read_as, layout, item):
    batch = read_as(layout, as_file(layout, [["u", item, *GOOD[2:]], [item, "i", *GOOD[2:]]]))
    assert batch.accepted.select("user_id", "item_id").rows() == [("u", item), (item, "i")]
    assert batch.accepted["event_id"].n_unique() == 2


@pytest.mark.parametrize("layout", ALL_FORMATS)
@pytest.mark.parametrize(
    ("time_format", "right", "wrong"),
    [("epoch_seconds", "1294221600", "1294221600000"), ("epoch_milliseconds", "1294221600000", "1294221600")],
)
def test_seconds_beside_milliseconds_are_impossible(read_as, reasons, layout, time_format, right, wrong):
    rows = [[*GOOD[:3], time] for time in (right, wrong, right)]
    batch = read_as(layout, as_file(layout, rows), time_format=time_format)
    assert reasons(batch) == ["impossible_time"] and batch.accepted["event_at"].dt.year().to_list() == [2011, 2011]
    assert wrong in batch.rejected["detail"][0] and time_format in batch.rejected["detail"][0]


@pytest.mark.parametrize("layout", ALL_FORMATS)
def test_a_time_the_clocks_skip_is_read_with_the_offset_before(read_as, layout):
    rows = [[*GOOD[:3], time] for time in ("2011-03-27T00:59:00", "2011-03-27T01:30:00", "2011-03-27T02:00:00")]
    batch = read_as(layout, as_file(layout, rows), time_zone="Europe/London")
    assert [f"{at:%H:%M}" for at in batch.accepted["event_at"]] == ["00:59", "01:30", "01:00"]


@pytest.mark.parametrize("layout", TEXT_FORMATS)
def test_a_line_of_ten_megabytes_is_rejected_alone(read_as, reasons, layout):
    long = line(layout, ["x" * 10_000_000, *GOOD[1:]])
    data = as_file(layout, [GOOD]) + long + line(layout, GOOD)
    tracemalloc.start()
    batch = read_as(layout, data)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reasons(batch) == ["line_too_long"] and batch.accepted.height == 2
    assert batch.rejected["source_line"].to_list() == [first_line(layout) + 1]
    assert len(batch.rejected["line"][0]) == 500 and peak_bytes < 9_000_000


def test_a_row_of_ten_megabytes_is_rejected_alone(read_as, reasons):
    batch = read_as("parquet", as_file("parquet", [GOOD, ["x" * 10_000_000, *GOOD[1:]], GOOD]))
    assert reasons(batch) == ["line_too_long"] and batch.accepted["source_line"].to_list() == [1, 3]


@pytest.mark.parametrize("layout", TEXT_FORMATS)
@pytest.mark.parametrize(("compress", "suffix"), [(gzip.compress, ".gz"), (zstd, ".zst")])
def test_a_truncated_stream_costs_what_it_lost(read_as, reasons, layout, compress, suffix):
    rows = [[f"u{i}", *GOOD[1:]] for i in range(40_000)]
    whole = compress(as_file(layout, rows))
    batch = read_as(layout, whole[: int(len(whole) * 0.8)], name=f"log{suffix}")
    assert reasons(batch) == ["truncated_file"]
    assert batch.accepted["user_id"].to_list() == [f"u{i}" for i in range(batch.n_lines - 1)]
    assert 1_000 < batch.n_lines < 40_000
    assert batch.rejected["source_line"].to_list() == [first_line(layout) + batch.n_lines - 1]


@pytest.mark.parametrize("layout", TEXT_FORMATS)
@pytest.mark.parametrize("name", ["log", "log.gz", "log.zst"])
def test_an_empty_file_has_no_lines(read_as, layout, name):
    assert read_as(layout, b"", name=name).n_lines == 0
