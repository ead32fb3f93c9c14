"""`sluice sql`: one read-only question to a release, to the newest tables, or to the tables as they once were."""

import sys

import duckdb
import orjson
import polars as pl
from rich.table import Table

from models.errors import UserError
from pipelines.console import cell, console, say
from pipelines.reach import refuse_beyond_the_lake
from pipelines.releases import newest_release
from pipelines.storage import warehouse_of
from pipelines.versions import Versions
from resources.as_of import define_macros
from resources.duckdb_instances import literal
from resources.settings import Project
from resources.warehouse import Warehouse

FORMATS = ("table", "csv", "json", "parquet")
MOST_ROWS = 200  # Laying out wide rows takes 6 ms each.
TABLES_HINT = '`sluice sql "SHOW TABLES"` lists the tables.'
ASKING = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}


def answer(project: Project, query: str, live: bool, output: str, as_of: str | None = None) -> None:
    """Print the rows of one read-only statement.

    Args:
        project: The project.
        query: The statement.
        live: Ask the newest tables, not the newest release.
        output: One of `FORMATS`.
        as_of: A snapshot's number, a release, a date or a time: ask the tables as they were then.

    Raises:
        UserError: The format is unknown, there is no such state, or the statement is refused.
    """
    refuse_format(output, "sluice sql")
    if live and as_of:
        raise UserError("--live and --as-of exclude each other", "sluice sql", "Leave one of them out.")
    warehouse = warehouse_of(project)
    print_rows(ask(warehouse, query, _snapshot(warehouse, live, as_of)), output)


def refuse_format(output: str, command: str) -> None:
    """Raise where rows cannot be printed in a format.

    Raises:
        UserError: It is unknown, or binary and on its way to a terminal.
    """
    if output not in FORMATS:
        raise UserError(f"unknown format {output!r}", "--format", f"Choose one of {', '.join(FORMATS)}.")
    if output == "parquet" and sys.stdout.isatty():
        raise UserError("Parquet is binary", command, "Send it to a file: --format parquet > answer.parquet")


def _snapshot(warehouse: Warehouse, live: bool, as_of: str | None) -> int | None:
    if live:
        return None
    if as_of is None:
        return newest_release(warehouse).snapshot
    return Versions(warehouse).find(as_of, "--as-of").snapshot.number


def ask(warehouse: Warehouse, query: str, snapshot: int | None) -> pl.DataFrame:
    """The rows of one question, with nothing outside the lake in reach: no files, no other database, no settings.

    Raises:
        UserError: It is not one question, or DuckDB refuses it.
    """
    with warehouse.connect(read_only=True, snapshot=snapshot, reusable=False) as connection:
        try:
            _refuse_all_but_one_question(connection, query)
            define_macros(connection)
            if warehouse.catalogue.several_machines:
                refuse_beyond_the_lake(connection, query)
            _close_in(connection, warehouse)
            return connection.execute(query).pl()
        except duckdb.Error as error:
            raise UserError(without_echo(str(error)), "sluice sql", TABLES_HINT) from error
        except pl.exceptions.ComputeError as error:
            found = f"a column's type cannot be shown ({str(error).splitlines()[0]})"
            raise UserError(found, "sluice sql", "Cast it, e.g. `x::VARCHAR`.") from error


def _refuse_all_but_one_question(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Anything but SELECT, SHOW, DESCRIBE, SUMMARIZE and EXPLAIN.

    A read-only lake alone is not enough: CHECKPOINT and COPY still write Parquet files into the data folder.
    """
    statements = connection.extract_statements(query)
    pivots = len(statements) > 1 and not any(statement.query for statement in statements)
    if pivots:
        raise UserError("PIVOT needs its values", "sluice sql", "Say `PIVOT ... ON column IN ('a', 'b') USING ...`.")
    if len(statements) != 1:
        raise UserError(f"expected one statement, found {len(statements)}", "sluice sql", "Ask one thing at a time.")
    if statements[0].type not in ASKING:
        kind = statements[0].type.name.replace("_", " ")
        raise UserError(f"{kind} is no question", "sluice sql", "Only SELECT, SHOW, DESCRIBE, SUMMARIZE and EXPLAIN.")


def _close_in(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> None:
    connection.execute(f"SET allowed_directories = [{literal(warehouse.data_path)}]")
    connection.execute(f"SET allowed_paths = [{literal(warehouse.catalogue.address)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def without_echo(message: str) -> str:
    """DuckDB's words without the picture of the query below them."""
    return message.strip().split("\n\n")[0]


def print_rows(frame: pl.DataFrame, output: str) -> None:
    """Rows on standard output."""
    if output == "csv":
        sys.stdout.write(_flat(frame).write_csv())
    elif output == "json":
        rows = [orjson.dumps(row, default=str).decode() for row in frame.iter_rows(named=True)]
        sys.stdout.write("[" + ",\n ".join(rows) + "]\n")
    elif output == "parquet":
        frame.write_parquet(sys.stdout.buffer)
    else:
        console.print(as_table(frame.head(MOST_ROWS)))
        if frame.height > MOST_ROWS:
            say(f"the first {MOST_ROWS} of {frame.height:,} rows; --format csv, json or parquet has them all")


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Nested columns as JSON text and bytes as hex, which CSV can hold."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    texts = [
        pl.Series(name, [None if value is None else _json(value) for value in frame[name].to_list()], dtype=pl.Utf8)
        for name in nested
    ]
    return frame.with_columns(texts).with_columns(pl.col(pl.Binary).bin.encode("hex"))


def _json(value: object) -> str:
    return orjson.dumps(value, default=str).decode()


def as_table(frame: pl.DataFrame) -> Table:
    """Rows for the terminal; names and values are printed as they are."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, kind in frame.schema.items():
        table.add_column(cell(name), justify="right" if kind.is_numeric() else "left", overflow="fold")
    for row in frame.iter_rows():
        table.add_row(*(cell(value) for value in row))
    return table
