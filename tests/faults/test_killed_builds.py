"""A build that is killed again and again ends where an undisturbed one does; of two at once the second is refused."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

SEED = 20250920
AFTER_COMMITS = [(0, 0), (1, 7), (8, 16), (22, 45), (40, 60)]
"""Each kill waits for so many commits of its build, drawn from a range, and then up to 0.3 s more.

An undisturbed build commits 72 times: raw tables until the 8th, dbt until the 17th, the first as-of day until the 48th.
"""
NEVER_THE_SAME = {"artifacts": "created_at", "releases": "release_id, created_at, snapshot"}
"""Columns that tell when and as which snapshot a row was written, nothing else."""


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


def n_commits(shop) -> int:
    """Snapshots of the lake, read without taking part in its locks."""
    path = shop.folder / "build" / "warehouse" / "catalog.sqlite"
    if not path.exists():
        return 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute("SELECT count(*) FROM ducklake_snapshot").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


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
    for table in shop.tables():
        left_out = NEVER_THE_SAME.get(table)
        if left_out:
            rows = shop.warehouse.read(f"SELECT * EXCLUDE ({left_out}) FROM {table} ORDER BY ALL")
            found[table] = rows.rows()
        else:
            found[table] = [shop.warehouse.digest(table)]
    return found


def test_a_build_killed_at_any_moment_and_started_again_ends_the_same(built, sluice):
    chance = random.Random(SEED)
    shop, n_killed = sluice.shop, 0
    for fewest, most in AFTER_COMMITS:
        before, wanted = n_commits(shop), chance.randint(fewest, most)
        build = sluice("build")
        came = wait_for(lambda before=before, wanted=wanted: n_commits(shop) - before >= wanted, build)
        time.sleep(chance.uniform(0, 3 if most == 0 else 0.3))
        os.kill(build.pid, signal.SIGKILL)
        build.communicate()
        n_killed += came and build.returncode == -signal.SIGKILL
    assert n_killed == len(AFTER_COMMITS)
    last = sluice("build")
    out, err = last.communicate(timeout=300)
    assert last.returncode == 0, err
    assert "interrupted run" in out
    assert contents(shop) == contents(built)
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
