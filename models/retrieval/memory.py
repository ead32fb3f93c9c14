"""What a fit will take, said before it begins; a config that does not fit is refused with the setting to lower."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from models.errors import UserError
from models.retrieval.available_memory import available_memory
from models.retrieval.data_shape import DataShape

if TYPE_CHECKING:
    from models.retrieval.contract import Retriever
    from models.retrieval.interactions import Interactions

PREPARATION = "preparing the data"
"""The part that is always in the machine's memory, also where training is on a GPU."""


def check_memory(
    retriever: Retriever, train: Interactions, validation: Interactions | None = None, device: str = "cpu"
) -> int:
    """Refuse a fit that does not fit into memory, before anything is allocated.

    Args:
        retriever: With its config.
        train: What it is going to learn from.
        validation: What it is going to stop by.
        device: `cpu` or `cuda`, where it is going to be computed.

    Returns:
        The estimate: bytes at the peak, beside the interactions themselves.

    Raises:
        UserError: There is less than that; names settings and values with which there would be enough.
    """
    shape = DataShape.of(train, validation)
    there = available_memory(device)
    needed = _on(device, retriever.memory_parts(shape))
    if sum(needed.values()) <= there:
        return sum(needed.values())

    other = copy(retriever)

    def fits(config: BaseModel) -> bool:
        other.config = config
        return sum(_on(device, other.memory_parts(shape)).values()) <= there

    where = "the GPU" if device == "cuda" else "memory"
    largest = sorted(needed.items(), key=lambda part: -part[1])[:3]
    words = ", ".join(f"{gib(n_bytes)} for {what}" for what, n_bytes in largest)
    raise UserError(
        f"a fit to {shape.n_users:,} users, {shape.n_items:,} items and {shape.n_interactions:,} interactions takes "
        f"about {gib(sum(needed.values()))} ({words}), and {gib(there)} of {where} are available",
        f"setting retrievers.{retriever.name}",
        _remedy(retriever.config, type(retriever).lowered_for_memory, fits, gib(sum(needed.values()))),
    )


def gib(n_bytes: float) -> str:
    """Bytes in words."""
    return f"{n_bytes / 2**30:.2f} GiB" if n_bytes >= 2**30 / 100 else f"{n_bytes / 2**20:.1f} MiB"


def _on(device: str, parts: dict[str, int]) -> dict[str, int]:
    return {what: n_bytes for what, n_bytes in parts.items() if device != "cuda" or what != PREPARATION}


def _remedy(config: BaseModel, names: tuple[str, ...], fits: Callable[[BaseModel], bool], needed: str) -> str:
    """Which settings to lower to which values: one alone where that is enough, otherwise all together."""
    for chosen in (*((name,) for name in names), names):
        for lower in _lowered(config, chosen):
            if fits(lower):
                changes = [f"{name} from {getattr(config, name)} to {getattr(lower, name)}" for name in chosen]
                return "Lower " + " and ".join(changes)
    return f"Take it out of the config, or run it where {needed} are free"


def _lowered(config: BaseModel, names: tuple[str, ...]) -> Iterator[BaseModel]:
    """The config with some settings halved, halved again, and so on until none can be lower."""
    values: dict[str, Any] = config.model_dump()
    while any(values[name] > 1 for name in names):
        values |= {name: max(1, values[name] // 2) for name in names}
        with suppress(ValidationError):  # such as a size that heads do not divide
            yield type(config).model_validate(values)
