"""How the bytes of a source become fields: the settings that event logs and catalogues share."""

from __future__ import annotations

import codecs
import math
import re
from datetime import UTC, datetime
from typing import ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Scalar = str | int | float
MAYBE_HEADLESS = ("csv", "tsv", "dat")
TAB_SEPARATED = ("tsv", "recbole")
NAMED_TIME_FORMATS = ("iso", "epoch_seconds", "epoch_milliseconds", "epoch_microseconds")
MISSING_VALUES = ("", "null", "NULL", "NaN", "nan", "\\N")
MAX_LINE_BYTES = 1_000_000


def known_zone(time_zone: str) -> str:
    """The zone itself, where the IANA data has it.

    Raises:
        ValueError: It has not.
    """
    try:
        ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{time_zone!r} is not an IANA time zone such as 'Europe/London'") from None
    return time_zone


def compiled(pattern: str) -> re.Pattern[str]:
    """A regular expression of the settings.

    Raises:
        ValueError: It is none.
    """
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None


class FileFormat(BaseModel):
    """Where the files are, how they are laid out, and which column fills which canonical field."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    allowed_fields: ClassVar[tuple[str, ...]] = ()
    text_fields: ClassVar[tuple[str, ...]] = ()
    number_fields: ClassVar[tuple[str, ...]] = ()
    time_fields: ClassVar[tuple[str, ...]] = ()
    required_fields: ClassVar[tuple[str, ...]] = ()

    path: str = Field(
        min_length=1,
        description="A file, a folder (every visible file below it) or a glob, relative to the project's folder.",
    )
    day_pattern: str | None = Field(
        default=None, description="Regular expression with one group that finds YYYY-MM-DD in a file's name."
    )
    format: Literal["csv", "tsv", "dat", "jsonl", "parquet", "recbole"] = Field(
        description="csv: one-character separator with double quotes; tsv: tabs, quotes are ordinary characters; "
        "dat: any separator such as '::', without quoting; jsonl: one object a line; parquet: typed columns; "
        "recbole: atomic files (.inter, .item), tabs and a header of `name:type`."
    )
    separator: str = Field(default=",", min_length=1, description="What separates the fields of csv and dat.")
    header: bool = Field(
        default=True, description="Whether the first line of every csv, tsv or dat file names the columns."
    )
    column_names: tuple[str, ...] | None = Field(
        default=None, description="The columns in file order, for csv, tsv and dat files without a header line."
    )
    encoding: str = Field(
        default="utf-8", description="Encoding of text files, one in which a newline is the byte 0x0A."
    )
    columns: dict[str, str] = Field(
        description="Canonical field -> column (recbole: its name without the type). jsonl and parquet: also a path "
        "such as `a.b`, `a[0]`, `a[key=x].value`, or `a.b | c` for c where a.b is missing."
    )
    constants: dict[str, Scalar] = Field(
        default={}, description="Canonical field -> the value it has in every row; never a time."
    )
    missing_values: tuple[str, ...] = Field(
        default=MISSING_VALUES,
        description="Texts that mean 'no value', compared after surrounding white space is removed.",
    )
    integer_ids: tuple[str, ...] = Field(
        default=(), description="Text fields whose whole numbers lose a trailing '.0': '17850.0' becomes '17850'."
    )
    join_lists: dict[str, str] = Field(
        default={},
        description="Text field -> what joins the texts of a JSON or Parquet list to one text: {category: ' > '}.",
    )
    currency_signs: tuple[str, ...] = Field(
        default=(),
        description="Texts such as '$' that stand before or after a price; with any of them, commas in a price are "
        "removed, too: '$1,299.00' becomes 1299.",
    )
    time_format: str = Field(
        default="iso",
        description="iso, epoch_seconds, epoch_milliseconds, epoch_microseconds, or a strptime pattern such as "
        "'%d/%m/%Y %H:%M'; the dates and timestamps of parquet are read as they are.",
    )
    time_zone: str = Field(
        default="UTC", description="IANA zone of times written without an offset; they are stored in UTC."
    )
    max_line_bytes: int = Field(
        default=MAX_LINE_BYTES,
        ge=1,
        description="A longer line, quoted record or parquet row is rejected alone; a line is never held in memory.",
    )

    @field_validator("day_pattern")
    @classmethod
    def _day_pattern_has_one_group(cls, pattern: str | None) -> str | None:
        if pattern is not None and compiled(pattern).groups != 1:
            raise ValueError(f"{pattern!r} needs exactly one group, around YYYY-MM-DD")
        return pattern

    @field_validator("encoding")
    @classmethod
    def _newline_is_one_byte(cls, encoding: str) -> str:
        try:
            compatible = '\n,"A'.encode(encoding) == b'\n,"A'
        except (LookupError, UnicodeError):
            raise ValueError(f"{encoding!r} is not a text encoding Python knows") from None
        if not compatible:
            raise ValueError(f"{encoding!r} does not write a newline as one byte; convert the files to utf-8")
        return codecs.lookup(encoding).name

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, time_zone: str) -> str:
        return known_zone(time_zone)

    @field_validator("time_format")
    @classmethod
    def _time_format_reads_back(cls, time_format: str) -> str:
        if time_format in NAMED_TIME_FORMATS:
            return time_format
        sample = datetime(2011, 12, 31, tzinfo=UTC)
        try:
            read_back = datetime.strptime(sample.strftime(time_format), time_format).replace(tzinfo=UTC)
        except ValueError:
            read_back = None
        if "%Z" in time_format or read_back != sample:
            expected = ", ".join(NAMED_TIME_FORMATS)
            raise ValueError(
                f"{time_format!r} is neither {expected} nor a strptime pattern that names a full date (offsets as %z)"
            )
        return time_format

    @model_validator(mode="after")
    def _layout_fits_format(self) -> Self:
        if self.format == "csv" and (len(self.separator) != 1 or self.separator in '"\r\n'):
            raise ValueError(
                f"separator {self.separator!r}: csv needs one character; use `format: dat` for longer ones"
            )
        if self.format in TAB_SEPARATED and self.separator not in (",", "\t"):
            raise ValueError(f"separator {self.separator!r}: {self.format} is separated by tabs; use `format: dat`")
        if self.format == "parquet" and self.encoding != "utf-8":
            raise ValueError(f"encoding {self.encoding!r}: the texts of parquet are always utf-8; leave it out")
        if self.format == "recbole" and not self.header:
            raise ValueError("header is false, but a recbole file always begins with its fields; use `format: tsv`")
        headless = self.format in MAYBE_HEADLESS and not self.header
        if headless and not self.column_names:
            raise ValueError("header is false, so `column_names` must list the columns in file order")
        if self.column_names is not None and not headless:
            raise ValueError("`column_names` is only for csv, tsv and dat files with `header: false`")
        if self.column_names is not None and len(set(self.column_names)) < len(self.column_names):
            raise ValueError("`column_names` names a column twice")
        return self

    @model_validator(mode="after")
    def _fields_are_known(self) -> Self:
        for option, fields in (("columns", self.columns), ("constants", self.constants)):
            unknown = sorted(set(fields) - set(self.allowed_fields))
            if unknown:
                raise ValueError(f"`{option}`: unknown field {unknown[0]!r}; known: {', '.join(self.allowed_fields)}")
        twice = sorted(set(self.columns) & set(self.constants))
        if twice:
            raise ValueError(f"{twice[0]!r} is in `columns` and in `constants`; keep one")
        for field, value in self.constants.items():
            if field in self.time_fields:
                raise ValueError(f"`constants`: {field!r} is a time and must come from a column")
            if field in self.number_fields and (isinstance(value, str) or not math.isfinite(value)):
                raise ValueError(f"`constants`: {field!r} must be a finite number, not {value!r}")
            if not str(value).strip():
                raise ValueError(f"`constants`: {field!r} is empty; leave it out")
        unknown = sorted(set(self.integer_ids) - set(self.text_fields))
        if unknown:
            raise ValueError(f"`integer_ids`: {unknown[0]!r} is not one of {', '.join(self.text_fields)}")
        unknown = sorted(set(self.join_lists) - set(self.text_fields))
        if unknown:
            raise ValueError(f"`join_lists`: {unknown[0]!r} is not one of {', '.join(self.text_fields)}")
        absent = sorted(set(self.read_columns()) - set(self.column_names or self.read_columns()))
        if absent:
            raise ValueError(f"column {absent[0]!r} is not among `column_names`: {', '.join(self.column_names or ())}")
        return self

    def field_separator(self) -> str:
        """What separates the fields of a delimited file."""
        return "\t" if self.format in TAB_SEPARATED else self.separator

    def wanted_columns(self) -> list[str]:
        """The columns that records have once lines are expanded, each once, in a fixed order."""
        return list(dict.fromkeys(self.columns.values()))

    def read_columns(self) -> list[str]:
        """The columns of the file that are read, each once, in a fixed order."""
        return self.wanted_columns()
