"""A retriever's search space, made sure of: every value in it is one that its config takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from models.retrieval import registry
from models.tuning.default_ranges import default_ranges
from models.tuning.search_range import SearchRange

Space = dict[str, SearchRange]
NOT_TUNED = {
    "seed": "the best of several seeds is luck, and not the best of other days",
    "n_threads": "it changes how long a fit takes, not what is learned",
    "n_validation_users": "every trial must be judged alike",
}


def space_of(name: str, given: Mapping[str, SearchRange] | None = None) -> Space:
    """The settings to tune and their ranges, ends and choices as the config has them (an int where it wants one).

    Args:
        name: The retriever.
        given: What to tune; `None`: the default ranges.

    Raises:
        UserError: No retriever has that name.
        ValueError: A range is of no setting, holds a value that the setting refuses, or makes no sense; names the key.
    """
    fields = registry.config_class(name).model_fields
    space = {}
    for key, wanted in (default_ranges(name) if given is None else given).items():
        where = f"tuning.{name}.{key}"
        if key not in fields:
            raise ValueError(f"{where}: {name} has no such setting; it has {', '.join(fields)}")
        if key in NOT_TUNED:
            raise ValueError(f"{where}: not to be tuned: {NOT_TUNED[key]}")
        space[key] = _as_the_config_has_it(where, fields[key], wanted)
    return space


def _as_the_config_has_it(where: str, field: FieldInfo, wanted: SearchRange) -> SearchRange:
    values = [_value(where, field, value) for value in wanted.values()]
    if wanted.choices is not None:
        return _range(where, choices=values)
    low, high = values
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        raise ValueError(f"{where}: this setting is no number: name choices, not low and high")
    step = wanted.step
    if step is not None:
        if isinstance(low, int) and step != int(step):
            raise ValueError(f"{where}: this setting is a whole number, so step must be one, found {step:g}")
        step = type(low)(step)
        high = low + math.floor((high - low) / step + 1e-9) * step
    return _range(where, low=low, high=high, log=wanted.log, step=step)


def _range(where: str, **parts: Any) -> SearchRange:
    try:
        return SearchRange(**parts)
    except ValidationError as error:
        raise ValueError(f"{where}: {_words(error)}") from None


def _value(where: str, field: FieldInfo, value: Any) -> Any:
    """A value as the field takes it."""
    try:
        kind: Any = Annotated[field.annotation, Field(), *field.metadata]
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise ValueError(f"{where}: {value!r} is refused: {_words(error)}") from None


def _words(error: ValidationError) -> str:
    words = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
    return words[:1].lower() + words[1:]
