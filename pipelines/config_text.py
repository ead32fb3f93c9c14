"""A drafted config as YAML text: every note becomes a comment above its key."""

import json
import textwrap
from typing import Any

import yaml

from models.events.inference.guess import Guess
from pipelines.console import one_line

WIDTH = 110


def config_text(draft: dict[str, Any], heading: list[str]) -> str:
    """The text of `sluice.yaml`.

    Args:
        draft: Key -> `Guess` (a section where its value is a dict of guesses) or a plain value.
        heading: Comments at the top, a paragraph each.
    """
    lines = [line for paragraph in heading for line in _comment(paragraph, "")]
    for key, value in draft.items():
        lines += ["", *_entry(key, value, "")] if isinstance(value, Guess) else _entry(key, value, "")
    return "\n".join(lines) + "\n"


def _entry(key: str, value: Any, indent: str) -> list[str]:
    guess = value if isinstance(value, Guess) else Guess(value)
    lines = _comment(guess.note, indent)
    if isinstance(guess.value, dict) and any(isinstance(inner, Guess) for inner in guess.value.values()):
        lines.append(f"{indent}{_flow(key)}:")
        for name, inner in guess.value.items():
            lines += _entry(name, inner, f"{indent}  ")
        return lines
    return [*lines, f"{indent}{_flow(key)}: {_flow(guess.value)}"]


def _comment(text: str, indent: str) -> list[str]:
    plain = one_line(text)
    return [f"{indent}# {line}" for line in textwrap.wrap(plain, WIDTH - len(indent), break_on_hyphens=False)]


def _flow(value: Any) -> str:
    """A value in one line, quoted where YAML needs it."""
    if isinstance(value, str) and not value.isprintable():
        return json.dumps(value)
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")
