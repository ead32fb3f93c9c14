from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.events.source import EventSource
from models.events.times import parse_times

COLUMNS = {"item_id": "a", "event_type": "b", "event_at": "c"}


def parse(values, time_format="iso", time_zone="UTC"):
    source = EventSource(path="x", format="csv", columns=COLUMNS, time_format=time_format, time_zone=time_zone)
    return parse_times(values, source)


def one(value, **options):
    return parse([value], **options).at[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2011-01-05T10:20:30", datetime(2011, 1, 5, 10, 20, 30)),
        ("2011-01-05 10:20:30.25", datetime(2011, 1, 5, 10, 20, 30, 250_000)),
        ("2011-01-05t10:20", datetime(2011, 1, 5, 10, 20)),
        ("2011-01-05", datetime(2011, 1, 5)),
        ("2011-01-05T10:20:30Z", datetime(2011, 1, 5, 10, 20, 30)),
        ("2011-01-05T10:20:30+01:00", datetime(2011, 1, 5, 9, 20, 30)),
        ("2011-01-05T10:20:30 -0530", datetime(2011, 1, 5, 15, 50, 30)),
        ("2011-01-05T10:20:30.123456789+02", datetime(2011, 1, 5, 8, 20, 30, 123_456)),
        ("2011-01-05T00:30:00+01:00", datetime(2011, 1, 4, 23, 30)),
        ("20110105T102030Z", datetime(2011, 1, 5, 10, 20, 30)),
        ("2011-01-05T10:20:30,5", datetime(2011, 1, 5, 10, 20, 30, 500_000)),
        ("2011-01-05T10:20:30+01:00:30", datetime(2011, 1, 5, 9, 20)),
    ],
)
def test_iso_times(text, expected):
    assert one(text) == expected


@pytest.mark.parametrize(
    "text",
    ["yesterday", "2011-02-30T10:00:00", "2011-13-01", "2011-01-05T25:00:00", "05/01/2011", "1365029107",
     "1411011300000", "20110105110", "2011-W01-1", "2011-01-05T10:00:00+99:99", "2011-01-05T10:00:00\x00", [1], True],
)  # fmt: skip
def test_unreadable_times(text):
    times = parse([text, "2011-01-05T10:20:30"])
    assert times.unreadable.to_list() == [True, False]
    assert times.at.to_list() == [None, datetime(2011, 1, 5, 10, 20, 30)]


def test_missing_times_are_neither_unreadable_nor_impossible():
    times = parse(["", None, "null"])
    assert times.missing.all() and not times.unreadable.any() and not times.impossible.any()


@pytest.mark.parametrize(
    "text", ["1989-12-31T23:59:59", "1970-01-01", "0001-01-01T00:00:00", "2200-01-01", "9999-12-31T23:59:59-01:00"]
)
def test_impossible_times(text):
    times = parse([text])
    assert times.impossible.to_list() == [True] and times.at.to_list() == [None] and not times.unreadable.any()


def test_the_first_and_last_possible_instants():
    assert not parse(["1990-01-01", "2199-12-31T23:59:59.999999"]).impossible.any()


@pytest.mark.parametrize(
    ("value", "time_format", "expected"),
    [
        ("964982703", "epoch_seconds", datetime(2000, 7, 30, 18, 45, 3)),
        (964982703.5, "epoch_seconds", datetime(2000, 7, 30, 18, 45, 3, 500_000)),
        (1365029107123, "epoch_milliseconds", datetime(2013, 4, 3, 22, 45, 7, 123_000)),
        ("05/01/2011 8:26", "%d/%m/%Y %H:%M", datetime(2011, 1, 5, 8, 26)),
        ("05/01/2011", "%d/%m/%Y", datetime(2011, 1, 5)),
        ("05 Jan 2011 08:26 PM", "%d %b %Y %I:%M %p", datetime(2011, 1, 5, 20, 26)),
        ("2011-01-05 08:26:00.25", "%Y-%m-%d %H:%M:%S.%f", datetime(2011, 1, 5, 8, 26, 0, 250_000)),
        ("05/Jan/2011:08:26:00 +0200", "%d/%b/%Y:%H:%M:%S %z", datetime(2011, 1, 5, 6, 26)),
    ],
)
def test_other_formats(value, time_format, expected):
    assert one(value, time_format=time_format) == expected


def test_milliseconds_read_as_seconds_are_impossible():
    times = parse([1365029107123, "9" * 400, -1, 1e30], time_format="epoch_seconds")
    assert times.at.null_count() == 4
    assert times.impossible.to_list() == [True, False, True, True] and times.unreadable.to_list() == [
        False,
        True,
        False,
        False,
    ]


def test_unreadable_in_other_formats():
    assert parse(["x", "2011-01-05"], time_format="epoch_seconds").unreadable.all()
    assert parse(["2011-01-05", "31/02/2011"], time_format="%d/%m/%Y").unreadable.all()


def test_local_times_become_utc():
    assert one("2011-07-01 00:30:00", time_zone="Europe/London") == datetime(2011, 6, 30, 23, 30)
    assert one("2011-01-01 00:30:00", time_zone="Europe/London") == datetime(2011, 1, 1, 0, 30)
    assert one("2011-07-01 20:00:00", time_zone="America/New_York") == datetime(2011, 7, 2, 0, 0)


def test_a_written_offset_goes_before_the_zone_row_by_row():
    times = parse(
        ["2011-07-01 12:00:00", "2011-07-01 12:00:00Z", "2011-07-01 12:00:00+05:00"], time_zone="Europe/London"
    )
    assert [time.hour for time in times.at] == [11, 12, 7]


def test_epoch_times_ignore_the_zone():
    assert one(1309521600, time_format="epoch_seconds", time_zone="Europe/London") == datetime(2011, 7, 1, 12)


def test_clock_changes():
    gap, overlap = "2011-03-27 01:30:00", "2011-10-30 01:30:00"
    assert one(gap, time_zone="Europe/London") == datetime(2011, 3, 27, 1, 30)  # 02:30 BST
    assert one("2011-03-13 02:30:00", time_zone="America/New_York") == datetime(2011, 3, 13, 7, 30)  # 03:30 EDT
    assert one(overlap, time_zone="Europe/London") == datetime(2011, 10, 30, 0, 30)  # the first 01:30, BST


@settings(deadline=None, derandomize=True)
@given(
    st.lists(st.datetimes(datetime(1990, 1, 2), datetime(2037, 1, 1)), min_size=1, max_size=20),
    st.sampled_from(["Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]),
)
def test_zone_conversion_is_that_of_zoneinfo_with_fold_0(times, zone):
    expected = [time.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None) for time in times]
    assert parse([time.isoformat() for time in times], time_zone=zone).at.to_list() == expected


@settings(deadline=None, derandomize=True)
@given(st.datetimes(datetime(1991, 1, 1), datetime(2100, 1, 1)), st.integers(-1439, 1439))
def test_offsets_are_those_of_fromisoformat(time, minutes):
    text = f"{time.isoformat()}{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    assert one(text) == time - timedelta(minutes=minutes)


@pytest.mark.parametrize("value", [1_609_459_200_123_456, "1609459200123456", "1609459200123456.0"])
def test_microseconds_are_kept(value):
    assert one(value, time_format="epoch_microseconds") == datetime(2021, 1, 1, 0, 0, 0, 123_456)


def test_milliseconds_among_microseconds_are_impossible():
    assert parse([1_609_459_200_123], time_format="epoch_microseconds").impossible.to_list() == [True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("11/15/2019 8:55:22 AM", datetime(2019, 11, 15, 8, 55, 22)),
        ("11/15/2019 12:00:00 AM", datetime(2019, 11, 15)),
        ("11/15/2019 12:00:01 PM", datetime(2019, 11, 15, 12, 0, 1)),
        ("1/5/2019 01:05:09 pm", datetime(2019, 1, 5, 13, 5, 9)),
        ("11/15/2019 13:00:00 PM", None),
        ("11/15/2019 0:30:00 AM", None),
        ("11/15/2019 8:55:22", None),
        ("11/15/2019 8:55:22 XM", None),
    ],
)
def test_twelve_hour_clocks(text, expected):
    assert one(text, time_format="%m/%d/%Y %I:%M:%S %p") == expected


@given(st.datetimes(datetime(1991, 1, 1), datetime(2100, 1, 1)))
def test_twelve_hour_clocks_read_as_python_does(at):
    pattern = "%m/%d/%Y %I:%M:%S %p"
    text = at.strftime(pattern)
    assert one(text, time_format=pattern) == datetime.strptime(text, pattern)
