"""The columns of a source file and their types, as its beginning shows them."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from models.events.file_format import FileFormat
from models.events.lines import physical_lines

SAMPLED_LINES: Final = 300
"""Lines of a text file that are looked at; 300 of them take 2 ms."""

MOSTLY: Final = 0.9
"""Share of a column's values that must be of one type for the column to be of it; otherwise it is `mixed`."""

BYTE_ORDER_MARK: Final = "\ufeff"


class SeenColumn(NamedTuple):
    """A column of a file.

    Attributes:
        name: As the file has it; of JSON, a key of the top level.
        type: integer, number, text, boolean, time, list, object, mixed, or empty (no value was seen). In delimited text
            there are only number, text, mixed and empty.
        n_records: Records that were looked at; of Parquet, all of them.
        n_values: Of those, records with a value; of Parquet, all of them, since its footer declares the type.
    """

    name: str
    type: str
    n_records: int
    n_values: int


def source_schema(path: Path, layout: FileFormat) -> list[SeenColumn]:
    """The columns of a file in their order; none for a file without a record, or one that is not of its format.

    What is wrong with such a file is for the reader to say.
    """
    if layout.format == "parquet":
        return _parquet(path)
    lines = [data for _, data, reason, _ in islice(_lines(path, layout), SAMPLED_LINES) if not reason]
    if layout.format == "jsonl":
        return _from_objects(lines)
    return _from_rows(list(_rows(lines, layout)), layout)


def _lines(path: Path, layout: FileFormat) -> Iterator[tuple[int, bytes, str | None, str]]:
    return iter(physical_lines(path, layout.max_line_bytes, lambda n_bytes: None))


def _parquet(path: Path) -> list[SeenColumn]:
    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowException, OSError):
        return []
    fields, n_rows = metadata.schema.to_arrow_schema(), metadata.num_rows
    return [SeenColumn(field.name, arrow_family(field.type), n_rows, n_rows) for field in fields] if n_rows else []


def arrow_family(kind: pa.DataType) -> str:
    """What a Parquet column's type is called here; widths, units and encodings do not matter."""
    if pa.types.is_dictionary(kind):
        return arrow_family(kind.value_type)
    tests = {
        "empty": pa.types.is_null,
        "boolean": pa.types.is_boolean,
        "integer": pa.types.is_integer,
        "number": lambda given: pa.types.is_floating(given) or pa.types.is_decimal(given),
        "time": pa.types.is_temporal,
        "object": lambda given: pa.types.is_struct(given) or pa.types.is_map(given),
        "list": lambda given: pa.types.is_list(given) or pa.types.is_large_list(given),
    }
    return next((name for name, test in tests.items() if test(kind)), "text")


def _from_objects(lines: Iterable[bytes]) -> list[SeenColumn]:
    seen: dict[str, Counter[str]] = {}
    n_records = 0
    for line in lines:
        try:
            record = orjson.loads(line.removeprefix(BYTE_ORDER_MARK.encode()))
        except ValueError:
            continue
        if isinstance(record, dict):
            n_records += 1
            for name, value in record.items():
                seen.setdefault(name, Counter())[_json_family(value)] += 1
    return _columns(seen, n_records)


def _json_family(value: Any) -> str:
    families = {bool: "boolean", int: "integer", float: "number", list: "list", dict: "object", type(None): "empty"}
    return "empty" if value == "" else families.get(type(value), "text")


def _rows(lines: Iterable[bytes], layout: FileFormat) -> Iterator[list[str]]:
    """The fields of lines that can be split; a quoted record that spans lines is one."""
    separator = layout.field_separator()
    texts = (line.decode(layout.encoding, errors="replace").removeprefix(BYTE_ORDER_MARK) for line in lines)
    if layout.format != "csv":
        yield from (text.split(separator) for text in texts if text.strip())
        return
    reader = csv.reader((text + "\n" for text in texts if text.strip()), delimiter=separator)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            continue


def _from_rows(rows: list[list[str]], layout: FileFormat) -> list[SeenColumn]:
    names = list(layout.column_names or (rows.pop(0) if rows else ()))
    names = [name.strip() for name in names]
    if layout.format == "recbole":
        names = [name.rpartition(":")[0] or name for name in names]
    seen: dict[str, Counter[str]] = {name: Counter() for name in names}
    n_records = 0
    for row in rows:
        if len(row) == len(names):
            n_records += 1
            for name, value in zip(names, row, strict=True):
                text = value.strip()
                seen[name]["empty" if text in layout.missing_values else _text_family(text, layout)] += 1
    return _columns(seen, n_records)


def _text_family(text: str, layout: FileFormat) -> str:
    if layout.currency_signs:
        for sign in layout.currency_signs:
            text = text.removeprefix(sign).removesuffix(sign)
        text = text.replace(",", "")
    try:
        float(text)
    except ValueError:
        return "text"
    return "number"


def _columns(seen: Mapping[str, Counter[str]], n_records: int) -> list[SeenColumn]:
    if not n_records:
        return []
    found = []
    for name, families in seen.items():
        n_values = families.total() - families["empty"]
        found.append(SeenColumn(name, _family(families, n_values), n_records, n_values))
    return found


def _family(families: Counter[str], n_values: int) -> str:
    if not n_values:
        return "empty"
    numbers = families["integer"] + families["number"]
    if numbers >= MOSTLY * n_values:
        return "number" if families["number"] else "integer"
    ((most, n_most),) = Counter({name: n for name, n in families.items() if name != "empty"}).most_common(1)
    return most if n_most >= MOSTLY * n_values else "mixed"
