"""What `events.expand` of sluice.yaml says: a list in every line, of which each entry is an event of its own."""

from __future__ import annotations

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.events import schema

LINE_SCALE: Final = 1_000_000
"""`source_line` of an expanded log is line x 1,000,000 + entry: 12000003 is the third entry of line 12, 12000000 the
line as a whole. So every row has a number of its own, and both parts can be read off it."""

FURTHER: Final = 500_000
"""Added to the entry for the further event on it: 12500003 is the click on the third entry of line 12."""


class Expansion(BaseModel):
    """A list in every line of which each entry is an event; a line whose list is missing or empty is one event."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(min_length=1, description="Column (jsonl and parquet: or path) that holds the list.")
    separator: str | None = Field(
        default=None,
        min_length=1,
        description="What separates the entries of a list written as text; none: a list of JSON or Parquet.",
    )
    columns: dict[str, str] = Field(
        default={},
        description="Canonical field -> key (or path) in an entry, where entries are objects; these go before those of "
        "the line. None: an entry is the item's id.",
    )
    event_type: str | None = Field(
        default=None, min_length=1, description="Event type of every entry; none: that of its line."
    )
    place_is_position: bool = Field(default=False, description="Whether `position` is the place in the list, from 1.")
    mark_separator: str | None = Field(
        default=None,
        min_length=1,
        description="What stands between an item's id and the mark behind it: '-' in 'N1-0'.",
    )
    marks: dict[str, str | None] = Field(
        default={}, description="Mark -> event type of a second event on the entry; null: there is none."
    )
    chosen: dict[str, str] = Field(
        default={},
        description="Column of a further list of item ids -> the event type of each of them: shown items that were "
        "clicked.",
    )
    keep_line: bool = Field(
        default=False, description="Whether a line with entries is an event itself, too, by `events.columns`."
    )
    max_entries: int = Field(
        default=10_000, ge=1, lt=FURTHER, description="A line with more entries is rejected as a whole."
    )

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        unknown = sorted(set(self.columns) - set(schema.EVENT_FIELDS))
        if unknown:
            raise ValueError(f"`columns`: unknown field {unknown[0]!r}; known: {', '.join(schema.EVENT_FIELDS)}")
        if bool(self.marks) != bool(self.mark_separator):
            raise ValueError("`marks` and `mark_separator` belong together")
        if self.marks and self.chosen:
            raise ValueError("`marks` and `chosen` both say what was clicked; keep one")
        if self.columns and (self.marks or self.chosen or self.separator):
            raise ValueError("`columns` is for entries that are objects, `separator`, `marks` and `chosen` for ids")
        if self.place_is_position and "position" in self.columns:
            raise ValueError("`position` is in `columns` and is the place in the list; keep one")
        if self.event_type and "event_type" in self.columns:
            raise ValueError("`event_type` is in `columns` and a constant; keep one")
        return self

    def sets_event_type(self) -> bool:
        """Whether entries have event types that are not simply the line's."""
        return bool(self.event_type or self.marks or self.chosen or "event_type" in self.columns)

    def entry_columns(self) -> dict[str, str]:
        """Canonical field -> the column of the flat source that holds an entry's value, named as messages call it."""
        entry = f"{self.path}[]"
        given = {field: f"{entry}.{key}" for field, key in self.columns.items()} or {"item_id": entry}
        if self.place_is_position:
            given["position"] = f"place in {entry}"
        if self.sets_event_type():
            given.setdefault("event_type", f"event type of {entry}")
        return given
