"""Prompts out of their files, and the version that follows from these."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, Template

from models.profiles.digests import digest_of

PROMPTS = Path(__file__).parent / "prompts"
ITEM_SHORT, ITEM_RICH = "item_short.v1", "item_rich.v1"
USER_SHORT, USER_RICH, USER_UPDATE = "user_short.v1", "user_rich.v1", "user_update.v1"
_DIGITS = 12  # of the digest, in a version


@dataclass(frozen=True)
class Prompt:
    """A prompt and what its answer must look like.

    Attributes:
        version: Its name and a digest of its two files.
        system: Instructions, the same for all.
        schema: JSON schema of the answer.
        source: The Jinja text.
    """

    version: str
    system: str
    schema: Mapping[str, Any]
    source: str

    def user(self, data: Mapping[str, Any]) -> str:
        """What is asked about some data, which stays inside JSON strings: quotes and line breaks do not end them."""
        return _block(self.source, "user", {"data": json.dumps(data, ensure_ascii=False)})


def load_prompt(name: str, folder: Path | None = None) -> Prompt:
    """The prompt in `NAME.jinja` and `NAME.schema.json`.

    Args:
        name: Such as `item_short.v1`.
        folder: Where the files are; `PROMPTS` by default.
    """
    place = folder or PROMPTS
    source = (place / f"{name}.jinja").read_text(encoding="utf-8")
    schema = (place / f"{name}.schema.json").read_text(encoding="utf-8")
    version = f"{name}-{digest_of(source, schema)[:_DIGITS]}"
    return Prompt(version, _block(source, "system", {}), json.loads(schema), source)


@lru_cache(maxsize=8)
def _compiled(source: str) -> Template:
    """A template; compiling takes a millisecond, which every item would pay."""
    return Environment(loader=BaseLoader(), undefined=StrictUndefined, autoescape=False).from_string(source)


def _block(source: str, name: str, values: Mapping[str, str]) -> str:
    template = _compiled(source)
    return "".join(template.blocks[name](template.new_context(dict(values)))).strip()
