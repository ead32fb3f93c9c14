"""The `config.json` beside every stored retriever: its registered name and its validated config."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

ConfigT = TypeVar("ConfigT", bound=BaseModel)

CONFIG_FILE = "config.json"


def write_config(name: str, config: BaseModel, folder: Path) -> None:
    """Write `config.json` into `folder`.

    Args:
        name: The retriever's registered name.
        config: Its config.
        folder: An existing folder.
    """
    stored = {"retriever": name, "config": config.model_dump(mode="json")}
    (folder / CONFIG_FILE).write_text(json.dumps(stored, indent=2, sort_keys=True))


def read_config(name: str, config_class: type[ConfigT], folder: Path) -> ConfigT:
    """Read and validate what `write_config` wrote.

    Args:
        name: The retriever that is being loaded.
        config_class: Its config class.
        folder: The folder written by `save`.

    Raises:
        ValueError: The folder holds another retriever, or its config does not fit `config_class`.
    """
    stored = json.loads((folder / CONFIG_FILE).read_text())
    if stored["retriever"] != name:
        raise ValueError(f"{folder} holds a stored {stored['retriever']!r}, not {name!r}")
    return config_class.model_validate(stored["config"])
