"""Item profiles in a language model's words: asked in steps, within a budget, each answer kept as it comes."""

import datetime as dt
from dataclasses import replace
from typing import Any

import polars as pl

from assets.graph import Columns
from assets.profiles.item_questions import items_asked_about, steps_of, with_kept_questions
from assets.profiles.questions import allowance_of, portions
from assets.profiles.writing import Writing
from models.profiles.digests import digest_of
from models.profiles.item_answers import ItemAnswer, as_older, with_answer
from models.profiles.shown_items import ShownItem, hostile_texts
from models.text.generation.contract import TextGenerator
from resources.settings import Settings
from resources.warehouse import Warehouse

PORTION = 2048
HOSTILE_COLUMNS: Columns = {
    "as_of_day": ("DATE", "Partition: what was known at the end of this day"),
    "item_id": ("VARCHAR", "The item whose text no language model is shown"),
    "rule": ("VARCHAR", "What it attempts: hidden, role, order, persona, answer, promotion, stuffing or noise"),
    "excerpt": ("VARCHAR", "The line that does, cut"),
}
OLDER_SQL = """SELECT item_id, profile, backend, prompt_version, input_digest, n_tokens_out FROM item_profiles
    WHERE as_of_day < ? AND backend <> 'extractive'
    QUALIFY row_number() OVER (PARTITION BY item_id ORDER BY as_of_day DESC) = 1"""


def write_items(
    warehouse: Warehouse,
    generator: TextGenerator,
    settings: Settings,
    rows: pl.DataFrame,
    items: pl.DataFrame,
    day: dt.date,
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Item profiles by the model, those by rules where it has none; keeps `hostile_texts` of the day.

    An item that the budget or a failure left out keeps the words of its newest earlier profile, where it has one.

    Args:
        warehouse: The lake.
        generator: Who writes.
        settings: The project's.
        rows: The extractive profiles of all items.
        items: Rows of `items_known`.
        day: The as-of day.

    Returns:
        The rows, in the same columns and order, and how many of them came about how.
    """
    honest, hostile = items_asked_about(items, day, settings)
    keep_hostile(warehouse, hostile, day)
    allowance, steps = allowance_of(warehouse, settings, day), steps_of(settings)
    run: Writing[ShownItem, ItemAnswer] = Writing(warehouse, generator, settings, day, allowance)
    for portion in portions(honest, PORTION):
        asked = with_kept_questions(warehouse, generator, portion, day, settings)
        run.counts["hardly changed"] += sum(item.asked_as is not None for item in asked)
        run.write(asked, steps)
    older = _older(warehouse, day, run.unasked | run.unanswered)
    shown = {item.item_id: item for item in honest}
    made = [_row(row, run, older, shown) for row in rows.iter_rows(named=True)]
    counts = run.counts
    counts["withheld"], counts["without text"] = len(hostile), len(rows) - len(honest) - len(hostile)
    counts["older profile"] = len(older)
    counts["extractive left out"] = len(run.unasked | run.unanswered) - len(older)
    return pl.DataFrame(made, schema=rows.schema), run.told()


def keep_hostile(warehouse: Warehouse, hostile: list[ShownItem], day: dt.date) -> None:
    """Replace the day's `hostile_texts`."""
    frame = hostile_texts(hostile).select(pl.lit(day).alias("as_of_day"), pl.all())
    warehouse.ensure_table("hostile_texts", HOSTILE_COLUMNS, "An item whose text talks to a language model")
    warehouse.replace_days("hostile_texts", "as_of_day", day, day, frame)


def _row(
    row: dict[str, Any],
    run: Writing[ShownItem, ItemAnswer],
    older: dict[str, dict[str, Any]],
    shown: dict[str, ShownItem],
) -> dict[str, Any]:
    item_id = row["item_id"]
    if item_id in run.said:
        answer, source = run.said[item_id]
        if shown[item_id].asked_as:
            source = replace(source, key=digest_of(source.key, shown[item_id].text))
        return with_answer(row, answer, source)
    return as_older(row, older[item_id], shown[item_id]) if item_id in older else row


def _older(warehouse: Warehouse, day: dt.date, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """The newest earlier profile of some items that a model wrote."""
    if not wanted or not warehouse.has_table("item_profiles"):
        return {}
    rows = warehouse.read(OLDER_SQL, [day]).filter(pl.col("item_id").is_in(list(wanted)))
    return {row["item_id"]: row for row in rows.iter_rows(named=True)}
