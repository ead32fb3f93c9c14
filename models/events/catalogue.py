"""Catalogue files to items: every line becomes an item or a rejection with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from models.events.chunks import Chunk, OnProgress, Rejection, no_progress, read_chunks, rejected_frame
from models.events.conversion import convert
from models.events.files import SourceFile, list_source_files
from models.events.schema import RAW_ITEMS, REJECTED_ITEMS
from models.events.source import CatalogueSource


@dataclass(frozen=True)
class CatalogueBatch:
    """The rows of a catalogue.

    Attributes:
        items: One row per item and day of the catalogue, columns of `schema.RAW_ITEMS`, in (day, file, line) order.
        rejected: Lines that are none, columns of `schema.REJECTED_ITEMS`, in (day, file, line) order.
        n_lines: Records read from all files, without headers.
    """

    items: pl.DataFrame
    rejected: pl.DataFrame
    n_lines: int

    def __post_init__(self) -> None:
        accounted = self.items.height + self.rejected.height
        if accounted != self.n_lines:
            raise RuntimeError(f"{self.n_lines} lines were read, {accounted} are accounted for")


def read_catalogue(source: CatalogueSource, base: Path, on_progress: OnProgress = no_progress) -> CatalogueBatch:
    """Read all files of a catalogue.

    The first row of an item (of a day, where files have days) wins; later ones are rejected as `duplicate_item`, and
    rows without an id as `missing_item`. The other reasons are those of the parsing steps (see `read_event_file`). A
    time that is absent stays null.

    Args:
        source: How to read it.
        base: The folder relative paths start from.
        on_progress: Told the (compressed) bytes read so far.

    Raises:
        UserError: No file is there, or one as a whole is unusable.
    """
    items, rejected, n_lines = [RAW_ITEMS.to_frame()], [REJECTED_ITEMS.to_frame()], 0
    for n_records, accepted, refused in catalogue_pieces(source, base, on_progress):
        n_lines += n_records
        items.append(accepted)
        rejected.append(refused)
    return CatalogueBatch(pl.concat(items), pl.concat(rejected), n_lines)


def catalogue_pieces(
    source: CatalogueSource, base: Path, on_progress: OnProgress = no_progress
) -> Iterator[tuple[int, pl.DataFrame, pl.DataFrame]]:
    """The same in bounded pieces: records read, items and rejected rows of each; only a day's ids are kept."""
    seen: dict[str, str] = {}
    day = None
    for file in sorted(list_source_files(source, base), key=lambda file: (file.day or date.min, file.name)):
        if file.day != day:
            seen, day = {}, file.day
        for chunk in read_chunks(file.path, source, on_progress):
            yield chunk.n_records, *_sorted_out(chunk, file, source, seen)


def _sorted_out(
    chunk: Chunk, file: SourceFile, source: CatalogueSource, seen: dict[str, str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Items and rejections of a chunk; `seen` (item -> where it stands) grows by its items."""
    converted = convert(chunk, source)
    item_ids = converted.columns["item_id"]
    converted.reject(item_ids.is_null(), "missing_item", f"no value in {source.columns['item_id']!r}")
    for row, item_id in enumerate(item_ids.to_list()):
        if row in converted.problems:
            continue
        place = f"{file.name}, line {chunk.lines[row]}"
        if seen.setdefault(item_id, place) != place:
            converted.problems[row] = "duplicate_item", f"item {item_id!r} is already in {seen[item_id]}"
    items = _with_categories(converted.accepted(), source).with_columns(
        source_file=pl.lit(file.name), source_day=pl.lit(file.day, dtype=pl.Date)
    )
    rejections: list[Rejection] = [*chunk.rejections, *converted.rejections()]
    refused = rejected_frame(rejections, file.name, source.encoding).sort("source_line", maintain_order=True)
    return items.select(pl.col(name).cast(kind) for name, kind in RAW_ITEMS.items()), refused


def _with_categories(items: pl.DataFrame, source: CatalogueSource) -> pl.DataFrame:
    """Categories as one path 'A > B'; a list of them is also told in the description."""
    category = pl.col("category")
    if source.category_separator:
        parts = category.str.split(source.category_separator).list.eval(_trimmed_parts())
        told = pl.when(parts.list.len() > 0).then(parts.list.join(", "))
        description = pl.concat_str([pl.col("description"), told], separator="\n", ignore_nulls=True)
        either = pl.col("description").is_not_null() | told.is_not_null()
        items = items.with_columns(
            parts.list.first().alias("category"), pl.when(either).then(description).alias("description")
        )
    if source.path_separator:
        parts = category.str.split(source.path_separator).list.eval(_trimmed_parts())
        items = items.with_columns(pl.when(parts.list.len() > 0).then(parts.list.join(" > ")).alias("category"))
    return items


def _trimmed_parts() -> pl.Expr:
    stripped = pl.element().str.strip_chars()
    return stripped.filter(stripped != "")
