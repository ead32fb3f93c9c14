"""The `sluice` command: one verb per thing a user does."""

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.command_errors import OneLineErrors

app = typer.Typer(
    cls=OneLineErrors,
    help="Raw logs to an evaluated recommender release, every night.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
profiles_app = typer.Typer(help="Profiles by a language model.", no_args_is_help=True)
app.add_typer(profiles_app, name="profiles")
index_app = typer.Typer(help="Indexes of nearest neighbours.", no_args_is_help=True)
app.add_typer(index_app, name="index")


class KindOfDay(StrEnum):
    """What `sluice backfill` materialises."""

    days = "days"
    as_of = "as-of"


A_RELEASE = "a release, its beginning, `newest` or `previous`"
A_VERSION = "a snapshot's number, a release, a time, or a date (its end), UTC"
Config = Annotated[Path | None, typer.Option("-c", "--config", help="Project file; default ./sluice.yaml.")]


def _project(config: Path | None):
    from resources.settings import load_project

    return load_project(config)


def _day(value: dt.datetime | None) -> dt.date | None:
    return value.date() if value else None


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

    run_dry(_project(config))


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

    write_shop(_project(config), users, items, days, into)


@app.command()
def build(
    config: Config = None,
    first: Annotated[dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    last: Annotated[dt.datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day.")] = None,
) -> None:
    """Bring tables, models and the release up to date; does nothing where nothing changed."""
    from pipelines.build import build as run_build
    from pipelines.summary import show

    project = _project(config)
    show(project, run_build(project, _day(first), _day(last)))


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
    project = _project(config)
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

    serve(_project(config), host, port, behind_proxy)


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

    answer(_project(config), query, live, output, as_of)


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

    show_diff(_project(config), table, before, after, limit, output)


@app.command()
def releases(config: Config = None) -> None:
    """Every release, the one consumers read first, with what was measured."""
    from pipelines.release_history import show_releases

    show_releases(_project(config))


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help=f"{A_RELEASE}.")],
    second: Annotated[str, typer.Argument(help="The other one.")],
    config: Config = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write a page with slices and some users.")] = None,
) -> None:
    """Is the second release better than the first, on the same users and days?"""
    from pipelines.release_comparison import compare as show_comparison

    show_comparison(_project(config), first, second, html)


@app.command()
def rollback(
    to: Annotated[str, typer.Argument(help=f"{A_RELEASE}.")] = "previous",
    config: Config = None,
) -> None:
    """Serve an earlier release again, once all it names was found whole."""
    from pipelines.release_history import rollback as serve_again

    serve_again(_project(config), to)


@app.command()
def verify(
    release: Annotated[str, typer.Argument(help=f"{A_RELEASE}.")] = "newest",
    config: Config = None,
) -> None:
    """Read all that a release names and compute its metrics again, which must be the same."""
    from pipelines.release_proof import verify as prove

    prove(_project(config), release)


@app.command()
def recommend(
    user: Annotated[str, typer.Argument(help="The user's id.")],
    config: Config = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many items.")] = 10,
) -> None:
    """A user's list from the newest release, with the reason for each item."""
    from pipelines.served_lists import recommend as show_list

    show_list(_project(config), user, k)


@app.command()
def report(
    config: Config = None,
    to: Annotated[Path | None, typer.Option(help="Copy the page to this file.")] = None,
) -> None:
    """Where the newest evaluation report lies."""
    from pipelines.served_lists import report as show_report

    show_report(_project(config), to)


@app.command()
def policies(config: Config = None) -> None:
    """What other policies would have earned, from impressions with propensities."""
    from pipelines.policies import policies as show_policies

    show_policies(_project(config))


@app.command()
def protocols(
    config: Config = None,
    as_of: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Nothing later is read.")] = None,
) -> None:
    """The retrievers under the protocols of `evaluation.protocols`, e.g. each user's last item."""
    from pipelines.protocols import protocols as judge

    judge(_project(config), _day(as_of))


@app.command()
def tune(
    retriever: Annotated[str, typer.Argument(help="One of the config's retrievers.")],
    config: Config = None,
    trials: Annotated[
        int, typer.Option(min=1, help="Settings to try besides the present ones, earlier sittings included.")
    ] = 20,
    minutes: Annotated[float | None, typer.Option(min=0, help="Begin no trial after so many minutes.")] = None,
    day: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As-of day; default: newest.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget earlier trials instead of going on.")] = False,
) -> None:
    """Try other settings of a retriever on the validation window; a later call goes on where this one stopped."""
    from pipelines.tune import tune as try_settings

    try_settings(_project(config), retriever, trials, minutes, _day(day), fresh)


@profiles_app.command("plan")
def profiles_plan(
    config: Config = None,
    as_of: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: the newest day.")] = None,
) -> None:
    """How many calls, tokens, money and hours the next profiles take; asks nothing."""
    from pipelines.profile_plan import plan

    plan(_project(config), _day(as_of))


@index_app.command("tune")
def index_tune(
    retriever: Annotated[str | None, typer.Argument(help="Default: the first one with vectors.")] = None,
    config: Config = None,
    recall: Annotated[
        float | None, typer.Option(min=0, max=1, help="Recall@k to reach; default: checks.min_index_recall.")
    ] = None,
    build_seconds: Annotated[float | None, typer.Option(min=0, help="Most processor seconds to build.")] = None,
    microseconds: Annotated[float | None, typer.Option(min=0, help="Most processor time of a query.")] = None,
    megabytes: Annotated[float | None, typer.Option(min=0, help="Largest size.")] = None,
    k: Annotated[
        int | None, typer.Option("-k", min=1, help="List length; default: recommendations.candidates_per_source.")
    ] = None,
    queries: Annotated[int, typer.Option(min=2, help="Users to search with: half choose, half confirm.")] = 1000,
) -> None:
    """Find the fastest index that finds enough, within a budget: measured on the newest vectors."""
    from pipelines.index_tuning import limited, tune

    tune(_project(config), retriever, recall, limited(build_seconds, microseconds, megabytes), k, queries)


def main() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    main()
