"""A build that is killed again and again ends where an undisturbed one does; of two at once the second is refused."""

import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

SEED = 20250920
KILLS = {
    "before it commits": (None, 0, 0),
    "raw tables": ("raw_events", 0, 5),
    "dbt": ("stg_events", 0, 7),
    "first as-of day": ("item_profiles", 0, 15),
    "second as-of day": ("fingerprints", 2, 12),
}
"""Where each build is killed: `(table, fewest, most)`.

It waits until the build has written the table, then for so many commits more, drawn from the range, then for up to
0.3 s. Commits are counted from a table on because a build that goes on after a kill makes fewer: 22 of an undisturbed
build's 83 only create a table. From `raw_events` on the raw tables take 12 commits, from `stg_events` on the tables of
dbt take 10, from `item_profiles` on the first as-of day takes 28 (18 where its tables are there). Its end is marked by
`fingerprints` with 2 commits and `quality_history` with 1, and the second as-of day takes 25: at least 13 of them are
left when it is killed.
"""
ALWAYS_THE_SAME = {
    "artifacts": "SELECT * EXCLUDE (created_at) FROM artifacts WHERE asset <> 'evaluation_report' ORDER BY ALL",
    "releases": "SELECT * EXCLUDE (release_id, created_at, snapshot, artifacts) FROM releases ORDER BY ALL",
}
"""Without what tells when and as which snapshot a row was written, and without the report, which says how long all took."""
MEASURED = r'<section class="measured">.*?</section>'
OF_RUNS = {"quality_history"}
"""Tables of what each run found: a build that was killed has had more runs."""


@pytest.fixture
def sluice(built, tmp_path):
    """Starts `sluice` on a copy of the shop's files; what is left at the end is killed."""
    shop = built.copy(tmp_path / "copy", built=False)
    processes = []

    def start(*arguments):
        command = [sys.executable, "-m", "pipelines.cli", *arguments, "-c", str(shop.folder / "sluice.yaml")]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        processes.append(subprocess.Popen(command, **streams))
        return processes[-1]

    start.shop = shop
    yield start
    for process in processes:
        process.kill()
        process.communicate()


def commits(shop, after: int = -1) -> list[tuple[int, set[str]]]:
    """Snapshots of the lake and the tables each of them wrote, read without taking part in its locks."""
    path = shop.folder / "build" / "warehouse" / "catalog.sqlite"
    if not path.exists():
        return []
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    sql = "SELECT snapshot_id, changes_made FROM ducklake_snapshot_changes WHERE snapshot_id > ? ORDER BY snapshot_id"
    try:
        names = {str(key): name for key, name in connection.execute("SELECT table_id, table_name FROM ducklake_table")}
        return [
            (snapshot, {names[key] for key in re.findall(r":(\d+)", changes or "") if key in names})
            for snapshot, changes in connection.execute(sql, [after])
        ]
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


def n_since(shop, after: int, table: str) -> int:
    """Commits that came after the first one, later than snapshot `after`, that wrote a table; -1 before that one."""
    wrote = [table in tables for _, tables in commits(shop, after)]
    return len(wrote) - 1 - wrote.index(True) if True in wrote else -1


def wait_for(condition, process, seconds=240):
    """Whether the condition came true before the process ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.02)
    raise AssertionError("nothing happened")


def contents(shop) -> dict[str, list]:
    """Every table's rows as a digest, without the columns that say when they were written."""
    found = {}
    for table in set(shop.tables()) - OF_RUNS:
        sql = ALWAYS_THE_SAME.get(table)
        found[table] = shop.warehouse.read(sql).rows() if sql else [shop.warehouse.digest(table)]
    return found


def report_of(shop) -> str:
    """The newest report without what was measured with a clock."""
    sql = "SELECT arg_max(digest, as_of_day) AS digest FROM artifacts WHERE asset = 'evaluation_report'"
    folder = shop.artifacts.get("evaluation_report", shop.warehouse.read(sql)["digest"][0])
    return re.sub(MEASURED, "", (folder / "report.html").read_text(), flags=re.DOTALL)


def kill_a_build(sluice, table, n_more, seconds):
    """Start a build and kill it `seconds` after its `n_more`-th commit that follows the first to write `table`."""
    before = max((snapshot for snapshot, _ in commits(sluice.shop)), default=-1)
    build = sluice("build")
    if table:
        wait_for(lambda: n_since(sluice.shop, before, table) >= n_more, build)
    time.sleep(seconds)
    build.kill()
    out, err = build.communicate()
    made = [", ".join(sorted(tables)) or "-" for _, tables in commits(sluice.shop, before)]
    print(f"{n_more} commits after {table or 'the start'}, killed after {len(made)}: {'; '.join(made)}")
    assert build.returncode == -signal.SIGKILL, (
        f"the build ended by itself with status {build.returncode}, {len(made)} commits after its start; it was to be "
        f"killed {n_more} commits after {table or 'the start'}. It wrote: {'; '.join(made)}\n{out}\n{err}"
    )


def test_a_build_that_ended_before_its_kill_is_told(tmp_path):
    def sluice(*arguments):
        program = "print('tables     up to date')"
        return subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    sluice.shop = SimpleNamespace(folder=tmp_path)
    with pytest.raises(AssertionError, match=r"by itself with status 0, 0 commits after its start(.|\n)*up to date"):
        kill_a_build(sluice, "raw_events", 3, 0)


# The build of the shop, five killed ones and the last one: several minutes on a busy machine.
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_build_killed_at_any_moment_and_started_again_ends_the_same(built, sluice):
    chance, shop = random.Random(SEED), sluice.shop
    for table, fewest, most in KILLS.values():
        kill_a_build(sluice, table, chance.randint(fewest, most), chance.uniform(0, 0.3 if table else 3))
    last = sluice("build")
    out, err = last.communicate(timeout=300)
    assert last.returncode == 0, err
    assert "interrupted run" in out
    assert contents(shop) == contents(built)
    assert report_of(shop) == report_of(built)
    assert shop.newest_release().metrics == built.newest_release().metrics
    assert shop.build().outcomes == []


def test_of_two_builds_at_once_the_second_names_the_first(sluice):
    first = sluice("build")
    lock = sluice.shop.folder / "build" / "build.lock"
    assert wait_for(lambda: lock.exists() and lock.read_text(), first)
    second = sluice("build")
    out, err = second.communicate(timeout=120)
    assert first.poll() is None, "the first must still be running, or the test shows nothing"
    assert second.returncode == 2
    assert f"a build is already running (process {first.pid})" in err
    assert len(err.strip().splitlines()) == 1
