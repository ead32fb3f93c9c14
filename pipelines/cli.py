"""The `sluice` command: one verb per thing a user does."""

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines import cli_learning, cli_releases
from pipelines.cli_options import A_VERSION, Config, day_of, project_of
from pipelines.command_errors import OneLineErrors

app = typer.Typer(
    cls=OneLineErrors,
    help="Raw logs to an evaluated recommender release, every night.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class KindOfDay(StrEnum):
    """What `sluice backfill` materialises."""

    days = "days"
    as_of = "as-of"


@app.command()
def doctor(config: Config = None) -> None:
    """Check the installation, the config and the source files; changes nothing."""
    from pipelines.doctor import examine

    if not examine(config):
        raise typer.Exit(2)


@app.command()
def init(
    files: Annotated[list[str], typer.Argument(help="Log and catalogue: files, folders of daily files, or globs.")],
    to: Annotated[Path, typer.Option(help="Project file; never overwritten.")] = Path("sluice.yaml"),
) -> None:
    """Look at log files and write a commented sluice.yaml for them."""
    from pipelines.init import init as write_config

    write_config(files, to)


@app.command()
def validate(config: Config = None) -> None:
    """Read every source file, write nothing, and say what would be accepted and rejected."""
    from pipelines.validate import validate as run_dry

    run_dry(project_of(config))


@app.command()
def simulate(
    config: Config = None,
    users: Annotated[int | None, typer.Option(help="Number of users, instead of the config's.")] = None,
    items: Annotated[int | None, typer.Option(help="Number of items, instead of the config's.")] = None,
    days: Annotated[int | None, typer.Option(help="Number of days, instead of the config's.")] = None,
    into: Annotated[Path | None, typer.Option(help="Folder to write to, instead of the config's.")] = None,
) -> None:
    """Write the simulated shop: daily logs, a catalogue, and the truth apart."""
    from pipelines.simulation import write_shop

    write_shop(project_of(config), users, items, days, into)


@app.command()
def build(
    config: Config = None,
    first: Annotated[dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    last: Annotated[dt.datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day.")] = None,
) -> None:
    """Bring tables, models and the release up to date; does nothing where nothing changed."""
    from pipelines.build import build as run_build
    from pipelines.summary import show

    project = project_of(config)
    show(project, run_build(project, day_of(first), day_of(last)))


@app.command()
def backfill(
    what: Annotated[KindOfDay, typer.Argument(help="`days` (events and tables) or `as-of` (models to release).")],
    first: Annotated[dt.datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    last: Annotated[dt.datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day.")],
    config: Config = None,
) -> None:
    """Materialise a range again: event days in one run, as-of days one run each."""
    from pipelines.build import backfill_as_of, backfill_days
    from pipelines.summary import show

    work = backfill_days if what is KindOfDay.days else backfill_as_of
    project = project_of(config)
    show(project, work(project, first.date(), last.date()))


@app.command()
def ui(
    config: Config = None,
    host: Annotated[str, typer.Option(help="Address to listen on; only loopback, see --behind-proxy.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port.")] = 3000,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="An authenticating proxy stands in front: allow other addresses.")
    ] = False,
) -> None:
    """Dagster's webserver and daemon for this project (the webserver has no login)."""
    from pipelines.ui import serve

    serve(project_of(config), host, port, behind_proxy)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One SQL statement; read-only.")],
    config: Config = None,
    live: Annotated[bool, typer.Option("--live", help="The newest tables instead of the newest release.")] = False,
    as_of: Annotated[str | None, typer.Option(help=f"The tables as they were then: {A_VERSION}.")] = None,
    output: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
) -> None:
    """Ask the newest release (or, with --live, the newest tables; with --as-of, earlier ones) a question."""
    from pipelines.query import answer

    answer(project_of(config), query, live, output, as_of)


@app.command()
def diff(
    table: Annotated[str, typer.Argument(help="The table.")],
    config: Config = None,
    before: Annotated[
        str | None, typer.Option("--from", help=f"{A_VERSION}; default: the newest release before --to.")
    ] = None,
    after: Annotated[str | None, typer.Option("--to", help="The same; default: the newest tables.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many examples of each kind of change.")] = 5,
    output: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
) -> None:
    """Rows added, removed and changed in a table between two states of the lake."""
    from pipelines.diff import diff as show_diff

    show_diff(project_of(config), table, before, after, limit, output)


@app.command()
def recommend(
    user: Annotated[str, typer.Argument(help="The user's id.")],
    config: Config = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many items.")] = 10,
) -> None:
    """A user's list from the newest release, with the reason for each item."""
    from pipelines.served_lists import recommend as show_list

    show_list(project_of(config), user, k)


@app.command()
def report(
    config: Config = None,
    to: Annotated[Path | None, typer.Option(help="Copy the page to this file.")] = None,
) -> None:
    """Where the newest evaluation report lies."""
    from pipelines.served_lists import report as show_report

    show_report(project_of(config), to)


cli_releases.add_to(app)
cli_learning.add_to(app)


def main() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    main()
