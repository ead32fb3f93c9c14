"""Keeping the lake small: old snapshots expire, small files are merged, files nothing needs are removed.

Each step is a transaction of its own, so that after a kill the next run goes on where this one ended: DuckLake lists
the files to remove in its catalogue and forgives those already gone.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from resources.snapshots import snapshots_of
from resources.warehouse import Warehouse


@dataclass(frozen=True)
class Usage:
    """What the lake's files take.

    Attributes:
        n_files: Parquet files, of data and of deletions.
        n_bytes: Their size.
    """

    n_files: int
    n_bytes: int


def usage_of(warehouse: Warehouse) -> Usage:
    """What lies on disk, whether anything needs it or not."""
    sizes = [file.stat().st_size for file in Path(warehouse.data_path).rglob("*.parquet")]
    return Usage(len(sizes), sum(sizes))


def expire_snapshots(warehouse: Warehouse, older_than: dt.datetime, keep: set[int]) -> list[int]:
    """Let snapshots expire; a snapshot is a whole state, so none needs another.

    Args:
        warehouse: The lake.
        older_than: UTC without a zone; later ones stay.
        keep: Snapshots that stay whatever their age. The newest always does.

    Returns:
        Those that expired.
    """
    snapshots = snapshots_of(warehouse)
    keep = keep | {snapshots.newest.number}
    old = [made.number for made in snapshots.kept if made.made_at < older_than and made.number not in keep]
    if old:
        numbers = ", ".join(str(number) for number in old)
        sql = f"CALL ducklake_expire_snapshots('lake', versions => [{numbers}])"
        warehouse.write(lambda connection: connection.execute(sql).fetchall())
    return old


def merge_files(warehouse: Warehouse) -> tuple[int, int]:
    """Merge small files of the same table; no snapshot shows another row after it.

    Returns:
        How many were merged, and into how many.
    """
    sql = "CALL ducklake_merge_adjacent_files('lake')"
    merged = warehouse.write(lambda connection: connection.execute(sql).fetchall())
    return sum(row[2] for row in merged), sum(row[3] for row in merged)


def remove_files(warehouse: Warehouse, before: dt.date) -> None:
    """Remove files that no snapshot needs, and those that writers who were killed left behind.

    With a SQLite catalogue DuckLake 1.5.5 compares the time since which a file is needless as text, `2026-01-02 03:04`
    with `2026-01-02T01:00`: asked for the files of more than an hour ago it removes all of that day. So whole days.

    Args:
        warehouse: The lake, with no writer at work: a file it has not committed yet would be one left behind.
        before: UTC. Files that became needless, or were written, on this day or later stay.
    """
    end = dt.datetime.combine(before, dt.time(), dt.UTC) - dt.timedelta(microseconds=1)
    for function in ("ducklake_cleanup_old_files", "ducklake_delete_orphaned_files"):
        sql = f"CALL {function}('lake', older_than => TIMESTAMPTZ '{end.isoformat()}')"
        with warehouse.connect() as connection:
            connection.execute(sql).fetchall()
