"""Rendering a page: one template, one style sheet inlined, nothing loaded, all text escaped."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

TEMPLATES = Path(__file__).parent / "templates"


class Picture(NamedTuple):
    """An inline SVG and what it shows, for readers who do not see it."""

    svg: str
    label: str


def render(template: str, **values: Any) -> str:
    """A whole HTML document; the same values give the same bytes.

    Args:
        template: File name of a template.
        values: What it prints; text is escaped, and a name it lacks is an error.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (TEMPLATES / "evaluation.css").read_text(encoding="utf-8")
    return environment.get_template(template).render(style=style, **values)
