"""The verbs about releases."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli_options import A_RELEASE, Config, project_of


def releases(config: Config = None) -> None:
    """Every release, the one consumers read first, with what was measured."""
    from pipelines.release_history import show_releases

    show_releases(project_of(config))


def compare(
    first: Annotated[str, typer.Argument(help=f"{A_RELEASE}.")],
    second: Annotated[str, typer.Argument(help="The other one.")],
    config: Config = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write a page with slices and some users.")] = None,
) -> None:
    """Is the second release better than the first, on the same users and days?"""
    from pipelines.release_comparison import compare as show_comparison

    show_comparison(project_of(config), first, second, html)


def rollback(
    to: Annotated[str, typer.Argument(help=f"{A_RELEASE}.")] = "previous",
    config: Config = None,
) -> None:
    """Serve an earlier release again, once all it names was found whole."""
    from pipelines.release_history import rollback as serve_again

    serve_again(project_of(config), to)


def verify(
    release: Annotated[str, typer.Argument(help=f"{A_RELEASE}.")] = "newest",
    config: Config = None,
) -> None:
    """Read all that a release names and compute its metrics again, which must be the same."""
    from pipelines.release_proof import verify as prove

    prove(project_of(config), release)


def add_to(app: typer.Typer) -> None:
    """Give a command these verbs."""
    for verb in (releases, compare, rollback, verify):
        app.command()(verb)
