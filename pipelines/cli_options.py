"""What the verbs' options have in common."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

A_RELEASE = "a release, its beginning, `newest` or `previous`"
A_VERSION = "a snapshot's number, a release, a time, or a date (its end), UTC"
Config = Annotated[Path | None, typer.Option("-c", "--config", help="Project file; default ./sluice.yaml.")]


def project_of(config: Path | None):
    """The project of a `--config`.

    Raises:
        UserError: There is none, or it is wrong.
    """
    from resources.settings import load_project

    return load_project(config)


def day_of(value: dt.datetime | None) -> dt.date | None:
    """The day that was given, if any."""
    return value.date() if value else None
