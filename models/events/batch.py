"""What reading an event file gives: accepted and rejected rows, which together are all its lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl


@dataclass(frozen=True)
class EventBatch:
    """The rows of one file.

    Attributes:
        accepted: Events, columns of `schema.RAW_EVENTS`, in line order.
        rejected: Lines that are none, columns of `schema.REJECTED_EVENTS`, in line order.
        n_lines: Records read: physical lines without the header (a quoted csv record over several lines counting
            once), or the rows of a parquet file.
        default_day: The day an empty file is attributed to.
        n_further: Rows beyond the first of a line, where lines are expanded.
        line_scale: What `source_line` is divided by to give the line.
    """

    accepted: pl.DataFrame
    rejected: pl.DataFrame
    n_lines: int
    default_day: date
    n_further: int = 0
    line_scale: int = 1

    def __post_init__(self) -> None:
        accounted = self.accepted.height + self.rejected.height
        if accounted != self.n_lines + self.n_further:
            further = f" with {self.n_further} further entries" if self.n_further else ""
            raise RuntimeError(f"{self.n_lines} lines{further} were read, {accounted} are accounted for")
        if self.line_scale > 1 and (n_begun := self._first_rows().height) != self.n_lines:
            raise RuntimeError(f"{self.n_lines} lines were read, rows of {n_begun} are there")

    def by_day(self) -> pl.DataFrame:
        """One row per source day, sorted: `source_day, n_lines, n_accepted, n_rejected, n_further` (int64).

        A line belongs to the day of its first row; accepted + rejected = lines + further on every day. An empty file
        gives one row of zeros, so that every file read leaves a trace.
        """
        both = [
            self.accepted.select("source_day", n_accepted=pl.lit(1), n_rejected=pl.lit(0)),
            self.rejected.select("source_day", n_accepted=pl.lit(0), n_rejected=pl.lit(1)),
        ]
        if self.n_lines == 0:
            both = [pl.DataFrame({"source_day": [self.default_day], "n_accepted": [0], "n_rejected": [0]})]
        days = pl.concat(both).group_by("source_day").agg(pl.col("n_accepted", "n_rejected").cast(pl.Int64).sum())
        n_rows = pl.col("n_accepted") + pl.col("n_rejected")
        if self.line_scale == 1:
            days = days.with_columns(n_rows.alias("n_lines"))
        else:
            begun = self._first_rows().group_by("source_day").agg(pl.len().cast(pl.Int64).alias("n_lines"))
            days = days.join(begun, on="source_day", how="left").with_columns(pl.col("n_lines").fill_null(0))
        n_further = (n_rows - pl.col("n_lines")).alias("n_further")
        return days.select("source_day", "n_lines", "n_accepted", "n_rejected", n_further).sort("source_day")

    def _first_rows(self) -> pl.DataFrame:
        """The first row of every line: `source_line, source_day, line`."""
        rows = pl.concat([frame.select("source_line", "source_day") for frame in (self.accepted, self.rejected)])
        rows = rows.sort("source_line").with_columns(line=pl.col("source_line") // self.line_scale)
        return rows.unique("line", keep="first")

    def lines_by_day(self) -> dict[date, int]:
        """Source day -> lines attributed to it; the values add up to `n_lines`."""
        return dict(self.by_day().select("source_day", "n_lines").iter_rows())
