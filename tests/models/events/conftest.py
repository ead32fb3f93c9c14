"""Small sources and a reader of text files, shared by the tests of models/events."""

import gzip
from datetime import date

import pytest

from models.events.files import list_source_files
from models.events.read import DayRange, read_event_file
from models.events.source import EventSource

COLUMNS = {"user_id": "user", "item_id": "item", "event_type": "type", "event_at": "at"}


@pytest.fixture
def event_source():
    def build(**options):
        given = {"path": "log.csv", "format": "csv", "columns": COLUMNS} | options
        return EventSource(**given)

    return build


@pytest.fixture
def read(tmp_path, event_source):
    """Write `content` to a file and read it; returns the batch."""

    def write_and_read(content, name="log.csv", start=date(2000, 1, 1), end=None, **options):
        data = content if isinstance(content, bytes) else content.encode()
        path = tmp_path / name
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") and data[:2] != b"\x1f\x8b" else data)
        source = event_source(**({"path": name} | options))
        (file,) = list_source_files(source, tmp_path)
        return read_event_file(file, source, DayRange(start, end))

    return write_and_read


@pytest.fixture
def reasons():
    """The reasons of a batch's rejected rows, in line order."""
    return lambda batch: batch.rejected["reason"].to_list()
