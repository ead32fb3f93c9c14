"""The same table in every format gives the same events."""

import csv
import functools
import gzip
import io
import json
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

zstd = functools.partial(pa.compress, codec="zstd", asbytes=True)
NAMES = ["user", "item", "type", "at", "price", "place"]
COLUMNS = {"user_id": "user", "item_id": "item", "event_type": "type", "event_at": "at", "price": "price",
           "position": "place"}  # fmt: skip
ROWS = [
    [f"u{i % 7}", f"i/{i}", "click", datetime(2011, 1, 5, 10) + timedelta(seconds=i), i / 4, i + 1] for i in range(50)
]


def delimited(separator, header=NAMES):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerows([header, *([*row[:3], row[3].isoformat(), *row[4:]] for row in ROWS)])
    return text.getvalue().encode()


def as_jsonl():
    objects = (dict(zip(NAMES, [*row[:3], row[3].isoformat(), *row[4:]], strict=True)) for row in ROWS)
    return "".join(json.dumps(one) + "\n" for one in objects).encode()


def as_parquet(**options):
    buffer = io.BytesIO()
    pq.write_table(pa.table(dict(zip(NAMES, zip(*ROWS, strict=True), strict=True))), buffer, **options)
    return buffer.getvalue()


ATOMIC = ["user:token", "item:token", "type:token", "at:token", "price:float", "place:float"]
FILES = [
    ("csv", "log.csv", delimited(",")),
    ("csv", "log.csv.gz", gzip.compress(delimited(","))),
    ("csv", "log.csv.zst", zstd(delimited(","))),
    ("tsv", "log.tsv", delimited("\t")),
    ("dat", "log.dat.zst", zstd(delimited(","))),
    ("jsonl", "log.jsonl", as_jsonl()),
    ("jsonl", "log.jsonl.zst", zstd(as_jsonl())),
    ("parquet", "log.parquet", as_parquet(row_group_size=7)),
    ("parquet", "no_suffix", as_parquet(compression="zstd")),
    ("recbole", "log.inter", delimited("\t", ATOMIC)),
]


@pytest.mark.parametrize(("layout", "name", "data"), FILES, ids=[f"{layout} {name}" for layout, name, _ in FILES])
def test_every_format_gives_the_same_events(read, layout, name, data):
    batch = read(data, name=name, format=layout, columns=COLUMNS)
    found = batch.accepted.select("user_id", "item_id", "event_type", "event_at", "price", "position").rows()
    assert found == [tuple(row) for row in ROWS] and batch.rejected.height == 0
    expected = read(as_jsonl(), name="log.jsonl", format="jsonl", columns=COLUMNS).accepted["event_id"]
    assert batch.accepted["event_id"].to_list() == expected.to_list()
