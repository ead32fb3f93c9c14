"""Measure the first half, from logs to tables: `python benchmarks/tables.py [--events 1000000] [--format parquet]`.

Writes 100 daily files of synthetic events in visits of six (one line in fifty a copy), then runs, each in a process of
its own: one hand-written DuckDB query that merely reads, casts, deduplicates and sessionises the files; every table of
Sluice with all checks; one more day on top; and that day once more while another process asks 100 questions of it.
Reports CPU seconds, peak memory, bytes stored, and their ratios within this run; of the questions, how many failed, how
many saw anything but the whole day, and how much slower they were than before.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
from measuring import ROOT, Measured, measure

FIRST, N_DAYS = dt.date(2025, 1, 1), 100
RATIO, ONE_DAY_SHARE = 2.5, 0.03
EVENTS_PER_USER, ITEMS, VISIT_EVENTS = 50, 100_000, 6

LINES = """
SELECT
    format('{{:x}}-{{:x}}', {day}, CASE WHEN n % 50 = 49 THEN n - 1 ELSE n END) AS event_id,
    'u' || (hash(m // {visit}, {day}) % {users}) AS user_id,
    'i' || least(floor({items} * pow((hash(m, {day}, 1) % 1000000) / 1000000.0, 3)), {items} - 1)::INT AS item_id,
    ['view', 'view', 'view', 'click', 'click', 'cart', 'purchase'][1 + (hash(m, {day}, 2) % 7)::INT] AS event_type,
    TIMESTAMP '{date} 00:00:00' + to_milliseconds((hash(m // {visit}, {day}, 3) % 84600000)::BIGINT)
        + to_milliseconds((hash(m, {day}, 6) % 1800000)::BIGINT) AS event_at,
    round((hash(item_id, {day} // 25) % 10000) / 100.0, 2) AS price,
    'Mozilla/5.0 (' || ['X11; Linux', 'Windows NT 10.0', 'Macintosh'][1 + (hash(m, {day}, 5) % 3)::INT] || ')'
        AS user_agent
FROM (SELECT n, CASE WHEN n % 50 = 49 THEN n - 1 ELSE n END AS m FROM range({rows}) AS r(n))
"""

QUERY = """
CREATE TABLE sessions AS
WITH lines AS (SELECT * FROM {read}),
typed AS (
    SELECT event_id, user_id, item_id, event_type, event_at::TIMESTAMP AS event_at, price::DOUBLE AS price, user_agent
    FROM lines
),
kept AS (SELECT * FROM typed QUALIFY row_number() OVER (PARTITION BY event_at::DATE, event_id ORDER BY event_at) = 1),
paused AS (
    SELECT *, event_at - lag(event_at) OVER w > INTERVAL 30 MINUTE AS pause FROM kept
    WINDOW w AS (PARTITION BY user_id, event_at::DATE ORDER BY event_at, event_id)
)
SELECT * EXCLUDE (pause), count(*) FILTER (pause) OVER w AS session_number FROM paused
WINDOW w AS (PARTITION BY user_id, event_at::DATE ORDER BY event_at, event_id)
"""

CONFIG = """name: tables
output: out
events:
  path: logs
  format: {format}
  day_pattern: '(\\d{{4}}-\\d{{2}}-\\d{{2}})'
  columns: {{event_id: event_id, user_id: user_id, item_id: item_id, event_type: event_type, event_at: event_at,
    price: price, user_agent: user_agent}}
event_types: {{view: {{weight: 1}}, click: {{weight: 2}}, cart: {{weight: 3}}, purchase: {{weight: 5}}}}
partitions: {{start: {first}}}
retrievers: {{popularity: {{}}, recent_popularity: {{}}, ease: {{}}}}
"""

SLUICE = """
import datetime as dt, sys
from pathlib import Path
from pipelines.build import backfill_days
from resources.settings import load_project
backfill_days(load_project(Path(sys.argv[1])), *map(dt.date.fromisoformat, sys.argv[2:]))
"""


READER = """
import sys, time
from pathlib import Path
from pipelines.storage import warehouse_of
from resources.settings import load_project
warehouse = warehouse_of(load_project(Path(sys.argv[1])))
asked = [f"SELECT count(*), sum(hash(COLUMNS(*))::HUGEINT) FROM {table} WHERE event_day = '{sys.argv[2]}'"
         for table in ("core_events", "core_sessions", "feat_item_daily", "feat_user_daily")]
expected = [warehouse.read(sql).rows() for sql in asked]
quiet, busy, failed, torn = [], [], 0, 0
def ask(number, seconds):
    started = time.perf_counter()
    rows = warehouse.read(asked[number % len(asked)]).rows()
    seconds.append(time.perf_counter() - started)
    return rows != expected[number % len(asked)]
for number in range(20):
    ask(number, quiet)
print("ready", flush=True)
sys.stdin.readline()
for number in range(100):
    try:
        torn += ask(number, busy)
    except Exception as error:
        failed += 1
        print(error, file=sys.stderr)
    time.sleep(float(sys.argv[3]) / 100)
median = lambda seconds: sorted(seconds)[len(seconds) // 2]
print(f"{failed} {torn} {median(quiet):.4f} {median(busy):.4f}")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000, help="Lines of the 100 days.")
    parser.add_argument("--format", choices=["parquet", "jsonl"], default="parquet")
    parser.add_argument("--folder", type=Path, help="Where to work; a new temporary folder by default.")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="sluice-tables-"))
    last = FIRST + dt.timedelta(days=N_DAYS - 1)
    write_days(folder, given.events, given.format, 0, N_DAYS)
    (folder / "tables.yaml").write_text(CONFIG.format(format=given.format, first=FIRST))
    size = sum(file.stat().st_size for file in (folder / "logs").iterdir())
    print(f"{given.events:,} lines of {given.format}, {size / given.events:.0f} bytes each, in {folder}", flush=True)
    query = measure([sys.executable, __file__, "--query", str(folder), given.format])
    report("one query", query, given.events)
    full = measure([sys.executable, "-c", SLUICE, str(folder / "tables.yaml"), str(FIRST), str(last)])
    report("all tables", full, given.events)
    stored = sum(file.stat().st_size for file in (folder / "out" / "warehouse").rglob("*.parquet"))
    next_day = last + dt.timedelta(days=1)
    write_days(folder, given.events, given.format, N_DAYS, N_DAYS + 1)
    one = measure([sys.executable, "-c", SLUICE, str(folder / "tables.yaml"), str(next_day), str(next_day)])
    report("one more day", one, given.events // N_DAYS)
    readers_beside(folder, next_day, one.wall)
    print(f"all tables over the query, CPU  {full.cpu / query.cpu:6.2f}   promised at most {RATIO}")
    print(f"one more day over all tables    {one.cpu / full.cpu:6.3f}   promised at most {ONE_DAY_SHARE}")
    print(f"bytes stored per event          {stored / given.events:6.0f}")
    if not given.folder:
        shutil.rmtree(folder)


def write_days(folder: Path, n_events: int, kind: str, begin: int, end: int) -> None:
    """The daily files `begin .. end - 1`, counted from the first day."""
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    users, rows = max(n_events // EVENTS_PER_USER, 1), n_events // N_DAYS
    how = "FORMAT parquet, COMPRESSION zstd" if kind == "parquet" else "FORMAT json"
    with duckdb.connect() as connection:
        for day in range(begin, end):
            date = FIRST + dt.timedelta(days=day)
            sql = LINES.format(day=day, date=date, users=users, items=ITEMS, rows=rows, visit=VISIT_EVENTS)
            connection.execute(f"COPY ({sql}) TO '{folder}/logs/{date}.{kind}' ({how})")


def readers_beside(folder: Path, day: dt.date, seconds: float) -> None:
    """Ask 100 questions of a day, spread over the seconds that its rebuild takes, while it is rebuilt."""
    config = str(folder / "tables.yaml")
    command = [sys.executable, "-c", READER, config, str(day), str(0.8 * seconds)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin and reader.stdout
        reader.stdout.readline()
        reader.stdin.write("go\n")
        reader.stdin.flush()
        beside = measure([sys.executable, "-c", SLUICE, config, str(day), str(day)])
        failed, torn, quiet, busy = reader.stdout.readline().split()
    report("once more", beside, 1)
    print(f"100 questions meanwhile: {failed} failed, {torn} saw a part; {busy} s each, {quiet} s before", flush=True)


def run_query(folder: Path, kind: str) -> None:
    """The query to compare with, in this process."""
    read = f"read_{'parquet' if kind == 'parquet' else 'json'}('{folder}/logs/*.{kind}')"
    with duckdb.connect(str(folder / "query.duckdb")) as connection:
        connection.execute(f"SET temp_directory = '{folder}/query.tmp'; SET memory_limit = '6GB'")
        connection.execute(QUERY.format(read=read))
    (folder / "query.duckdb").unlink()


def report(name: str, measured: Measured, n_events: int) -> None:
    """One line."""
    seconds = f"{measured.wall:8.1f} s  {measured.cpu:8.1f} CPU s"
    rate = f"{measured.cpu / n_events * 1e6:8.2f} CPU us/event"
    print(f"{name:<14}{seconds}  {measured.peak:5.2f} GiB  {rate}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--query"]:
        run_query(Path(sys.argv[2]), sys.argv[3])
    else:
        os.environ["PYTHONPATH"] = str(ROOT)
        main()
