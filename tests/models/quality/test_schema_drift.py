import pytest

from models.events.source import EventSource
from models.quality.schema_drift import Drift, likely_new_name, schema_drift
from models.quality.source_schema import SeenColumn

COLUMNS = {"user_id": "user", "item_id": "item", "event_at": "at", "price": "price"}


def layout(kind: str = "csv", **settings) -> EventSource:
    given = {"path": "x", "format": kind, "columns": COLUMNS, "constants": {"event_type": "click"}, **settings}
    return EventSource.model_validate(given)


def columns(n_records: int = 100, **types: str) -> list[SeenColumn]:
    known = {"user": "text", "item": "text", "at": "text", "price": "number", **types}
    return [SeenColumn(name, kind, n_records, n_records) for name, kind in known.items() if kind]


def drift(kind: str = "csv", before: dict | None = None, n_records: int = 100, **now: str) -> list[Drift]:
    return schema_drift(columns(**(before or {})), columns(n_records, **now), layout(kind))


def test_the_same_columns_have_not_drifted():
    assert drift() == []


def test_an_added_column_is_named_and_does_not_fail():
    assert drift(colour="text") == [Drift("added", "colour", "text", False)]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_dropped_mapped_column_fails(kind):
    assert drift(kind, price="") == [Drift("dropped", "price", "was number", True)]


def test_a_column_that_nothing_maps_may_go():
    assert drift(before={"colour": "text"}) == [Drift("dropped", "colour", "was text", False)]


def test_a_renamed_column_fails_with_its_likely_new_name():
    assert drift(price="", unit_price="number", colour="text") == [
        Drift("renamed", "price", "likely to 'unit_price'", True),
        Drift("added", "colour", "text", False),
    ]


@pytest.mark.parametrize(
    ("old", "came", "expected"),
    [
        ("price", [("unit_price", "number"), ("prize", "text")], "unit_price"),
        ("CustomerID", [("customer_id", "number"), ("country", "number")], "customer_id"),
        ("price", [("colour", "number")], None),
        ("price", [("unit_price", "text")], None),
        ("price", [], None),
    ],
)
def test_the_likely_new_name_is_alike_and_of_the_same_type(old, came, expected):
    gone = SeenColumn(old, "number", 100, 100)
    assert likely_new_name(gone, [SeenColumn(*column, 100, 100) for column in came]) == expected


@pytest.mark.parametrize(
    ("kind", "column", "before", "now"),
    [
        ("csv", "price", "number", "text"),
        ("csv", "at", "text", "number"),
        ("csv", "at", "number", "text"),
        ("jsonl", "user", "integer", "text"),
        ("jsonl", "price", "number", "text"),
        ("parquet", "at", "time", "text"),
        # 17850 would become '17850.0': another user.
        ("parquet", "user", "integer", "number"),
    ],
)
def test_a_retyped_mapped_column_fails(kind, column, before, now):
    assert drift(kind, {column: before}, **{column: now}) == [Drift("retyped", column, f"{before} became {now}", True)]


@pytest.mark.parametrize(
    ("kind", "column", "before", "now"),
    [
        # An invoice number of digits, and one of a cancellation: texts both.
        ("csv", "item", "number", "text"),
        ("csv", "price", "text", "number"),
        ("csv", "price", "number", "mixed"),
        ("csv", "price", "empty", "number"),
        ("parquet", "price", "integer", "number"),
        ("jsonl", "price", "number", "integer"),
    ],
)
def test_what_reads_the_same_has_not_drifted(kind, column, before, now):
    assert drift(kind, {column: before}, **{column: now}) == []


def test_ids_that_lose_their_point_may_become_floats():
    before, now = columns(user="integer"), columns(user="number")
    assert schema_drift(before, now, layout("parquet", integer_ids=["user_id"])) == []


def test_a_retyped_column_that_nothing_maps_is_a_warning():
    assert drift("jsonl", {"colour": "text"}, colour="integer") == [
        Drift("retyped", "colour", "text became integer", False)
    ]


def test_a_few_records_tell_neither_a_type_nor_that_a_json_key_is_gone():
    assert drift("jsonl", n_records=19, price="") == []
    assert drift("jsonl", n_records=20, price="") != []
    assert drift("csv", n_records=19, price="text") == []
    assert drift("csv", n_records=20, price="text") != []


def test_a_json_key_that_was_rare_may_be_absent():
    before = [*columns(), SeenColumn("coupon", "text", 100, 89)]
    assert schema_drift(before, columns(), layout("jsonl")) == []
    before = [*columns(), SeenColumn("coupon", "text", 100, 90)]
    assert schema_drift(before, columns(), layout("jsonl")) == [Drift("dropped", "coupon", "was text", False)]


def test_a_path_maps_the_key_it_begins_with():
    nested = layout("jsonl").model_copy(update={"columns": {**COLUMNS, "price": "offer.price | price"}})
    before = columns(offer="object")
    assert schema_drift(before, columns(), nested) == [Drift("dropped", "offer", "was object", True)]


def test_nothing_is_said_without_a_file_before_or_a_record_now():
    assert schema_drift([], columns(), layout()) == []
    assert schema_drift(columns(), [], layout()) == []
