import io
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import UserError
from models.events import parquet
from models.events.file_records import file_records
from models.events.source import EventSource

COLUMNS = {"user_id": "user", "item_id": "item", "event_type": "type", "event_at": "at"}
MOMENT = datetime(2011, 7, 1, 10)


def write(table, **options):
    buffer = io.BytesIO()
    pq.write_table(pa.table(table) if isinstance(table, dict) else table, buffer, **options)
    return buffer.getvalue()


@pytest.fixture
def read_table(read):
    """Write columns to a Parquet file, with good ones for those not given, and read it."""

    def written_and_read(given=None, n=1, **options):
        table = {"user": ["u"] * n, "item": ["i"] * n, "type": ["click"] * n, "at": [MOMENT] * n} | (given or {})
        return read(write(table), name="log.parquet", format="parquet", **options)

    return written_and_read


def records(data, path, **options):
    path = Path(path, "log.parquet")
    path.write_bytes(data)
    layout = EventSource(**({"path": "x", "format": "parquet", "columns": COLUMNS} | options))
    return list(file_records(path, layout, lambda done: None))


def numbered(n):
    return {"user": [f"u{i}" for i in range(n)], "item": ["i"] * n, "type": ["click"] * n, "at": [MOMENT] * n}


DAMAGED = write(numbered(300), row_group_size=100)


def test_rows_are_numbered_from_one(read_table):
    batch = read_table({"item": ["a", None, "b"]}, n=3)
    assert batch.accepted.select("source_line", "item_id").rows() == [(1, "a"), (3, "b")]
    assert batch.rejected.select("source_file", "source_line", "reason").rows() == [("log.parquet", 2, "missing_item")]
    assert batch.rejected["line"].to_list() == ['{"user":"u","item":null,"type":"click","at":"2011-07-01T10:00:00"}']


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("time_format", ["iso", "epoch_seconds", "%d/%m/%Y"])
def test_timestamps_need_no_format(read_table, unit, time_format):
    given = pa.array([MOMENT, None], pa.timestamp(unit))
    batch = read_table({"at": given}, n=2, time_format=time_format, time_zone="Europe/London")
    assert batch.accepted["event_at"].to_list() == [datetime(2011, 7, 1, 9)]
    assert batch.rejected["reason"].to_list() == ["missing_time"]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "+05:30"])
def test_a_timestamp_with_a_zone_is_that_instant(read_table, zone):
    instant = MOMENT.replace(tzinfo=UTC)
    batch = read_table({"at": pa.array([instant], pa.timestamp("us", zone))}, time_zone="Europe/London")
    assert batch.accepted["event_at"].to_list() == [MOMENT]


def test_fractions_of_seconds_are_kept_to_the_microsecond(read_table):
    nanos = pa.array([1_309_514_400_123_456_789], pa.int64()).view(pa.timestamp("ns"))
    assert read_table({"at": nanos}).accepted["event_at"].to_list() == [MOMENT + timedelta(microseconds=123_456)]


def test_a_timestamp_in_a_gap_of_the_zone_is_read_like_text(read_table):
    gap = datetime(2011, 3, 27, 1, 30)
    assert read_table({"at": [gap]}, time_zone="Europe/London").accepted["event_at"].to_list() == [gap]


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
def test_dates_are_midnights_of_the_time_zone(read_table, kind):
    batch = read_table({"at": pa.array([date(2011, 7, 1)], kind)}, time_zone="Europe/London")
    assert batch.accepted["event_at"].to_list() == [datetime(2011, 6, 30, 23)]


@pytest.mark.parametrize(
    "at",
    [pa.array([value], pa.int64()).view(pa.timestamp(unit, zone))
     for value in (2**62, -(2**62), 0) for unit in ("ms", "us", "ns") for zone in (None, "Asia/Tokyo")
     if not (unit == "ns" and value == 2**62)]
    + [pa.array([days], pa.int32()).view(pa.date32()) for days in (2**30, -(2**30), 0)]
    + [pa.array([days * 86_400_000], pa.int64()).view(pa.date64()) for days in (2**32, -(2**32))],
)  # fmt: skip
def test_moments_python_cannot_hold_are_impossible(read_table, at):
    assert read_table({"at": at}).rejected["reason"].to_list() == ["impossible_time"]


@pytest.mark.parametrize(
    ("at", "time_format"),
    [
        ([1_309_514_400], "epoch_seconds"),
        ([1_309_514_400.0], "epoch_seconds"),
        ([Decimal("1309514400")], "epoch_seconds"),
        ([1_309_514_400_000], "epoch_milliseconds"),
        (["2011-07-01 10:00:00"], "iso"),
        (["01/07/2011 10:00"], "%d/%m/%Y %H:%M"),
        (pa.array(["2011-07-01"], pa.string()).dictionary_encode(), "iso"),
    ],
)
def test_numbers_and_texts_are_read_as_the_format_says(read_table, at, time_format):
    found = read_table({"at": at}, time_format=time_format).accepted["event_at"].to_list()
    assert found in ([MOMENT], [datetime(2011, 7, 1)])


def test_integers_that_are_no_time_are_rejected(read_table):
    reasons = [
        read_table({"at": [value]}, time_format=time_format).rejected["reason"].to_list()
        for value, time_format in ((1_309_514_400, "iso"), (1_309_514_400_000, "epoch_seconds"))
    ]
    assert reasons == [["unreadable_time"], ["impossible_time"]]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ([17850], "17850"), (pa.array([2**64 - 1], pa.uint64()), str(2**64 - 1)), ([Decimal("17850.00")], "17850"),
        ([17850.0], "17850"), ([b"caf\xc3\xa9"], "café"), ([date(2011, 1, 5)], "2011-01-05"),
        (pa.array(["a"], pa.large_string()), "a"), (pa.array(["a"]).dictionary_encode(), "a"),
        (pa.array([b"a"]).dictionary_encode(), "a"),
        (pa.array([UUID(int=5).bytes], pa.uuid()), str(UUID(int=5))),
    ],
)  # fmt: skip
def test_ids_of_any_plain_type_become_text(read_table, item, expected):
    assert read_table({"item": item}, integer_ids=["item_id"]).accepted["item_id"].to_list() == [expected]


@pytest.mark.parametrize(
    "item",
    [[["a", "b"]], [{"a": 1}], [True], [b"\xff\xfe"], [timedelta(1)], [datetime(2011, 1, 1).time()], [float("inf")],
     pa.array([[("k", "v")]], pa.map_(pa.string(), pa.string())), pa.array([2.0**60], pa.float64())],
)  # fmt: skip
def test_values_that_are_no_text_are_rejected(read_table, item):
    batch = read_table({"item": item})
    assert batch.rejected["reason"].to_list() == ["wrong_type"] and batch.accepted.height == 0


def test_values_python_cannot_hold_cost_one_row(read_table):
    moments = pa.array([[0], [2**62], None], pa.list_(pa.int64())).cast(pa.list_(pa.timestamp("us")))
    batch = read_table({"user": moments}, n=3)
    assert batch.rejected.select("source_line", "reason").rows() == [(1, "wrong_type"), (2, "wrong_type")]
    durations = pa.array([2**62], pa.int64()).view(pa.duration("us"))
    assert read_table({"user": durations}).rejected["reason"].to_list() == ["wrong_type"]


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flips=st.lists(st.tuples(st.floats(0, 0.9999), st.integers(1, 255)), min_size=1, max_size=4),
    kept=st.sampled_from([1.0, 1.0, 0.9, 0.1]),
)
def test_whatever_the_damage_every_row_read_is_accounted_for(read, flips, kept):
    data = bytearray(DAMAGED)
    for place, bits in flips:
        data[4 + int(place * (len(data) - 4))] ^= bits
    try:
        batch = read(bytes(data[: int(len(data) * kept)]), name="log.parquet", format="parquet")
    except UserError as refused:  # a name of the schema was hit
        assert "no column" in str(refused)
        return
    assert batch.accepted.height + batch.rejected.height == batch.n_lines
    assert kept == 1 or batch.rejected["reason"].to_list() == ["corrupt_file"]


def test_an_undecodable_text_costs_one_row(tmp_path, read):
    texts = pa.Array.from_buffers(pa.string(), 3, pa.array([b"a", b"\xff", b"c"], pa.binary()).buffers())
    batch = read(write(numbered(3) | {"item": texts}), name="log.parquet", format="parquet")
    assert batch.accepted["source_line"].to_list() == [1, 3] and batch.rejected["reason"].to_list() == ["wrong_type"]


def test_numbers_that_are_not_finite(read_table):
    columns = COLUMNS | {"price": "price"}
    batch = read_table({"price": [1.5, float("nan"), float("inf"), None]}, n=4, columns=columns)
    assert batch.accepted["price"].to_list() == [1.5, None, None]
    assert batch.rejected.select("source_line", "reason").rows() == [(3, "unreadable_number")]
    strict = read_table({"price": [1.5, float("nan")]}, n=2, columns=columns, missing_values=[""])
    assert strict.rejected["reason"].to_list() == ["unreadable_number"]


def test_decimals_are_numbers(read_table):
    batch = read_table({"price": [Decimal("9.99")]}, columns=COLUMNS | {"price": "price"})
    assert batch.accepted["price"].to_list() == [9.99]


def test_a_zone_east_of_the_last_possible_instant_is_converted(read_table):
    at = datetime(2011, 7, 1, 10, tzinfo=timezone(timedelta(hours=14)))
    assert read_table({"at": [at]}).accepted["event_at"].to_list() == [datetime(2011, 6, 30, 20)]


def test_a_missing_or_double_column_names_the_columns_there_are(tmp_path):
    with pytest.raises(
        UserError, match=r"no column 'at'; its columns are 'user', 'item', 'type', 'when'.*sluice\.yaml"
    ):
        records(write(pa.table(numbered(1)).rename_columns(["user", "item", "type", "when"])), tmp_path)
    with pytest.raises(UserError, match="two columns named 'at'"):
        records(write(pa.table([["a"]] * 5, ["user", "item", "type", "at", "at"])), tmp_path)


def test_a_column_is_found_by_its_whole_name(tmp_path):
    table = numbered(1) | {"item.id": ["dotted"], "item": [{"id": "nested"}]}
    (found,) = records(write(table), tmp_path, columns=COLUMNS | {"item_id": "item.id"})
    assert found[2][1] == "dotted"
    (nested,) = records(
        write(numbered(1) | {"item": [{"id": "nested"}]}), tmp_path, columns=COLUMNS | {"item_id": "item.id"}
    )
    assert nested[2][1] == "nested"
    with pytest.raises(UserError, match="no column 'goods.id'"):
        records(write(numbered(1)), tmp_path, columns=COLUMNS | {"item_id": "goods.id"})


def test_a_long_row_is_rejected_alone(tmp_path):
    table = numbered(3) | {"item": ["i", "x" * 200, "i"]}
    found = records(write(table), tmp_path, max_line_bytes=150)
    assert [record[3] for record in found] == [None, "line_too_long", None]
    assert "max_line_bytes is 150" in found[1][4]


def test_fewer_long_rows_are_decoded_at_once(tmp_path, monkeypatch):
    sizes = []
    whole = parquet.plain_rows
    monkeypatch.setattr(parquet, "plain_rows", lambda batch, *rest: sizes.append(batch.num_rows) or whole(batch, *rest))
    monkeypatch.setattr(parquet, "BATCH_BYTES", 10_000)
    table = numbered(100) | {"item": [f"{i}" * 500 for i in range(100)]}
    assert len(records(write(table, use_dictionary=False), tmp_path)) == 100
    assert sum(sizes) == 100 and max(sizes) <= 20


def test_an_empty_table_has_no_rows(read_table):
    empty = {name: pa.array([], pa.string()) for name in COLUMNS.values()}
    batch = read_table(empty, start=date(2011, 1, 1))
    assert batch.n_lines == 0 and batch.lines_by_day() == {date(2011, 1, 1): 0}


@pytest.mark.parametrize("share", [0, 0.0005, 0.5, 0.99])
def test_a_truncated_file_is_one_rejected_row(read, share):
    whole = write(numbered(5_000))
    batch = read(whole[: int(len(whole) * share)], name="log.parquet", format="parquet")
    assert batch.rejected.select("source_line", "reason").rows() == [(1, "corrupt_file")] and batch.n_lines == 1


@pytest.mark.parametrize("options", [{"write_page_checksum": True}, {"compression": "snappy", "use_dictionary": False}])
def test_rows_before_the_damage_count(read, options):
    whole = write(numbered(50_000), row_group_size=10_000, **options)
    third = pq.ParquetFile(io.BytesIO(whole)).metadata.row_group(2).column(0)
    place = third.data_page_offset
    broken = whole[:place] + b"\xff" * 3_000 + whole[place + 3_000 :]
    batch = read(broken, name="log.parquet", format="parquet")
    assert batch.accepted["user_id"].to_list() == [f"u{i}" for i in range(20_000)]
    assert batch.rejected.select("source_line", "reason").rows() == [(20_001, "corrupt_file")]
    assert "after row 20000" in batch.rejected["detail"][0]


def test_a_flipped_bit_is_found_by_its_checksum(read):
    whole = write(numbered(1_000), compression="none", write_page_checksum=True)
    place = whole.index(b"u500")
    batch = read(whole[:place] + b"v" + whole[place + 1 :], name="log.parquet", format="parquet")
    assert batch.rejected["reason"].to_list() == ["corrupt_file"] and batch.accepted.height == 0


def test_rows_its_footer_counts_but_that_are_not_there_are_damage(tmp_path, monkeypatch):
    class Short(pq.ParquetFile):
        def iter_batches(self, *arguments, **options):
            return iter(list(super().iter_batches(*arguments, **options))[:-1])

    monkeypatch.setattr(parquet.pq, "ParquetFile", Short)
    found = records(write(numbered(3)), tmp_path)
    assert [record[3] for record in found] == ["corrupt_file"]
    assert "0 rows could be read, its footer says 3" in found[0][4]


def test_a_footer_that_cannot_be_decoded_is_damage(tmp_path):
    broken = write(numbered(3), store_schema=False).replace(b"user", b"us\xffr")
    assert [record[3] for record in records(broken, tmp_path)] == ["corrupt_file"]


def test_an_error_of_the_disk_is_no_damage(tmp_path, monkeypatch):
    def failing(*arguments, **options):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(parquet.pq, "ParquetFile", failing)
    with pytest.raises(OSError, match="Input/output error"):
        records(write(numbered(3)), tmp_path)


def test_another_file_is_refused(tmp_path):
    with pytest.raises(UserError, match="is not a Parquet file although"):
        records(b"user,item,type,at\n", tmp_path)


def test_progress_ends_at_the_size_of_the_file(tmp_path):
    path, seen = tmp_path / "log.parquet", []
    path.write_bytes(write(numbered(20_000), row_group_size=7_000))
    layout = EventSource(path="x", format="parquet", columns=COLUMNS)
    list(file_records(path, layout, seen.append))
    assert seen == sorted(seen) and len(seen) >= 3 and seen[-1] == path.stat().st_size
