"""The questions about items that a run asks, in the order it asks them."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from assets.generator_calls import kept_answers
from assets.profiles.questions import ITEMS, Step
from models.profiles.item_answers import ItemAnswer, read_item_answer
from models.profiles.prompt_files import ITEM_RICH, ITEM_SHORT, load_prompt
from models.profiles.shown_items import ShownItem, shown_items
from models.profiles.text_change import text_change
from models.text.generation.contract import TextGenerator
from resources.settings import Settings
from resources.warehouse import Warehouse

STEPS = (ITEM_SHORT, ITEM_RICH)
"""A short prompt, then a richer one for those whose answer cannot be used; the rules are the last resort."""

VERSIONS_SQL = """SELECT * EXCLUDE (valid_from, valid_to, is_current, origin, source_file, source_line),
        valid_from AS first_seen_on
    FROM core_item_versions SEMI JOIN (SELECT unnest($items) AS item_id) USING (item_id) WHERE valid_from <= $day
    QUALIFY row_number() OVER (PARTITION BY item_id ORDER BY valid_from DESC) = $nth"""
"""The `$nth` version of each of some items, counted back from the day, whose own is the first."""


class ItemStep(Step[ShownItem, ItemAnswer]):
    """A prompt about an item."""

    kind = ITEMS

    def data(self, subject: ShownItem) -> Mapping[str, Any]:
        """The item's text, or that of its earlier version whose answer counts."""
        return (subject.asked_as or subject).data

    def hold(self, schema: dict[str, Any], subject: ShownItem) -> None:
        """The answer repeats the item's reference."""
        schema["properties"]["item"] = {"const": subject.reference}

    def read(self, value: Any, subject: ShownItem) -> ItemAnswer:
        """The answer held to the item's text of today."""
        return read_item_answer(value, subject, self.settings.profiles.allowed_private_attributes)


def steps_of(settings: Settings) -> list[ItemStep]:
    """The steps of the escalation, from the prompts as they are now."""
    return [ItemStep(load_prompt(name), settings) for name in STEPS]


def items_asked_about(items: pl.DataFrame, day: dt.date, settings: Settings) -> tuple[list[ShownItem], list[ShownItem]]:
    """Items with text that may be shown, and those whose text is hostile; those without text are in neither."""
    shown = shown_items(items, day, settings.profiles)
    honest = [item for item in shown if item.text and not item.hostile]
    return honest, [item for item in shown if item.hostile]


def with_kept_questions(
    warehouse: Warehouse, generator: TextGenerator, items: Sequence[ShownItem], day: dt.date, settings: Settings
) -> list[ShownItem]:
    """Items whose text hardly changed since they were asked about, with the text that was asked about.

    The measure is `profiles.min_text_change`, and what it is held against is the newest earlier version of the item
    that has an answer in the ledger: small changes add up until they are enough. Their answers are still held to the
    text of today.
    """
    if not settings.profiles.min_text_change:
        return list(items)
    today = dict(zip((item.item_id for item in items), items, strict=True))
    answered = _answered(warehouse, generator, items, settings)
    waiting = {item.item_id: item for item in items if item.item_id not in answered}
    for earlier in _earlier_versions(warehouse, list(waiting), day, settings):
        versions = [item for item in earlier if item.item_id in waiting and item.text and not item.hostile]
        for version in _answered(warehouse, generator, versions, settings).values():
            item = waiting.pop(version.item_id)
            if text_change(version.text, item.text) < settings.profiles.min_text_change:
                today[item.item_id] = replace(item, asked_as=version)
        if not waiting:
            break
    return list(today.values())


def _answered(
    warehouse: Warehouse, generator: TextGenerator, items: Sequence[ShownItem], settings: Settings
) -> dict[str, ShownItem]:
    """Those of some items whose first question has an answer in the ledger."""
    step = steps_of(settings)[0]
    keys = {step.request(item).key(generator.identity): item for item in items}
    return {keys[key].item_id: keys[key] for key in kept_answers(warehouse, list(keys))}


def _earlier_versions(
    warehouse: Warehouse, item_ids: list[str], day: dt.date, settings: Settings
) -> Iterator[list[ShownItem]]:
    """What the items were before the version of the day, the newest first, one version of each at a time."""
    nth = 2
    while item_ids:
        rows = warehouse.read(VERSIONS_SQL, {"items": item_ids, "day": day, "nth": nth})
        if rows.is_empty():
            return
        yield shown_items(rows, day, settings.profiles)
        nth += 1
