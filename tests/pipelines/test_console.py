import sys

import pytest
from rich.console import Console

from pipelines import console
from pipelines.console import Bar, Steps, cell, one_line, say, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("turned \u202eround", "turned \\x202eround"),
        ("a\x00b\x9bc\r", "a\\x00b\\x9bc\\x0d"),
        ("ünïcode ✓", "ünïcode ✓"),
    ],
)
def test_no_character_drives_the_terminal(text: str, shown: str):
    assert visible(text) == shown


def test_lines_become_one():
    assert one_line(" a\n\n  b\r\nc ") == "a b c"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (1, "1"),
        (1234567, "1234567"),
        (0.5, "0.5"),
        (1234.5678, "1,234.5678"),
        (0.0, "0"),
        (0.00001234, "1.23e-05"),
        (float("nan"), "nan"),
        ([1, None], "[1, None]"),
        ("[bold]x", "[bold]x"),
    ],
)
def test_cells_are_short_and_literal(value: object, shown: str):
    assert cell(value).plain == shown


def test_a_line_is_literal_and_not_wrapped(capsys: pytest.CaptureFixture):
    say("[bold]x[/bold] :bug: " + "y" * 200)
    assert capsys.readouterr().out == "[bold]x[/bold] :bug: " + "y" * 200 + "\n"


def test_without_a_terminal_a_bar_is_one_line_at_the_end(capsys: pytest.CaptureFixture):
    with Bar("work") as bar:
        bar.update("half", 1, 2)
    assert capsys.readouterr().out == "work  (0 s)\n"


def test_a_bar_that_fails_says_nothing(capsys: pytest.CaptureFixture):
    with pytest.raises(ValueError, match="x"), Bar("work"):
        raise ValueError("x")
    assert capsys.readouterr().out == ""


def test_what_steps_print_goes_to_the_log(capsys: pytest.CaptureFixture, tmp_path):
    with Steps("work", tmp_path / "log") as steps:
        steps.on_step("one", "started")
        print("noise")
        print("more noise", file=sys.stderr)
        steps.on_step("one", "succeeded")
    say("after")
    captured = capsys.readouterr()
    assert captured.out == "work  (0 s)\nafter\n"
    assert captured.err == ""
    assert (tmp_path / "log").read_text() == "noise\nmore noise\n"
    assert steps.n_done == 1


def test_a_terminal_shows_the_step_it_is_at(monkeypatch: pytest.MonkeyPatch, tmp_path):
    class Terminal:
        def __init__(self) -> None:
            self.text = ""

        def write(self, text: str) -> int:
            self.text += text
            return len(text)

        def flush(self) -> None: ...

        def isatty(self) -> bool:
            return True

        def fileno(self) -> int:
            return 1

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    # Rich decides once, when a console is made, whether it may redraw; under pytest there was no terminal then.
    monkeypatch.setattr(console, "console", Console(force_terminal=True, force_interactive=True, width=120))
    with Steps("work", tmp_path / "log") as steps:
        steps.on_step("raw_events", "failed")
        steps.progress.refresh()
    assert "work: raw_events failed" in terminal.text
