"""The splits that a protocol asks for, of the interactions of one project or of a file."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from models.errors import UserError
from models.evaluation.protocol_config import ProtocolConfig
from models.evaluation.protocols import Split, fixed_split, k_core, leave_one_out

COLUMNS = ["user_id", "item_id", "event_day", "event_at", "event_id", "weight"]
PAIR = ["user_id", "item_id"]
PARTS = ("train", "validation", "test")


def origins_of(config: ProtocolConfig, last: date, test_days: int) -> list[tuple[date, date]]:
    """As-of days of kind `temporal` or `rolling_origin` and the last day each is scored on, oldest first.

    Args:
        config: The protocol.
        last: The last day that is scored.
        test_days: Days scored where the protocol does not say.
    """
    days = config.test_days or test_days
    step, n_origins = config.step_days or days, config.n_origins if config.kind == "rolling_origin" else 1
    ends = [last - timedelta(days=step * back) for back in reversed(range(n_origins))]
    return [(end - timedelta(days=days), end) for end in ends]


def split_at(
    config: ProtocolConfig,
    before: pl.DataFrame,
    after: pl.DataFrame,
    origin: date,
    validation_days: int,
    taken_back: pl.DataFrame | None = None,
) -> Split:
    """The split as of one of these days.

    A test row whose user has seen the item before is left out, as no list may hold it; so is one that repeats another.

    Args:
        config: The protocol.
        before: Rows of `COLUMNS` up to the as-of day, as they were known then.
        after: Rows of `COLUMNS` of the days that are scored.
        origin: The as-of day.
        validation_days: The last days up to it, by which a model's epoch is chosen.
        taken_back: Rows `user_id, item_id` that were bought and given back up to the as-of day.
    """
    past = k_core(before, config.core) if config.core else before
    begin = origin - timedelta(days=validation_days)
    seen = before if taken_back is None else pl.concat([before.select(PAIR), taken_back.select(PAIR)])
    once = after.unique(PAIR, keep="first", maintain_order=True)
    return Split(
        past.filter(pl.col("event_day") <= begin),
        past.filter(pl.col("event_day") > begin),
        once.join(seen.select(PAIR).unique(), on=PAIR, how="anti", maintain_order="left"),
        leaks_future=False,
    )


def leave_one_out_split(config: ProtocolConfig, interactions: pl.DataFrame) -> Split:
    """Kind `leave_one_out`, of a core where one is asked for.

    Args:
        config: The protocol.
        interactions: Rows of `COLUMNS`.
    """
    return leave_one_out(k_core(interactions, config.core) if config.core else interactions)


def read_fixed_split(config: ProtocolConfig, path: Path) -> Split:
    """Kind `fixed`, from a file.

    Args:
        config: The protocol.
        path: Where its file lies.

    Raises:
        UserError: The file is missing, of another form, lacks a column or a part, or has a pair in two parts.
    """
    rows = _read(path)
    if missing := [name for name in ("user_id", "item_id", "split") if name not in rows.columns]:
        raise UserError(f"no column {', '.join(missing)}", str(path), "Name its columns user_id, item_id and split.")
    if wrong := sorted(set(rows["split"].cast(pl.Utf8).unique()) - set(PARTS)):
        raise UserError(f"split is {wrong[0]!r} in some rows", str(path), f"Use {', '.join(PARTS)}.")
    rows = _with_all_columns(rows)
    if config.core:
        rows = k_core(rows, config.core)
    train, validation, test = (rows.filter(pl.col("split") == part).select(COLUMNS) for part in PARTS)
    try:
        split = fixed_split(pl.concat([train, validation]), test)
    except ValueError as error:
        raise UserError(str(error), str(path), "A pair is learned from or scored, never both.") from None
    return replace(split, train=train, validation=validation)


def _read(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise UserError("there is no such file", str(path), "Correct `file`; it starts at the folder of sluice.yaml.")
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        if path.suffix in (".csv", ".tsv"):
            separator = "\t" if path.suffix == ".tsv" else ","
            return pl.read_csv(path, separator=separator, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise UserError(str(error).splitlines()[0], str(path), "Write it again; it cannot be read.") from None
    raise UserError(f"{path.suffix or 'no ending'}", str(path), "Give a .parquet, .csv or .tsv file.")


def _with_all_columns(rows: pl.DataFrame) -> pl.DataFrame:
    """Ids as text; where no time is known, a second per row from 1970 on, so that the order is kept."""
    order = pl.int_range(pl.len(), dtype=pl.Int64)
    at = pl.from_epoch(order, time_unit="s").cast(pl.Datetime("us"))
    if "event_at" in rows.columns:
        given = rows["event_at"]
        at = pl.col("event_at").str.to_datetime("%+", time_unit="us") if given.dtype == pl.Utf8 else pl.col("event_at")
        at = at.dt.replace_time_zone(None).cast(pl.Datetime("us"))
    weight = pl.col("weight").cast(pl.Float64) if "weight" in rows.columns else pl.lit(1.0)
    return rows.select(
        pl.col("user_id", "item_id", "split").cast(pl.Utf8),
        event_at=at,
        event_day=at.dt.date(),
        event_id=order.cast(pl.Utf8).str.zfill(12),
        weight=weight,
    )
