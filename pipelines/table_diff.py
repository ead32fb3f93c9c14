"""What became of a table's rows between two snapshots, whichever way they were written.

Days are rewritten by deleting and inserting, so DuckLake's change feed lists rows that are the same as before. Here
contents are compared as multisets: a row counts as many times as it stands there, and rewritten rows cancel out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import polars as pl

from models.errors import UserError
from resources.snapshots import Snapshot, Snapshots
from resources.warehouse import Warehouse, literal, quoted

CHANGE = "_change"
TABLES_HINT = '`sluice sql --live "SHOW TABLES"` lists the newest tables.'


@dataclass(frozen=True)
class TableDiff:
    """What differs.

    Attributes:
        n_before: Rows the table had.
        n_after: Rows it has.
        key: Columns by which changed rows were found; empty where the table has none, or it does not tell the
            differing rows apart. Then a changed row is one removed and one added.
        added: Rows whose key (without one: whose content) is new.
        removed: Rows whose key (or content) is gone.
        changed: Rows with the same key and another content.
        changed_by_column: Column -> changed rows in which it differs, the most frequent first.
        columns_added: Columns that came; their values are not compared.
        columns_dropped: Columns that went.
        examples: `_change` (`added`, `removed`, `changed_from`, `changed_to`) and the columns both have.
    """

    n_before: int
    n_after: int
    key: tuple[str, ...]
    added: int
    removed: int
    changed: int
    changed_by_column: dict[str, int]
    columns_added: list[str]
    columns_dropped: list[str]
    examples: pl.DataFrame


def table_diff(
    warehouse: Warehouse,
    snapshots: Snapshots,
    table: str,
    first: Snapshot,
    last: Snapshot,
    key: Sequence[str],
    limit: int,
) -> TableDiff:
    """Compare a table at two snapshots. A table that one of them lacks is empty there.

    Args:
        warehouse: The lake.
        snapshots: Those it has kept.
        table: The table.
        first: The state before.
        last: The state after; may be the older one.
        key: Columns that tell its rows apart; may be empty.
        limit: Examples of each kind of change.

    Raises:
        UserError: Neither snapshot has the table, or its contents cannot be compared.
    """
    with warehouse.connect(read_only=True, reusable=False) as connection:
        try:
            return _Comparison(connection, table, first, last).run(snapshots, tuple(key), limit)
        except duckdb.Error as error:
            found = f"the two states cannot be compared ({str(error).strip().splitlines()[0]})"
            raise UserError(found, f"table {table}", "Compare two states with the same types.") from error


class _Comparison:
    """One table at two snapshots, and a temporary table `_differing` of the rows that do not cancel out."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: str, first: Snapshot, last: Snapshot):
        self.connection, self.table, self.first, self.last = connection, table, first, last
        before, after = self._columns(first), self._columns(last)
        if before is None and after is None:
            found = f"neither snapshot {first.number} nor snapshot {last.number} has this table"
            raise UserError(found, f"table {table}", TABLES_HINT)
        self.before, self.after = before or {}, after or {}
        both = self.before and self.after
        self.common = [name for name in self.after if name in self.before] if both else [*self.before, *self.after]
        if not self.common:
            raise UserError("the two states have no column in common", f"table {table}", "Compare nearer ones.")

    def run(self, snapshots: Snapshots, key: tuple[str, ...], limit: int) -> TableDiff:
        """The comparison."""
        self._collect(*self._sources(snapshots))
        key = key if key and set(key) <= set(self.common) and self._tells_apart(key) else ()
        changed, by_column = self._changed(key)
        added, removed = self._one(
            """SELECT coalesce(sum(_copies) FILTER (_copies > 0), 0)::BIGINT,
            coalesce(-sum(_copies) FILTER (_copies < 0), 0)::BIGINT FROM _differing"""
        )
        both = self.before and self.after
        return TableDiff(
            n_before=self._count(self.first) if self.before else 0,
            n_after=self._count(self.last) if self.after else 0,
            key=key,
            added=added - changed,
            removed=removed - changed,
            changed=changed,
            changed_by_column=by_column,
            columns_added=[name for name in self.after if name not in self.before] if both else [],
            columns_dropped=[name for name in self.before if name not in self.after] if both else [],
            examples=self._examples(key, limit),
        )

    def _columns(self, at: Snapshot) -> dict[str, str] | None:
        try:
            rows = self.connection.execute(f"DESCRIBE SELECT * FROM {self._at(at)}").fetchall()
        except duckdb.CatalogException:
            return None
        return {name: kind for name, kind, *_ in rows}

    def _at(self, at: Snapshot) -> str:
        return f"lake.main.{quoted(self.table)} AT (VERSION => {at.number})"

    def _one(self, sql: str) -> tuple:
        return self.connection.execute(sql).fetchone() or ()

    def _count(self, at: Snapshot) -> int:
        return self._one(f"SELECT count(*) FROM {self._at(at)}")[0]

    def _sources(self, snapshots: Snapshots) -> tuple[str | None, str | None]:
        """What to compare: the rows deleted and inserted in between where the feed has them all, else both tables.

        The feed takes 0.2 s for a rewritten day of 170,000 rows, the tables of 5 million rows 3.8 s.
        """
        if not self._feed_is_whole(snapshots):
            return self._at(self.first) if self.before else None, self._at(self.last) if self.after else None
        span = f"{self.first.number + 1}::BIGINT, {self.last.number}::BIGINT"
        deleted, inserted = (f"ducklake_table_{kind}('lake', 'main', {literal(self.table)}, {span})" for kind in FEEDS)
        return deleted, inserted

    def _feed_is_whole(self, snapshots: Snapshots) -> bool:
        """Whether time goes forward, nothing in between expired or was merged, and no table was altered.

        The feed follows one table under its newest columns: it knows nothing of one that was made anew, nor of the
        values of a column that was dropped and came back.
        """
        if self.first.number >= self.last.number:
            return False
        between = snapshots.between(self.first, self.last)
        version = self.first.schema_version
        return between is not None and all(made.schema_version == version and not made.merged for made in between)

    def _collect(self, before: str | None, after: str | None) -> None:
        columns = self._list(self.common)
        parts = [f"SELECT {columns}, -1 AS _n FROM {before}"] if before else []
        parts += [f"SELECT {columns}, 1 AS _n FROM {after}"] if after else []
        self.connection.execute(
            f"""CREATE TEMP TABLE _differing AS SELECT {columns}, sum(_n) AS _copies
            FROM ({" UNION ALL ".join(parts)}) GROUP BY {columns} HAVING sum(_n) <> 0"""
        )

    def _tells_apart(self, key: tuple[str, ...]) -> bool:
        sql = f"""SELECT count(*) FROM (SELECT 1 FROM _differing GROUP BY {self._list(key)}, _copies > 0
            HAVING sum(abs(_copies)) > 1)"""
        return self._one(sql)[0] == 0

    def _changed(self, key: tuple[str, ...]) -> tuple[int, dict[str, int]]:
        if not key:
            return 0, {}
        others = [name for name in self.common if name not in key]
        counts = [f"count(*) FILTER (b.{quoted(name)} IS DISTINCT FROM a.{quoted(name)})" for name in others]
        changed, *by_column = self._one(f"SELECT {', '.join(['count(*)', *counts])} {self._pairs(key)}")
        found = {name: count for name, count in zip(others, by_column, strict=True) if count}
        return changed, dict(sorted(found.items(), key=lambda pair: -pair[1]))

    def _pairs(self, key: tuple[str, ...]) -> str:
        same = " AND ".join(f"b.{quoted(name)} IS NOT DISTINCT FROM a.{quoted(name)}" for name in key)
        return f"""FROM (FROM _differing WHERE _copies < 0) AS b
            JOIN (FROM _differing WHERE _copies > 0) AS a ON {same}"""

    def _examples(self, key: tuple[str, ...], limit: int) -> pl.DataFrame:
        columns, order = self._list(self.common), self._list(key or self.common)
        paired = f"(SELECT DISTINCT {self._list(key, 'a')} {self._pairs(key)})" if key else "(SELECT 1 WHERE false)"
        same = " AND ".join(f"d.{quoted(name)} IS NOT DISTINCT FROM p.{quoted(name)}" for name in key) or "false"
        parts = []
        for change, join, sign in EXAMPLES:
            parts.append(
                f"""(SELECT {literal(change)} AS {CHANGE}, {columns}
                FROM _differing AS d {join} JOIN {paired} AS p ON {same}
                WHERE d._copies {sign} 0 ORDER BY {order} LIMIT {int(limit)})"""
            )
        return pl.concat([self.connection.execute(part).pl() for part in parts])

    @staticmethod
    def _list(names: Sequence[str], table: str | None = None) -> str:
        return ", ".join(f"{table}.{quoted(name)}" if table else quoted(name) for name in names)


FEEDS = ("deletions", "insertions")
EXAMPLES = (
    ("added", "ANTI", ">"),
    ("removed", "ANTI", "<"),
    ("changed_from", "SEMI", "<"),
    ("changed_to", "SEMI", ">"),
)
"""Kind of change, how its rows meet the changed keys, and the sign of their copies."""
