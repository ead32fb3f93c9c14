"""From a Parquet file to records: one per row, typed values as plain ones, with a reason for every row that is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from models.errors import UserError
from models.events.file_format import FileFormat
from models.events.nested import picker, roots
from models.events.parquet_bulk import json_of, plain_rows
from models.events.parquet_values import plain_values
from models.events.pieces import Piece, Record
from models.events.records import refuse_absent_columns

BULK_ROWS: Final = 65_536
BATCH_ROWS: Final = 8_192
BATCH_BYTES: Final = 1 << 25
READ_BYTES: Final = 1 << 20
MAGIC: Final = b"PAR1"
DAMAGE: Final = (pa.ArrowException, OSError, UnicodeDecodeError)


def parquet_pieces(path: Path, layout: FileFormat, on_bytes: Callable[[int], None]) -> Iterator[Piece]:
    """Yield one record for every row, numbered from 1; many of them together where they are plain.

    Dates and timestamps arrive as `date` and `datetime` (in UTC where they have a zone), decimals, UUIDs and bytes that
    are UTF-8 as text, everything else as Python has it: the next step treats it like a JSON value. A row's bytes are
    the JSON object of the columns they come from.

    A truncated or damaged file gives the rows before the damage and then one broken record, `corrupt_file`, that
    stands for whatever followed. A batch of rows is held in memory, never a row group.

    Args:
        path: The file.
        layout: The format; the values of a record are those of `layout.read_columns()`, in that order.
        on_bytes: Called with the file's size times the share of its rows that were read.

    Raises:
        UserError: It is no Parquet file, or lacks a column that `layout` maps, or has it twice.
    """
    n_rows = 0
    with open(path, "rb") as raw:
        beginning = raw.peek(4)[:4]
        if not MAGIC.startswith(beginning):
            mend = "Correct `format` or `path` in sluice.yaml."
            raise UserError("is not a Parquet file although `format: parquet` says so", str(path), mend)
        try:
            for batch in _batches(raw, path, layout, on_bytes):
                if (bulk := plain_rows(batch, n_rows, layout)) is not None:
                    yield bulk
                else:
                    for begun in range(0, batch.num_rows, BATCH_ROWS):  # Python's objects are many times larger
                        yield from _records(batch.slice(begun, BATCH_ROWS), n_rows + begun, layout)
                n_rows += batch.num_rows
        except DAMAGE as error:
            _refuse_disk_error(error)
            detail = f"the Parquet file is truncated or damaged after row {n_rows}: {str(error)[:200]}"
            yield n_rows + 1, b"", None, "corrupt_file", detail


def _refuse_disk_error(error: Exception) -> None:
    """Raise what is the disk's fault, not the decoder's."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error


def _batches(
    raw: BinaryIO, path: Path, layout: FileFormat, on_bytes: Callable[[int], None]
) -> Iterator[pa.RecordBatch]:
    """Batches of the wanted columns, row group by row group: damage in one leaves those before it whole."""
    file = pq.ParquetFile(raw, buffer_size=READ_BYTES, page_checksum_verification=True)
    names = file.schema_arrow.names
    wanted = list(dict.fromkeys(column for path in layout.read_columns() for column in _columns_of(path, names)))
    mend = "Correct `columns` of this source in sluice.yaml."
    refuse_absent_columns(wanted, names, "its columns are", str(path), mend)
    n_bytes, n_rows, n_read = path.stat().st_size, file.metadata.num_rows, 0
    for group in range(file.metadata.num_row_groups):
        for batch in _group_batches(file, group, wanted):
            n_read += batch.num_rows
            yield batch.select(wanted)
            on_bytes(n_bytes * n_read // max(n_rows, 1))
    if n_read != n_rows:
        raise pa.ArrowInvalid(f"{n_read} rows could be read, its footer says {n_rows}")


def _group_batches(file: pq.ParquetFile, group: int, wanted: list[str]) -> Iterator[pa.RecordBatch]:
    """Batches of a row group: large ones, and small ones in which a damaged page costs fewer rows."""
    n_read = 0
    try:
        for batch in file.iter_batches(_batch_rows(file, group, BULK_ROWS), row_groups=[group], columns=wanted):
            yield batch
            n_read += batch.num_rows
    except DAMAGE as error:
        _refuse_disk_error(error)
        n_skipped = 0
        for batch in file.iter_batches(_batch_rows(file, group, BATCH_ROWS), row_groups=[group], columns=wanted):
            rest = batch.slice(max(min(n_read - n_skipped, batch.num_rows), 0))
            n_skipped += batch.num_rows
            if rest.num_rows:
                yield rest
        raise


def parquet_columns(path: Path) -> tuple[str, ...]:
    """The columns of a Parquet file; none for a file that does not begin like one.

    Raises:
        UserError: It is damaged.
    """
    with open(path, "rb") as raw:
        if raw.read(4) != MAGIC:
            return ()
        try:
            return tuple(pq.read_schema(raw).names)
        except (pa.ArrowException, OSError, UnicodeDecodeError):
            raise UserError("the Parquet file is truncated or damaged", str(path), "Fetch it again.") from None


def _columns_of(path: str, names: list[str]) -> list[str]:
    """The columns of a file that a path reads; where none of them is there, the path, which is then refused."""
    return [path] if path in names else [root for root in roots(path) if root in names] or [path]


def _batch_rows(file: pq.ParquetFile, group: int, most: int) -> int:
    """How many rows are decoded at once: fewer where they are long."""
    described = file.metadata.row_group(group)
    return max(1, min(most, BATCH_BYTES * described.num_rows // max(described.total_byte_size, 1)))


def _records(batch: pa.RecordBatch, n_before: int, layout: FileFormat) -> Iterator[Record]:
    names = batch.schema.names
    columns = [plain_values(column) for column in batch.columns]
    nested = None if layout.read_columns() == names else picker(layout.read_columns())
    for number, row in enumerate(zip(*columns, strict=True), n_before + 1):
        record = dict(zip(names, row, strict=True))
        data = json_of(record)
        if len(data) > layout.max_line_bytes:
            found = f"{len(data)} bytes as JSON; max_line_bytes is {layout.max_line_bytes}"
            yield number, data, None, "line_too_long", found
        else:
            yield number, data, row if nested is None else nested(record), None, ""
