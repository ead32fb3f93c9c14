"""`sluice diff`: what became of a table's rows between two states of the lake."""

import sys
from typing import Any

import orjson
import polars as pl
from rich.table import Table

from pipelines.console import cell, console, say
from pipelines.query import as_table, print_rows, refuse_format
from pipelines.storage import warehouse_of
from pipelines.table_diff import CHANGE, TableDiff, table_diff
from pipelines.table_keys import key_of
from pipelines.versions import Version, Versions
from resources.settings import Project

MOST_CHARACTERS = 160


def diff(project: Project, table: str, before: str | None, after: str | None, limit: int, output: str) -> None:
    """Print what differs: counts and examples as text or JSON, the examples alone as CSV or Parquet.

    Args:
        project: The project.
        table: The table.
        before: The state to compare from; `None` is the newest release before `after`.
        after: The state to compare to; `None` is the newest tables.
        limit: Examples of each kind of change.
        output: One of the formats of `sluice sql`.

    Raises:
        UserError: A state or the table does not exist, or the format is unknown.
    """
    refuse_format(output, "sluice diff")
    warehouse = warehouse_of(project)
    versions = Versions(warehouse)
    last = versions.find(after, "--to") if after else versions.newest()
    first = versions.find(before, "--from") if before else versions.release_before(last, "--from")
    found = table_diff(warehouse, versions.snapshots, table, first.snapshot, last.snapshot, key_of(table), limit)
    if output == "table":
        _show(table, first, last, found)
    elif output == "json":
        sys.stdout.write(orjson.dumps(_described(table, first, last, found), default=str).decode() + "\n")
    else:
        print_rows(found.examples, output)


def _show(table: str, first: Version, last: Version, found: TableDiff) -> None:
    say(f"{table}  from {first}")
    say(f"{' ' * len(table)}    to {last}")
    for word, names in (("added", found.columns_added), ("dropped", found.columns_dropped)):
        if names:
            say(f"columns {word}: {', '.join(names)}")
    counts = {"added": found.added, "removed": found.removed, "changed": found.changed}
    counts = counts if found.key else {name: counts[name] for name in ("added", "removed")}
    rows = {"before": found.n_before, "after": found.n_after, **counts}
    console.print(as_table(pl.DataFrame({"rows": list(rows), "number": list(rows.values())})))
    say(f"a row is known by {', '.join(found.key)}" if found.key else "no key tells its rows apart: none is `changed`")
    if found.changed_by_column:
        say("\nchanged rows in which a column differs")
        columns = {"column": list(found.changed_by_column), "rows": list(found.changed_by_column.values())}
        console.print(as_table(pl.DataFrame(columns)))
    if found.examples.height:
        say("\nexamples")
        console.print(_examples(found))


def _examples(found: TableDiff) -> Table:
    """One line per example: its key, and what else it holds or what became of it."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("", *found.key, "what"):
        table.add_column(cell(name), overflow="fold")
    rows = found.examples.to_dicts()
    after = {_key(row, found): row for row in rows if row[CHANGE] == "changed_to"}
    for row in rows:
        if row[CHANGE] == "changed_to":
            continue
        others = {name: value for name, value in row.items() if name not in (CHANGE, *found.key)}
        if row[CHANGE] == "changed_from":
            new = after[_key(row, found)]
            parts = [
                f"{name}: {value} → {new[name]}" for name, value in others.items() if repr(value) != repr(new[name])
            ]
        else:
            parts = [f"{name}={value}" for name, value in others.items() if value is not None]
        table.add_row(row[CHANGE].split("_")[0], *(cell(row[name]) for name in found.key), cell(_cut(", ".join(parts))))
    return table


def _key(row: dict[str, Any], found: TableDiff) -> tuple:
    return tuple(repr(row[name]) for name in found.key)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 3] + "..."


def _described(table: str, first: Version, last: Version, found: TableDiff) -> dict[str, Any]:
    """Everything as one object; `changed` is null where no key tells the rows apart."""
    states = {
        name: {"snapshot": state.snapshot.number, "made_at": state.snapshot.made_at, "release": state.release}
        for name, state in (("from", first), ("to", last))
    }
    return {
        "table": table,
        **states,
        "rows_before": found.n_before,
        "rows_after": found.n_after,
        "added": found.added,
        "removed": found.removed,
        "changed": found.changed if found.key else None,
        "key": list(found.key),
        "changed_by_column": found.changed_by_column,
        "columns_added": found.columns_added,
        "columns_dropped": found.columns_dropped,
        "examples": found.examples.to_dicts(),
    }
