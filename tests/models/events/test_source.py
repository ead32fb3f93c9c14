from datetime import date

import pytest
from pydantic import ValidationError

from models.events.file_format import FileFormat
from models.events.source import CatalogueSource, EventSource

EVENTS = {"path": "x", "format": "csv", "columns": {"item_id": "i", "event_type": "t", "event_at": "a"}}
ITEMS = {"path": "x", "format": "csv", "columns": {"item_id": "i"}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"colour": 1}, "Extra inputs"),
        ({"format": "xml"}, "csv"),
        ({"path": ""}, "at least 1 character"),
        ({"separator": "::"}, "use `format: dat`"),
        ({"separator": '"'}, "one character"),
        ({"format": "tsv", "separator": ";"}, "tsv is separated by tabs"),
        ({"format": "recbole", "separator": "::"}, "recbole is separated by tabs"),
        ({"format": "recbole", "header": False}, "always begins with its fields"),
        ({"format": "recbole", "column_names": ["i", "t", "a"]}, "only for csv, tsv and dat"),
        ({"format": "parquet", "header": False, "column_names": ["i", "t", "a"]}, "only for csv, tsv and dat"),
        ({"format": "parquet", "encoding": "latin-1"}, "always utf-8"),
        ({"format": "tsv", "header": False}, "column_names"),
        ({"header": False}, "column_names"),
        ({"column_names": ["i", "t", "a"]}, "only for csv, tsv and dat"),
        ({"format": "jsonl", "header": False, "column_names": ["i"]}, "only for csv, tsv and dat"),
        ({"header": False, "column_names": ["i", "t", "a", "i"]}, "twice"),
        ({"header": False, "column_names": ["i", "t"]}, "'a' is not among `column_names`"),
        ({"encoding": "utf-16"}, "convert the files to utf-8"),
        ({"encoding": "klingon"}, "not a text encoding"),
        ({"encoding": "base64"}, "not a text encoding"),
        ({"columns": {"item": "i"}}, "unknown field 'item'"),
        ({"constants": {"colour": "red"}}, "unknown field 'colour'"),
        ({"constants": {"item_id": "i"}}, "keep one"),
        ({"constants": {"price": "cheap"}}, "finite number"),
        ({"constants": {"price": float("inf")}}, "finite number"),
        ({"constants": {"country": " "}}, "is empty"),
        ({"columns": {"item_id": "i", "event_type": "t"}}, "must map event_at"),
        ({"columns": {"item_id": "i", "event_type": "t"}, "constants": {"event_at": "x"}}, "must come from a column"),
        ({"columns": {"item_id": "i", "event_at": "a"}}, "give event_type"),
        ({"columns": {"event_type": "t", "event_at": "a"}}, "give item_id"),
        ({"integer_ids": ["price"]}, "`integer_ids`: 'price'"),
        ({"time_zone": "Europe/Atlantis"}, "IANA"),
        ({"time_zone": "../etc/passwd"}, "IANA"),
        ({"time_format": "epoch"}, "strptime pattern"),
        ({"time_format": "%d/%m"}, "full date"),
        ({"time_format": "%Y-%m-%d %Z"}, "%z"),
        ({"time_format": "%Q"}, "strptime pattern"),
        ({"day_pattern": r"\d+"}, "exactly one group"),
        ({"day_pattern": "("}, "not a regular expression"),
        ({"event_type_rules": [{"column": "t", "pattern": "[", "event_type": "x"}]}, "not a regular expression"),
        ({"id_fields": []}, "at least one of"),
        ({"id_fields": ["event_id"]}, "at least one of"),
        ({"late_days": -1}, "greater than or equal to 0"),
        ({"max_line_bytes": 0}, "greater than or equal to 1"),
    ],
)  # fmt: skip
def test_mistakes_in_an_event_source_are_named(options, message):
    with pytest.raises(ValidationError, match=message):
        EventSource(**(EVENTS | options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": {"title": "t"}}, "must map item_id"),
        ({"category_separator": "|"}, "map category"),
        ({"path_separator": "/"}, "map category"),
        ({"day_pattern": "x"}, "exactly one group"),
        ({"late_days": 1}, "Extra inputs"),
    ],
)
def test_mistakes_in_a_catalogue_source_are_named(options, message):
    with pytest.raises(ValidationError, match=message):
        CatalogueSource(**(ITEMS | options))


def test_a_tab_may_be_said_where_it_is_known():
    assert EventSource(**EVENTS | {"format": "tsv", "separator": "\t"}).field_separator() == "\t"
    assert EventSource(**EVENTS | {"format": "recbole"}).field_separator() == "\t"
    assert EventSource(**EVENTS | {"separator": ";"}).field_separator() == ";"


def test_patterns_with_an_offset_are_allowed():
    assert EventSource(**EVENTS, time_format="%d/%b/%Y:%H:%M:%S %z").time_format.endswith("%z")


def test_sources_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        EventSource(**EVENTS).late_days = 3


@pytest.mark.parametrize("source", [EventSource, CatalogueSource])
def test_every_field_is_described(source):
    assert all(field.description for field in source.model_fields.values())
    assert set(FileFormat.model_fields) < set(source.model_fields)


def test_rule_columns_are_read_once_after_the_mapped_ones():
    rules = [{"column": c, "pattern": "x", "event_type": "y"} for c in ("i", "z", "z")]
    assert EventSource(**EVENTS, event_type_rules=rules).wanted_columns() == ["i", "t", "a", "z"]


def test_event_days_of_a_file():
    day = date(2011, 7, 1)
    assert EventSource(**EVENTS).event_days(day) == (date(2011, 6, 29), date(2011, 7, 1))
    assert EventSource(**EVENTS, late_days=0, early_days=1).event_days(day) == (day, date(2011, 7, 2))
    west = EventSource(**EVENTS, late_days=0, time_zone="America/New_York")
    assert west.event_days(day) == (day, date(2011, 7, 2))
    east = EventSource(**EVENTS, late_days=0, time_zone="Asia/Tokyo")
    assert east.event_days(day) == (day, day)
