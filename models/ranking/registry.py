"""Rankers by name. A name becomes configurable, an asset, a contract test and a benchmark row by its line here.

Nothing is imported until a name is asked for, and no ranker's module imports its engine before it is fitted or loaded.
"""

from __future__ import annotations

from importlib import import_module

from pydantic import BaseModel

from models.errors import UserError
from models.ranking.contract import Ranker

RANKERS: dict[str, str] = {"lambdarank": "models.ranking.lambdarank.LambdaRank"}


def ranker_class(name: str) -> type[Ranker]:
    """The class registered as `name`.

    Raises:
        UserError: No ranker has that name.
    """
    if name not in RANKERS:
        raise UserError(f"there is no ranker {name!r}", "setting rankers", f"Use one of: {', '.join(sorted(RANKERS))}")
    module, _, attribute = RANKERS[name].rpartition(".")
    return getattr(import_module(module), attribute)


def config_class(name: str) -> type[BaseModel]:
    """The config class of the ranker registered as `name`.

    Raises:
        UserError: No ranker has that name.
    """
    return ranker_class(name).Config
