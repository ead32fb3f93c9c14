"""Times whose clock showed another zone than they claim."""

from datetime import date, datetime

import polars as pl
import pytest
from pydantic import ValidationError

from models.events.source import EventSource

HEADER = "user,item,type,at,app\n"
LINES = [
    "u,i,click,2011-07-05T10:00:00Z,ios 1.2",
    "u,i,click,2011-07-05T10:00:00Z,web",
    "u,i,click,2011-07-05T10:00:00+05:00,ios 1.3",
    "u,i,click,2011-07-05T10:00:00,ios 1.3",
    "u,i,click,2011-01-05T10:00:00Z,ios old",
    "u,i,click,2011-07-05T10:00:00Z,",
    "u,i,click,never,ios",
]
LONDON = {"column": "app", "pattern": "^ios", "time_zone": "Europe/London"}


def seen(batch):
    """`(line, hour of event_at, hour of written_at)`."""
    hours = [pl.col(name).dt.hour() for name in ("event_at", "written_at")]
    return batch.accepted.select("source_line", *hours).rows()


def test_matching_records_are_read_as_local_times_and_can_be_counted(read):
    batch = read(HEADER + "\n".join(LINES), time_zone="America/New_York", time_repairs=[LONDON])
    assert seen(batch) == [(2, 9, 10), (3, 10, None), (4, 9, 10), (5, 9, 10), (6, 10, 10), (7, 10, None)]
    assert batch.accepted["event_at"].dtype == batch.accepted["written_at"].dtype == pl.Datetime("us")
    assert batch.rejected["reason"].to_list() == ["unreadable_time"]


def test_without_a_repair_nothing_is_read_anew(read):
    batch = read(HEADER + "\n".join(LINES), time_zone="America/New_York")
    assert [hour for _, hour, _ in seen(batch)] == [10, 10, 5, 14, 10, 10]
    assert batch.accepted["written_at"].null_count() == 6


@pytest.mark.parametrize(("pattern", "hours"), [("^log", [8, 8]), ("^other", [10, 10])])
def test_a_file_s_name_tells_of_all_its_records(read, pattern, hours):
    repair = {"pattern": pattern, "time_zone": "Europe/Berlin"}
    batch = read(HEADER + "\n".join(LINES[:2]), time_repairs=[repair])
    assert [hour for _, hour, _ in seen(batch)] == hours


def test_the_first_repair_that_matches_counts(read):
    repairs = [LONDON, {"column": "app", "pattern": "", "time_zone": "Asia/Tokyo"}]
    assert [hour for _, hour, _ in seen(read(HEADER + "\n".join(LINES[:2]), time_repairs=repairs))] == [9, 1]


def test_the_repaired_time_decides_about_the_day_and_the_id(read):
    line = "u,i,click,2011-07-05T00:30:00Z,ios\n"
    options = {"name": "2011-07-05.csv", "day_pattern": r"(\d{4}-\d{2}-\d{2})", "late_days": 0}
    assert read(HEADER + line, **options).accepted["event_day"].to_list() == [date(2011, 7, 5)]
    refused = read(HEADER + line, **options, time_repairs=[LONDON])
    assert refused.rejected["reason"].to_list() == ["too_late"]
    honest = "u,i,click,2011-07-04T23:30:00Z,web\n"
    both = read(HEADER + line + honest, time_repairs=[LONDON]).accepted
    assert both["event_id"].n_unique() == 1
    assert both["event_at"].to_list() == [datetime(2011, 7, 4, 23, 30)] * 2


def test_epoch_times_are_repaired_too(read):
    rows = HEADER + "u,i,click,1309860000,ios\n"  # 10:00 on 5 July 2011 in UTC
    assert seen(read(rows, time_format="epoch_seconds", time_repairs=[LONDON])) == [(2, 9, 10)]


@pytest.mark.parametrize(
    ("change", "words"),
    [({"time_zone": "Mars"}, "'Mars' is not an IANA time zone"), ({"pattern": "("}, "is not a regular expression")],
)
def test_a_wrong_repair_is_refused(change, words):
    columns = {"user_id": "user", "item_id": "item", "event_type": "type", "event_at": "at"}
    with pytest.raises(ValidationError, match=words):
        EventSource(path="log.csv", format="csv", columns=columns, time_repairs=[LONDON | change])
