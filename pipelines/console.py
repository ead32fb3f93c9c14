"""What the terminal shows: one line per piece of work, a progress bar where it takes a while."""

import re
import sys
import time
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

WIDTH_OF_A_PIPE = 120
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # the last turn the line around

console = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else WIDTH_OF_A_PIPE)


def say(text: str) -> None:
    """One line."""
    console.print(visible(text), markup=False, soft_wrap=True)


def visible(text: str) -> str:
    """Text from data without colours, its other control characters written out: it must not drive the terminal."""
    return CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", COLOURS.sub("", text))


def one_line(text: str) -> str:
    """Text of several lines as one."""
    return " ".join(visible(text.replace("\r", " ")).split())


def cell(value: object) -> Text:
    """A value in a table, literally: no markup is read in it."""
    if isinstance(value, float):
        small = value != 0 and abs(value) < 0.001
        return Text(f"{value:.3g}" if small else f"{value:,.4f}".rstrip("0").rstrip("."))
    return Text("" if value is None else visible(str(value)))


class Bar:
    """A progress bar; where the output is no terminal, one line at the end."""

    def __init__(self, title: str):
        self.title, self.started = title, time.monotonic()
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        quiet = not sys.stdout.isatty()
        self.progress = Progress(
            *columns, console=console, transient=True, disable=quiet, redirect_stdout=False, redirect_stderr=False
        )

    def __enter__(self) -> Self:
        self.progress.start()
        self.task = self.progress.add_task(self.title, total=None)
        return self

    def __exit__(self, kind, error, trace) -> None:
        self.progress.stop()
        if kind is None:
            self.done()

    def update(self, what: str, done: int, total: int) -> None:
        """Show how far the work is."""
        self.progress.update(self.task, description=f"{self.title}: {what}", completed=done, total=total or None)

    def done(self) -> None:
        """The closing line."""
        say(f"{self.title}  ({time.monotonic() - self.started:.0f} s)")


class Steps(Bar):
    """The bar of a Dagster run: names the step it is at. What the steps print goes to a file meanwhile.

    Args:
        title: What is done.
        log: The file.
    """

    def __init__(self, title: str, log: Path):
        super().__init__(title)
        self.log, self.n_done, self.redirected = log, 0, ExitStack()

    def __enter__(self) -> Self:
        file = self.redirected.enter_context(self.log.open("a", encoding="utf-8"))
        console.file = sys.stdout
        self.redirected.enter_context(redirect_stdout(file))
        self.redirected.enter_context(redirect_stderr(file))
        return super().__enter__()

    def __exit__(self, kind, error, trace) -> None:
        super().__exit__(kind, error, trace)
        self.redirected.close()
        console._file = None  # Back to whatever sys.stdout is; the setter takes no None.

    def on_step(self, step: str, word: str) -> None:
        """Called at the start and end of each step."""
        if word != "started":
            self.n_done += 1
        description = f"{self.title}: {step} {word}" if word == "failed" else f"{self.title}: {step}"
        self.progress.update(self.task, description=description, completed=self.n_done)
