from datetime import date, datetime

import pytest

from models.events.days import end_of_day


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", datetime(2011, 7, 2)),
        ("Europe/London", datetime(2011, 7, 2)),
        ("America/New_York", datetime(2011, 7, 2, 4)),
        ("Asia/Tokyo", datetime(2011, 7, 2)),
    ],
)
def test_a_day_ends_at_the_later_midnight(zone, expected):
    assert end_of_day(date(2011, 7, 1), zone) == expected
