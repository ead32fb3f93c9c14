"""The questions about items that a run asks, in the order it asks them, and what each can cost at most."""

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from assets.generator_calls import TABLE, Purpose
from models.profiles.allowance import Allowance, Worst
from models.profiles.prompt_files import ITEM_RICH, ITEM_SHORT, Prompt, load_prompt
from models.profiles.shown_items import ShownItem, shown_items
from models.text.generation.request import GenerationRequest
from resources.settings import Settings
from resources.warehouse import Warehouse

KIND = "item_profile"
STEPS = (ITEM_SHORT, ITEM_RICH)
"""A short prompt, then a richer one for those whose answer cannot be used; the rules are the last resort."""
ANSWER_ROUNDS = 2
"""The `openai` backend asks once more where an answer breaks its schema."""

SPENT_SQL = f"""SELECT sum(attempts)::BIGINT AS calls, sum(coalesce(cost, attempts * $most))::DOUBLE AS money
    FROM {TABLE} WHERE day = $day AND kind = $kind"""


@dataclass(frozen=True)
class Step:
    """One prompt of the escalation, for one project.

    Attributes:
        prompt: Instructions and schema.
        settings: The project's.
    """

    prompt: Prompt
    settings: Settings

    @property
    def name(self) -> str:
        """Such as `item_short.v1`."""
        return self.prompt.version.rpartition("-")[0]

    def purpose(self, day: dt.date) -> Purpose:
        """What its questions are asked for."""
        return Purpose(day, KIND, self.prompt.version, self.settings.generator.prices)

    def request(self, item: ShownItem) -> GenerationRequest:
        """The question about one item.

        A model in this process is held to the item's reference while it writes; a server would compile a schema for
        each item, so there the reference is looked at afterwards.
        """
        schema: dict[str, Any] = dict(self.prompt.schema)
        if self.settings.generator.backend == "transformers":
            schema["properties"] = {**schema["properties"], "item": {"const": item.reference}}
        return self.settings.generator.request(self.prompt.user(item.data), self.prompt.system, schema)

    def worst(self, request: GenerationRequest) -> Worst:
        """The most that a question can take: a token for every byte, the longest answer, every repetition."""
        generator = self.settings.generator
        n_bytes = len((request.system + request.user + json.dumps(request.schema)).encode(errors="replace"))
        if generator.backend == "transformers":
            return Worst(1, generator.prices.cost(n_bytes, request.max_tokens) or 0.0)
        read = ANSWER_ROUNDS * n_bytes + request.max_tokens
        money = generator.prices.cost(read, ANSWER_ROUNDS * request.max_tokens) or 0.0
        return Worst(ANSWER_ROUNDS * generator.max_attempts, money)


def steps_of(settings: Settings) -> list[Step]:
    """The steps of the escalation, from the prompts as they are now."""
    return [Step(load_prompt(name), settings) for name in STEPS]


def items_asked_about(items: pl.DataFrame, day: dt.date, settings: Settings) -> tuple[list[ShownItem], list[ShownItem]]:
    """Items with text that may be shown, and those whose text is hostile; those without text are in neither."""
    shown = shown_items(items, day, settings.profiles)
    honest = [item for item in shown if item.text and not item.hostile]
    return honest, [item for item in shown if item.hostile]


def allowance_of(warehouse: Warehouse, settings: Settings, day: dt.date) -> Allowance:
    """What is left of the budget of an as-of day: runs that died or were repeated have spent of the same."""
    if not warehouse.has_table(TABLE):
        return Allowance(settings.profiles.budget)
    most = settings.generator.prices.cost(0, settings.generator.max_tokens) or 0.0
    spent = warehouse.read(SPENT_SQL, {"day": day, "kind": KIND, "most": most})
    return Allowance(settings.profiles.budget, spent["calls"][0] or 0, spent["money"][0] or 0.0)


def portions(items: Sequence[ShownItem], size: int) -> Iterator[Sequence[ShownItem]]:
    """Items a few at a time: prompts and answers of one portion are in memory at once."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
