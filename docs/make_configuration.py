"""Write docs/configuration.md from the settings' own field descriptions: `python docs/make_configuration.py`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from models.ranking import registry as rankers
from models.retrieval import registry as retrievers
from resources.settings import Settings

PAGE = Path(__file__).parent / "configuration.md"
INTRODUCTION = """# Configuration

Every key of `sluice.yaml`. Unknown keys are errors. Written by `python docs/make_configuration.py`; a test compares.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, _section("sluice.yaml", Settings)]
    for name, field in Settings.model_fields.items():
        model = _model_of(field)
        if model:
            parts.append(_section(name, model))
    for name in retrievers.RETRIEVERS:
        parts.append(_section(f"retrievers.{name}", retrievers.config_class(name)))
    for name in rankers.RANKERS:
        parts.append(_section(f"rankers.{name}", rankers.config_class(name)))
    return "\n".join(parts)


def _section(title: str, model: type[BaseModel]) -> str:
    summary = (model.__doc__ or "").strip().splitlines()[0]
    lines = [f"## `{title}`", "", summary, "", "| key | default | what it does |", "|---|---|---|"]
    nested = []
    for name, field in model.model_fields.items():
        text = (field.description or "See its section.").replace("|", "\\|")
        lines.append(f"| `{name}` | {_default(field)} | {text} |")
        inner = _model_of(field)
        if inner and model is not Settings:
            nested.append(_section(f"{title}.{name}", inner))
    return "\n".join([*lines, "", *nested])


def _model_of(field: FieldInfo) -> type[BaseModel] | None:
    """The settings model a field holds, also as the values of a mapping or behind `None`."""
    kinds = _kinds(field.annotation)
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _kinds(annotation: Any) -> Iterator[Any]:
    """An annotation and all those within it."""
    yield annotation
    for inner in get_args(annotation):
        yield from _kinds(inner)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or isinstance(value, BaseModel):
        return "its own"
    text = str(value) if value not in ("", None) else ("none" if value is None else "empty")
    return "`" + text.replace("|", "\\|") + "`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
