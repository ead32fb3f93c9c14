import datetime as dt

import pytest
from visits import BOTH

from models.errors import UserError
from resources.snapshots import snapshots_of

TIMES = {number: f"2026-01-0{number + 1} 12:00:00" for number in range(6)}


@pytest.fixture
def expired(warehouse, commit, set_times):
    """Snapshots 0 to 5, made at noon of January 1 to 6; all but 1, 2 and 5 have expired."""
    commit("CREATE TABLE t (n INT)")
    for number in range(4):
        commit(f"INSERT INTO t SELECT range FROM range({100 + number})")
    set_times(TIMES)
    commit("CALL ducklake_expire_snapshots('lake', versions => [0, 3, 4])")
    return snapshots_of(warehouse)


@pytest.fixture
def whole(warehouse, commit, set_times):
    commit("CREATE TABLE t (n INT)")
    commit("INSERT INTO t VALUES (1)")
    set_times(TIMES)
    return snapshots_of(warehouse)


def noon(day: int, **more: int) -> dt.datetime:
    return dt.datetime(2026, 1, day, 12) + dt.timedelta(**more)


class TestNumbers:
    @BOTH
    def test_those_kept_are_found(self, expired):
        assert [expired.numbered(number, "x").number for number in (1, 2, 5)] == [1, 2, 5]
        assert expired.newest.number == 5

    @pytest.mark.parametrize("number", [0, 3, 4])
    def test_an_expired_one_is_told_from_one_that_never_was(self, expired, number: int):
        with pytest.raises(UserError, match=f"snapshot {number} has expired"):
            expired.numbered(number, "--as-of")
        with pytest.raises(UserError, match="there is no snapshot 6; the newest is 5"):
            expired.numbered(6, "--as-of")


class TestTimes:
    @pytest.mark.parametrize(
        ("moment", "number"),
        [
            (noon(1), 0),
            (noon(2, microseconds=-1), 0),
            (noon(2), 1),
            (noon(3, seconds=-1), 1),
            (noon(3), 2),
            (noon(30), 2),
        ],
    )
    def test_the_newest_at_or_before(self, whole, moment: dt.datetime, number: int):
        assert whole.at(moment, "--as-of").number == number

    def test_before_the_first_there_is_nothing(self, whole):
        with pytest.raises(UserError, match="the first snapshot was made at 2026-01-01 12:00:00 UTC"):
            whole.at(noon(1, microseconds=-1), "--as-of")

    def test_before_the_oldest_kept_there_is_nothing(self, expired):
        with pytest.raises(UserError, match="the oldest kept snapshot was made at 2026-01-02 12:00:00 UTC"):
            expired.at(noon(1), "--as-of")

    @BOTH
    def test_an_older_state_is_not_passed_off_as_one_that_has_expired(self, expired):
        assert expired.at(noon(2, hours=1), "--as-of").number == 1
        for moment in (noon(3, hours=1), noon(5), noon(6, seconds=-1)):
            with pytest.raises(UserError, match="the tables of that time have expired"):
                expired.at(moment, "--as-of")
        assert expired.at(noon(6), "--as-of").number == 5


def test_what_lies_between_is_known_where_nothing_has_expired(expired):
    one, two, five = expired.kept
    assert expired.between(one, two) == [two]
    assert expired.between(two, five) is None
    assert expired.between(one, one) == []


@BOTH
def test_merging_is_told_apart(warehouse, commit):
    commit("CREATE TABLE t (n INT)")
    commit("INSERT INTO t SELECT range FROM range(100)")
    commit("INSERT INTO t SELECT range FROM range(100)")
    commit("CALL ducklake_merge_adjacent_files('lake')")
    assert [made.merged for made in snapshots_of(warehouse).kept] == [False, False, False, False, True]
