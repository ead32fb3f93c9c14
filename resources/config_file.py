"""Reading a YAML file, and saying in one line what is wrong with it, in which line, and how to mend it."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from models.errors import UserError

EXAMPLE = "Compare with configs/demo.yaml."
Place = tuple[int | str, ...]


class NestedProblem(ValueError):
    """What is wrong with settings that another model validates.

    Args:
        name: Their key.
        error: Its words.
    """

    def __init__(self, name: str, error: ValidationError):
        self.name, self.error = name, error
        super().__init__(f"{name}: {error.error_count()} problem(s)")


class _OnceLoader(yaml.SafeLoader):
    """Refuses a key that is there twice, of which YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen and key.value != "<<":
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} is there twice", key.start_mark)
            seen.add(getattr(key, "value", "") if isinstance(key, yaml.ScalarNode) else "")
        return super().construct_mapping(node, deep)


def read_yaml(file: Path) -> dict[str, Any]:
    """The mapping a YAML file holds.

    Raises:
        UserError: It is missing, cannot be read, is not YAML, or is no mapping.
    """
    if not file.is_file():
        found = "this is a folder" if file.is_dir() else "no such config file"
        raise UserError(found, str(file), "Name one with -c, e.g. `sluice build -c configs/demo.yaml`.")
    try:
        raw = yaml.load(file.read_text(encoding="utf-8"), _OnceLoader)
    except OSError as error:
        raise UserError(os.strerror(error.errno or 0), str(file), "Mend its permissions.") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError("this is not UTF-8 text", f"{file} line {line}", "Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        words = getattr(error, "problem", None) or str(error).splitlines()[0]
        place = f"{file} line {mark.line + 1}" if mark else str(file)
        raise UserError(f"this is not valid YAML: {words}", place, EXAMPLE) from None
    if not isinstance(raw, dict):
        raise UserError("expected a mapping of settings", str(file), EXAMPLE)
    return raw


def as_user_error(error: ValidationError, file: Path) -> UserError:
    """The first problem of a validation, with its key and line."""
    place, found, mend = _first_problem(error)
    number = _line_of(file, place)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    key = ".".join(str(part) for part in place)
    where = f"{file} line {number}" if number else str(file)
    return UserError(f"`{key}`: {found}{more}" if key else f"{found}{more}", where, mend)


def _first_problem(error: ValidationError) -> tuple[Place, str, str]:
    """Where, what, and how to mend it."""
    first = error.errors(include_url=False)[0]
    place: Place = first["loc"]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, NestedProblem):
        inner, found, mend = _first_problem(cause.error)
        return (*place, cause.name, *inner), found, mend
    if first["type"] == "missing":
        return place, "is missing", f"Add it. {EXAMPLE}"
    if first["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(place[-1]), _every_key(), n=1)
        return place, "unknown key", f"Did you mean `{close[0]}`?" if close else f"Remove it. {EXAMPLE}"
    words = first["msg"].removeprefix("Value error, ")
    given = repr(first["input"])
    plain = first["type"] != "value_error" and isinstance(first["input"], str | int | float | bool | None)
    found = f"{words[:1].lower()}{words[1:]}" + (f", found {given[:60]}" if plain else "")
    return place, re.sub(r"\s+", " ", found), "Correct it."


def _every_key() -> set[str]:
    """Every key any section knows; only for suggestions."""
    from resources.settings import Settings

    found: set[str] = set()
    waiting: list[type[BaseModel]] = [Settings]
    while waiting:
        for name, field in waiting.pop().model_fields.items():
            found.add(name)
            kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
            waiting += [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return found


def _line_of(file: Path, place: Place) -> int | None:
    """The line of the innermost key of `place` that is in the file."""
    node = yaml.compose(file.read_text(encoding="utf-8"), yaml.SafeLoader)
    line = None
    for part in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        else:
            break
    return line
