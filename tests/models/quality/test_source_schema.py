import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.events.source import EventSource
from models.quality.source_schema import SeenColumn, arrow_family, source_schema

COLUMNS = {"user_id": "user", "item_id": "item", "event_at": "at", "price": "price"}


def layout(kind: str, **settings) -> EventSource:
    given = {"path": "x", "format": kind, "columns": COLUMNS, "constants": {"event_type": "click"}, **settings}
    return EventSource.model_validate(given)


def seen(path: Path, kind: str, **settings) -> dict[str, tuple]:
    return {column.name: tuple(column)[1:] for column in source_schema(path, layout(kind, **settings))}


def test_a_csv_files_columns_in_their_order_with_what_most_values_are(tmp_path):
    rows = "".join(f'u{n},{n},2025-09-01,"1,{n}",,{n if n % 2 else "x"}\n' for n in range(20))
    path = tmp_path / "day.csv.gz"
    path.write_bytes(gzip.compress(f"\ufeffuser, item ,at,price,note,odd\n{rows}".encode()))
    assert seen(path, "csv", currency_signs=["$"]) == {
        "user": ("text", 20, 20),
        "item": ("number", 20, 20),
        "at": ("text", 20, 20),
        "price": ("number", 20, 20),
        "note": ("empty", 20, 0),
        "odd": ("mixed", 20, 20),
    }


def test_columns_without_a_header_are_those_of_the_config(tmp_path):
    path = tmp_path / "day.dat"
    path.write_text("u::1::5::9.5\nbroken\nu::2::5::\n")
    names = {"separator": "::", "header": False, "column_names": ["user", "item", "at", "price"]}
    assert seen(path, "dat", **names)["price"] == ("number", 2, 1)


def test_a_recbole_header_names_columns_without_their_types(tmp_path):
    path = tmp_path / "day.inter"
    path.write_text("user:token\titem:token\tat:float\tprice:float\nu\ti\t1\t2\n")
    assert list(seen(path, "recbole")) == ["user", "item", "at", "price"]


def test_the_keys_of_json_objects_and_what_most_values_are(tmp_path):
    path = tmp_path / "day.jsonl"
    records = [{"user": "7", "item": n, "price": n + 0.5 if n else 1, "tags": [], "on": True} for n in range(20)]
    path.write_text("\n".join([*map(json.dumps, records), "{broken", json.dumps({"user": None})]))
    assert seen(path, "jsonl") == {
        "user": ("text", 21, 20),
        "item": ("integer", 21, 20),
        "price": ("number", 21, 20),
        "tags": ("list", 21, 20),
        "on": ("boolean", 21, 20),
    }


def test_parquet_types_by_family_and_all_rows(tmp_path):
    path = tmp_path / "day.parquet"
    pq.write_table(pa.table({"user": ["a", "b"], "item": [1, None], "none": pa.nulls(2)}), path)
    assert source_schema(path, layout("parquet")) == [
        SeenColumn("user", "text", 2, 2),
        SeenColumn("item", "integer", 2, 2),
        SeenColumn("none", "empty", 2, 2),
    ]


@pytest.mark.parametrize(
    ("kind", "family"),
    [
        (pa.int8(), "integer"),
        (pa.decimal128(9, 2), "number"),
        (pa.timestamp("ns", "UTC"), "time"),
        (pa.date32(), "time"),
        (pa.dictionary(pa.int32(), pa.string()), "text"),
        (pa.list_(pa.int32()), "list"),
        (pa.struct([("a", pa.int8())]), "object"),
        (pa.bool_(), "boolean"),
    ],
)
def test_widths_and_units_do_not_matter(kind, family):
    assert arrow_family(kind) == family


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_file_without_a_record_says_nothing(tmp_path, kind):
    path = tmp_path / "day"
    path.write_text("user,item,at,price\n" if kind == "csv" else "")
    assert source_schema(path, layout(kind)) == []
