"""A public log or catalogue format: how files of it are known, and the mapping they get."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from models.events.inference.groups import FileGroup
from models.events.inference.guess import Guess
from models.events.inference.roles import Roles
from models.events.nested import roots

LOOKED_AT: Final = 200


@dataclass(frozen=True)
class Shape:
    """A public format.

    Attributes:
        title: What it is called.
        settings: The settings of `events` or `catalogue` beside path and format.
        needs: Columns (top-level keys) by which it is known.
        is_catalogue: It describes items.
        names: The columns of a file without a header, which is then tab-separated.
        looks: Of such a file: column -> pattern that most of its values match.
    """

    title: str
    settings: dict[str, Any]
    needs: tuple[str, ...] = ()
    is_catalogue: bool = False
    names: tuple[str, ...] = ()
    looks: dict[str, str] = field(default_factory=dict)

    def is_that_of(self, group: FileGroup) -> bool:
        """Whether files have this format."""
        columns = group.layout.columns
        if not self.names:
            return set(self.needs) <= set(columns)
        if group.layout.separator != "\t" or len(columns) != len(self.names):
            return False
        sample = dict(zip(self.names, group.sample().values(), strict=False))
        return all(_mostly(pattern, sample.get(name, [])[:LOOKED_AT]) for name, pattern in self.looks.items())

    def section(self, path: str, group: FileGroup) -> dict[str, Guess]:
        """The section of `sluice.yaml`; columns that delimited or Parquet files lack are left out."""
        layout = group.layout
        section = {"path": Guess(path, f"Recognised as {self.title}: see docs/formats.md.")}
        section["format"] = Guess("tsv" if self.names else layout.format)
        if self.names:
            section |= {"header": Guess(False), "column_names": Guess(list(self.names))}
        elif layout.separator not in (None, ","):
            section["separator"] = Guess(layout.separator)
        if layout.encoding != "utf-8" or group.encoding_note:
            section["encoding"] = Guess(layout.encoding, group.encoding_note)
        return section | {key: Guess(value) for key, value in self._present(group).items()}

    def _present(self, group: FileGroup) -> dict[str, Any]:
        if self.names or group.layout.format == "jsonl":
            return self.settings
        there = set(group.layout.columns)
        settings = self.settings.copy()
        for key in settings.keys() & {"columns", "context"}:
            settings[key] = {name: path for name, path in settings[key].items() if there & set(roots(path))}
        columns = settings["columns"]
        if "expand" in settings and settings["expand"]["path"] not in there:
            del settings["expand"]
        if "event_type" in self.settings["columns"].keys() - columns.keys():
            settings["constants"] = {"event_type": "interaction"}
        return settings

    def roles(self) -> Roles:
        """The mapped columns, as far as later steps ask for them."""
        return Roles(columns=self.settings["columns"] | {"event_type": ""})


def _mostly(pattern: str, values: list[Any]) -> bool:
    return sum(bool(re.fullmatch(pattern, str(value))) for value in values) > len(values) / 2
