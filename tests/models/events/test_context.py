"""`events.context`: what else a source says of an event, as a map of texts."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

COLUMNS = {"user_id": "user", "item_id": "item", "event_type": "type", "event_at": "at"}
CONTEXT = {"source": "utm", "device": "client.type"}
FLAT = {"source": "utm", "device": "client"}
RECORDS = [
    {"user": "ann", "item": "i1", "type": "click", "at": "2025-09-05T10:00:00", "utm": "mail", "client": "app"},
    {"user": "bob", "item": "i2", "type": "click", "at": "2025-09-05T11:00:00", "utm": " null ", "client": "7"},
    {"user": "cat", "item": "i3", "type": "click", "at": "2025-09-05T12:00:00", "utm": "", "client": ""},
]
EXPECTED = [{"device": "app", "source": "mail"}, {"device": "7"}, None]


def maps(batch):
    return [
        None if entries is None else {entry["key"]: entry["value"] for entry in entries}
        for entries in batch.accepted["context"].to_list()
    ]


def as_csv(records):
    lines = [",".join(records[0]), *(",".join(map(str, record.values())) for record in records)]
    return "\n".join(lines) + "\n"


def as_jsonl(records):
    return "".join(json.dumps(record) + "\n" for record in records)


def as_parquet(records):
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records), file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "written"),
    [("csv", as_csv), ("jsonl", as_jsonl), ("parquet", as_parquet)],
    ids=["csv", "jsonl", "parquet"],
)
def test_every_format_gives_the_same_maps_by_name_without_missing_values(read, kind, written):
    batch = read(written(RECORDS), name=f"log.{kind}", format=kind, columns=COLUMNS, context=FLAT)
    assert maps(batch) == EXPECTED
    assert [list(found) for found in maps(batch)[:2]] == [["device", "source"], ["device"]]
    assert batch.rejected.is_empty()


def test_values_below_the_top_level_and_numbers_become_texts(read):
    records = [
        {**RECORDS[0], "client": {"type": 3}},
        {**RECORDS[0], "client": {"type": True}},
        {**RECORDS[0], "client": None},
    ]
    batch = read(as_jsonl(records), name="log.jsonl", format="jsonl", columns=COLUMNS, context=CONTEXT)
    assert [found.get("device") for found in maps(batch)] == ["3", "true", None]


def test_a_list_is_no_text_and_a_nul_no_character(read):
    records = [{**RECORDS[0], "client": {"type": ["a"]}}, {**RECORDS[0], "utm": "a\0b"}, {**RECORDS[0], "client": {}}]
    batch = read(as_jsonl(records), name="log.jsonl", format="jsonl", columns=COLUMNS, context=CONTEXT)
    found = batch.rejected.select("source_line", "reason", "detail").rows()
    assert found == [(1, "wrong_type", "client.type: ['a'] is no text"), (2, "nul_byte", "utm holds a NUL character")]
    assert maps(batch) == [{"source": "mail"}]


def test_every_entry_of_a_line_has_the_context_of_its_line(read):
    line = {"user": "ann", "at": "2025-09-05T10:00:00", "utm": "mail", "shown": ["i1", "i2"]}
    batch = read(
        as_jsonl([line]),
        name="log.jsonl",
        format="jsonl",
        columns={"user_id": "user", "event_at": "at"},
        constants={"event_type": "impression"},
        expand={"path": "shown"},
        context={"source": "utm"},
    )
    assert batch.accepted["item_id"].to_list() == ["i1", "i2"]
    assert maps(batch) == [{"source": "mail"}] * 2


def test_the_digest_that_stands_for_an_id_knows_the_context(read):
    """Two events that differ in nothing else are two; without a context the ids are those of a log that maps none."""
    one, other = RECORDS[0], {**RECORDS[0], "utm": "search"}
    options = {"name": "log.jsonl", "format": "jsonl", "columns": COLUMNS}
    found = read(as_jsonl([one, other]), context=FLAT, **options).accepted["event_id"]
    assert found.n_unique() == 2
    plain = read(as_jsonl([one, RECORDS[2]]), **options).accepted["event_id"].to_list()
    with_context = read(as_jsonl([one, RECORDS[2]]), context=FLAT, **options).accepted["event_id"].to_list()
    assert plain[0] != with_context[0] and plain[1] == with_context[1]


def test_the_same_column_may_be_a_field_and_context(read):
    batch = read(as_csv(RECORDS), columns=COLUMNS | {"country": "utm"}, context=FLAT)
    assert batch.accepted["country"].to_list() == ["mail", None, None] and maps(batch) == EXPECTED


def test_names_are_those_of_sql(event_source):
    with pytest.raises(ValidationError, match="context"):
        event_source(context={"a'b": "x"})


def test_currency_is_a_text_as_it_stands(read):
    batch = read(as_csv([{**RECORDS[0], "utm": "EUR"}]), columns=COLUMNS | {"currency": "utm"})
    assert batch.accepted["currency"].to_list() == ["EUR"]
