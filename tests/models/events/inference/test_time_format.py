import pytest

from models.events.inference.time_format import TimeGuess, guess_time_format


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2011-12-01 08:26:00", "2011-12-31"], TimeGuess("iso")),
        (["2011-12-01T08:26:00Z", "2011-12-31T00:00:00+01:00"], TimeGuess("iso", has_offset=True)),
        (["964982703", "1537799250"], TimeGuess("epoch_seconds", has_offset=True)),
        ([964982703, 1537799250], TimeGuess("epoch_seconds", has_offset=True)),
        (["964982703123", "1537799250123"], TimeGuess("epoch_milliseconds", has_offset=True)),
        (["1609459200123456", 1609459200123456], TimeGuess("epoch_microseconds", has_offset=True)),
        (["11/15/2019 8:55:22 AM", "11/15/2019 12:05:00 PM"], TimeGuess("%m/%d/%Y %I:%M:%S %p")),
        (["13/01/2011 10:00", "01/02/2011 11:00"], TimeGuess("%d/%m/%Y %H:%M")),
        (["01/13/2011 10:00", "01/02/2011 11:00"], TimeGuess("%m/%d/%Y %H:%M")),
        (["01/02/2011", "03/04/2011"], TimeGuess("%d/%m/%Y", other="%m/%d/%Y")),
        (["31.12.11 10:00:05"], TimeGuess("%d.%m.%y %H:%M:%S")),
        (["12/1/2010 8:26", "12/31/2010 10:05"], TimeGuess("%m/%d/%Y %H:%M")),
        (["2011/12/31 10:00:05"], TimeGuess("%Y/%m/%d %H:%M:%S")),
        (["07 9, 2012", "12 31, 2013"], TimeGuess("%m %d, %Y")),
        (["20111231100005"], TimeGuess("%Y%m%d%H%M%S")),
        (["31/Dec/2011:10:00:05 +0000"], TimeGuess("%d/%b/%Y:%H:%M:%S %z", has_offset=True)),
        (["08:26", "09:15"], None),
        (["17850", "13047"], None),
        (["bread", "milk"], None),
        ([True, False], None),
        ([{"at": 1}], None),
        ([], None),
    ],
)
def test_format(values, expected):
    assert guess_time_format(values) == expected


def test_a_few_unreadable_times_do_not_hide_the_format():
    assert guess_time_format([f"2011-12-{day:02}" for day in range(1, 31)] + ["soon"]) == TimeGuess("iso")
    assert guess_time_format(["2011-12-01", "2011-12-02", "soon"]) is None
