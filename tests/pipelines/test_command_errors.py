import errno
import sqlite3

import duckdb
import pytest
import sqlalchemy
import typer
from typer.testing import CliRunner

from models.errors import UserError
from pipelines.command_errors import OneLineErrors, explain


def app_that_raises(error: BaseException) -> typer.Typer:
    app = typer.Typer(cls=OneLineErrors, pretty_exceptions_enable=False)

    @app.command()
    def work() -> None:
        raise error

    @app.command()
    def rest() -> None:
        raise typer.Exit(3)

    return app


def test_control_characters_and_lines_of_an_error_do_not_reach_the_terminal():
    error = UserError("two\nlines \x1b[31mred\x1b[0m \x1b]0;title\x07", "here", "Mend\r\nit.")
    result = CliRunner().invoke(app_that_raises(error), ["work"])
    assert result.exit_code == 2
    assert result.stderr == "sluice: here: two lines red \\x1b]0;title\\x07. Mend it.\n"


def test_a_full_disk_is_one_line():
    error = OSError(errno.ENOSPC, "No space left on device", "/data/x.parquet")
    assert explain(error) == (
        "/data/x.parquet: No space left on device. Free some space, then run it again; nothing half-written is kept."
    )


def test_a_damaged_warehouse_is_one_line():
    line = explain(duckdb.IOException("IO Error: database disk image is malformed\n\nmore"))
    assert line is not None and line.startswith("warehouse: IO Error: database disk image is malformed. If it is")


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.DatabaseError("file is not a database"),
        sqlalchemy.exc.DatabaseError("SELECT 1", {}, sqlite3.DatabaseError("file is not a database")),
    ],
)
def test_damaged_dagster_storage_is_one_line(error: Exception):
    line = explain(error)
    assert line is not None and line.startswith("Dagster's storage: file is not a database. If it is damaged, move")


@pytest.mark.parametrize("error", [KeyError("x"), FileNotFoundError(errno.ENOENT, "x"), duckdb.BinderException("x")])
def test_a_defect_of_ours_keeps_its_traceback(error: Exception):
    assert explain(error) is None
    assert CliRunner().invoke(app_that_raises(error), ["work"]).exception is error


def test_ctrl_c_ends_with_130():
    result = CliRunner().invoke(app_that_raises(KeyboardInterrupt()), ["work"])
    assert (result.exit_code, result.stderr) == (130, "sluice: interrupted\n")


def test_a_status_is_handed_on():
    assert CliRunner().invoke(app_that_raises(KeyError()), ["rest"]).exit_code == 3
