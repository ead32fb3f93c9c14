"""`sluice sql --as-of` and the states `sluice diff` compares: what names a state, and what names none."""

import sqlite3

import pytest

from pipelines.versions import Versions

COUNT = "SELECT count(*) AS n FROM core_items"


@pytest.fixture
def history(copy):
    """Items: 60 in the first release, made on September 20; 40 in the second, on October 10; 10 on November 1."""
    first = copy.warehouse.read("SELECT release_id, snapshot FROM releases").row(0)
    copy.warehouse.write(lambda connection: connection.execute("DELETE FROM core_items WHERE item_id > 'i00040'"))
    second = copy.warehouse.snapshot()
    sql = f"""INSERT INTO releases SELECT * REPLACE ('second' AS release_id, {second} AS snapshot,
        created_at + INTERVAL 1 DAY AS created_at) FROM releases"""
    copy.warehouse.write(lambda connection: connection.execute(sql))
    copy.warehouse.write(lambda connection: connection.execute("DELETE FROM core_items WHERE item_id > 'i00010'"))
    newest = copy.warehouse.snapshot()
    with sqlite3.connect(copy.project.catalog_path) as catalogue:
        days = [("2025-09-20 10:00:00", 0), ("2025-10-10 10:00:00", second), ("2025-11-01 10:00:00", newest)]
        for time, number in days:
            sql = "UPDATE ducklake_snapshot SET snapshot_time = ? WHERE snapshot_id >= ?"
            catalogue.execute(sql, [f"{time}+00", number])
    catalogue.close()
    return {"shop": copy, "first": first, "second": second, "newest": newest}


@pytest.fixture
def items(history, invoke):
    def count(*options: object) -> int:
        result = invoke("sql", "-c", history["shop"].config, COUNT, "--format", "csv", *options)
        assert result.exit_code == 0, result.output
        return int(result.stdout.split()[1])

    return count


def test_a_snapshot_a_release_a_date_and_a_time(items, history):
    release, snapshot = history["first"]
    n_first = items("--as-of", release)
    n_second, n_newest = items("--as-of", "second"), items("--live")
    assert n_first > n_second > n_newest > 0
    assert items() == n_second
    assert items("--as-of", snapshot) == n_first
    assert items("--as-of", history["newest"]) == n_newest
    assert items("--as-of", "2025-10-10") == n_second
    assert items("--as-of", "2025-10-09") == n_first
    assert items("--as-of", "2025-11-01T10:00:00") == n_newest
    assert items("--as-of", "2025-11-01 09:59:59.999") == n_second
    assert items("--as-of", "2025-11-01T10:30:00+01:00") == n_second
    assert items("--as-of", "2025-11-01T10:30:00Z") == n_newest


def test_it_only_reads(history, refused):
    line = refused("sql", "-c", history["shop"].config, "DELETE FROM core_items", "--as-of", "second")
    assert "DELETE is no question" in line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("third", "--as-of: 'third' is no snapshot number, release, date or time. The newest releases are second, "),
        ("2025-13-01", "'2025-13-01' is no snapshot number, release, date or time"),
        ("99999", "--as-of 99999: there is no snapshot 99999; the newest is "),
        ("-1", "'-1' is no snapshot number, release, date or time"),
        ("2025-09-19", "--as-of 2025-09-19: the first snapshot was made at 2025-09-20 10:00:00 UTC. "),
        ("0001-01-01T00:00+14:00", "is no snapshot number, release, date or time"),
        ("", "'' is no snapshot number, release, date or time"),
    ],
)
def test_what_names_no_state_is_one_line(history, refused, text: str, expected: str):
    assert expected in refused("sql", "-c", history["shop"].config, COUNT, "--as-of", text)


def test_an_expired_state_is_one_line(history, refused, items):
    shop, (release, snapshot) = history["shop"], history["first"]
    expire = f"CALL ducklake_expire_snapshots('lake', versions => [{snapshot}, {history['second']}])"
    shop.warehouse.write(lambda connection: connection.execute(expire).fetchall())
    ask = ("sql", "-c", shop.config, COUNT, "--as-of")
    assert f"--as-of {snapshot}: snapshot {snapshot} has expired. `sluice sql" in refused(*ask, snapshot)
    assert f"--as-of {release}: snapshot {snapshot} has expired." in refused(*ask, release)
    assert items("--as-of", "2025-11-01T12:00") > 0


def test_as_of_and_live_exclude_each_other(tiny, refused):
    line = refused("sql", "-c", tiny.config, "SELECT 1", "--live", "--as-of", "1")
    assert line == "sluice sql: --live and --as-of exclude each other. Leave one of them out."


def test_without_a_lake_it_says_so(unbuilt, refused):
    assert "there are no tables yet. Run `sluice build`." in refused("sql", "-c", unbuilt, "SELECT 1", "--as-of", "1")


def test_the_release_before_a_state_is_the_newest_with_an_older_snapshot(history):
    versions = Versions(history["shop"].warehouse)
    newest = versions.newest()
    assert versions.release_before(newest, "--from").release == "second"
    assert versions.release_before(versions.find("second", "--to"), "--from").release == history["first"][0]
