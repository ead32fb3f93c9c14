"""What `source:` and `catalogue:` of sluice.yaml say: the description of an event log and of an item catalogue."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from models.events import schema
from models.events.days import end_of_day
from models.events.expansion import LINE_SCALE, Expansion
from models.events.file_format import FileFormat, compiled
from models.events.time_repair import TimeRepair

ContextName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class EventTypeRule(BaseModel):
    """Rows whose column matches a pattern get this event type."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str = Field(description="Column of the source file (not a canonical field).")
    pattern: str = Field(
        description="Python regular expression, searched anywhere in the value; anchor it with ^ and $."
    )
    event_type: str = Field(min_length=1, description="The event type of matching rows.")

    @field_validator("pattern")
    @classmethod
    def _pattern_compiles(cls, pattern: str) -> str:
        compiled(pattern)
        return pattern


class EventSource(FileFormat):
    """An event log: dated files (one day each) or undated ones (each may hold any day)."""

    allowed_fields: ClassVar[tuple[str, ...]] = schema.EVENT_FIELDS
    text_fields: ClassVar[tuple[str, ...]] = schema.EVENT_TEXTS
    number_fields: ClassVar[tuple[str, ...]] = schema.EVENT_NUMBERS
    time_fields: ClassVar[tuple[str, ...]] = schema.EVENT_TIMES
    required_fields: ClassVar[tuple[str, ...]] = ("event_at", "event_type")

    day_pattern: str | None = Field(
        default=None,
        description="Regular expression with one group that finds YYYY-MM-DD in a file's name; "
        "none: any file may hold any day.",
    )
    context: dict[ContextName, str] = Field(
        default={},
        description="Whatever else is worth keeping of an event, as texts by name: name -> column (or path), e.g. "
        "`{source: utm_source, device: device.type}`; in SQL `context['source']`.",
    )
    expand: Expansion | None = Field(default=None, description="Lines that hold a list of events; see its section.")
    event_type_rules: tuple[EventTypeRule, ...] = Field(
        default=(), description="The first matching rule overrides the mapped or constant event type."
    )
    time_repairs: tuple[TimeRepair, ...] = Field(
        default=(), description="Records whose times are local ones whatever they claim; the first match counts."
    )
    late_days: int = Field(
        default=2, ge=0, description="How many days before its file's day an event may lie; earlier ones are rejected."
    )
    early_days: int = Field(
        default=0, ge=0, description="How many days after its file's day an event may lie; later ones are rejected."
    )
    itemless_event_types: tuple[str, ...] = Field(
        default=("search",), description="Event types that need no item, such as a search."
    )
    id_fields: tuple[str, ...] | None = Field(
        default=None,
        description="Canonical fields whose values make up the id of an event that brings none; none: all of them.",
    )

    @model_validator(mode="after")
    def _has_what_an_event_needs(self) -> Self:
        given = {*self.columns, *(self.expand.entry_columns() if self.expand else ())}
        if "event_at" not in given:
            raise ValueError("`columns` must map event_at")
        for field, alternative in (("event_type", self.event_type_rules), ("item_id", ())):
            if field not in given and field not in self.constants and not alternative:
                raise ValueError(f"`columns` or `constants` must give {field}")
        if self.expand and self.expand.sets_event_type() and self.event_type_rules:
            raise ValueError("`event_type_rules` would override the event types that `expand` sets; keep one")
        digestible = {*schema.EVENT_FIELDS, "context"} - {"event_id"}
        if self.id_fields is not None and (not self.id_fields or set(self.id_fields) - digestible):
            raise ValueError(f"`id_fields` must name at least one of, and only: {', '.join(sorted(digestible))}")
        return self

    def wanted_columns(self) -> list[str]:
        """The mapped columns, then those only the context, the event type rules and the time repairs read."""
        ruled = [rule.column for rule in self.event_type_rules]
        repaired = [repair.column for repair in self.time_repairs if repair.column is not None]
        return list(dict.fromkeys([*self.columns.values(), *self.context.values(), *ruled, *repaired]))

    def read_columns(self) -> list[str]:
        """The wanted columns, then the lists that lines are expanded by."""
        lists = [self.expand.path, *self.expand.chosen] if self.expand else []
        return list(dict.fromkeys([*self.wanted_columns(), *lists]))

    @property
    def line_scale(self) -> int:
        """What `source_line` is divided by to give the physical line."""
        return LINE_SCALE if self.expand else 1

    def flat(self) -> EventSource:
        """The source as it is once lines are expanded: values of entries are columns like others."""
        if self.expand is None:
            return self
        columns = {**self.columns, **self.expand.entry_columns()}
        return self.model_copy(update={"columns": columns, "expand": None})

    def event_days(self, source_day: date) -> tuple[date, date]:
        """First and last UTC event day that an accepted row of a file of `source_day` can have.

        A file's day is a day of `time_zone`: west of Greenwich its evening is already the next UTC day, so the last
        event day is one more than `source_day + early_days` there.
        """
        last_instant = end_of_day(source_day + timedelta(days=self.early_days), self.time_zone) - timedelta(
            microseconds=1
        )
        return source_day - timedelta(days=self.late_days), last_instant.date()


class CatalogueSource(FileFormat):
    """An item catalogue, one row per item: as it is, or dated files, each the whole of it as it was on one day."""

    allowed_fields: ClassVar[tuple[str, ...]] = schema.ITEM_FIELDS
    text_fields: ClassVar[tuple[str, ...]] = schema.ITEM_TEXTS
    number_fields: ClassVar[tuple[str, ...]] = schema.ITEM_NUMBERS
    time_fields: ClassVar[tuple[str, ...]] = schema.ITEM_TIMES
    required_fields: ClassVar[tuple[str, ...]] = ("item_id",)

    day_pattern: str | None = Field(
        default=None,
        description="Regular expression with one group that finds YYYY-MM-DD in a file's name: the files of a day are "
        "the whole catalogue from that day on, until a later one; none: what the files say holds for ever.",
    )
    category_separator: str | None = Field(
        default=None,
        min_length=1,
        description="Splits a list such as 'Adventure|Children': the first becomes the category, "
        "all of them are added to the description as 'Adventure, Children'.",
    )
    path_separator: str | None = Field(
        default=None, min_length=1, description="Splits a category path such as 'Home/Garden' into 'Home > Garden'."
    )

    @model_validator(mode="after")
    def _has_what_an_item_needs(self) -> Self:
        if "item_id" not in self.columns:
            raise ValueError("`columns` must map item_id")
        if "category" not in self.columns and (self.category_separator or self.path_separator):
            raise ValueError("`category_separator` and `path_separator` need `columns` to map category")
        return self
