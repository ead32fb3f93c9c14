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
    """

    accepted: pl.DataFrame
    rejected: pl.DataFrame
    n_lines: int
    default_day: date

    def __post_init__(self) -> None:
        accounted = self.accepted.height + self.rejected.height
        if accounted != self.n_lines:
            raise RuntimeError(f"{self.n_lines} lines were read, {accounted} are accounted for")

    def by_day(self) -> pl.DataFrame:
        """One row per source day, sorted: `source_day, n_lines, n_accepted, n_rejected` (int64).

        An empty file gives one row of zeros, so that every file read leaves a trace.
        """
        both = [
            self.accepted.select("source_day", n_accepted=pl.lit(1), n_rejected=pl.lit(0)),
            self.rejected.select("source_day", n_accepted=pl.lit(0), n_rejected=pl.lit(1)),
        ]
        if self.n_lines == 0:
            both = [pl.DataFrame({"source_day": [self.default_day], "n_accepted": [0], "n_rejected": [0]})]
        days = pl.concat(both).group_by("source_day").agg(pl.col("n_accepted", "n_rejected").cast(pl.Int64).sum())
        n_lines = pl.col("n_accepted") + pl.col("n_rejected")
        return days.select("source_day", n_lines.alias("n_lines"), "n_accepted", "n_rejected").sort("source_day")

    def lines_by_day(self) -> dict[date, int]:
        """Source day -> lines attributed to it; the values add up to `n_lines`."""
        return dict(self.by_day().select("source_day", "n_lines").iter_rows())
