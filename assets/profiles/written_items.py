"""Item profiles in a language model's words: asked in steps, within a budget, each answer kept as it comes."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from assets.generator_calls import cost_of, kept_answers, pay_for
from assets.graph import Columns
from assets.profiles.item_questions import Step, allowance_of, items_asked_about, portions, steps_of
from models.profiles.allowance import Allowance
from models.profiles.item_answers import ItemAnswer, Rejected, Source, as_older, read_item_answer, with_answer
from models.profiles.shown_items import ShownItem, hostile_texts
from models.text.generation.answer import GenerationAnswer
from models.text.generation.contract import TextGenerator
from models.text.generation.request import GenerationRequest
from resources.settings import Settings
from resources.warehouse import Warehouse

PORTION = 2048
HOSTILE_COLUMNS: Columns = {
    "as_of_day": ("DATE", "Partition: what was known at the end of this day"),
    "item_id": ("VARCHAR", "The item whose text no language model is shown"),
    "rule": ("VARCHAR", "What it attempts: hidden, role, order, persona, answer, promotion or noise"),
    "excerpt": ("VARCHAR", "The line that does, cut"),
}
OLDER_SQL = """SELECT item_id, profile, backend, prompt_version, input_digest, n_tokens_out FROM item_profiles
    WHERE as_of_day < ? AND backend <> 'extractive'
    QUALIFY row_number() OVER (PARTITION BY item_id ORDER BY as_of_day DESC) = 1"""


@dataclass
class Writing:
    """One run over the items of a day.

    Attributes:
        warehouse: The lake.
        generator: Who writes.
        settings: The project's.
        day: The as-of day.
        allowance: What is left of the budget.
        said: Item id -> its answer and where it comes from.
        unasked: Items that the budget left out.
        unanswered: Items for which no answer came; they are asked about again in the next run.
        counts: Step and outcome -> number.
    """

    warehouse: Warehouse
    generator: TextGenerator
    settings: Settings
    day: dt.date
    allowance: Allowance
    said: dict[str, tuple[ItemAnswer, Source]] = field(default_factory=dict)
    unasked: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    def write(self, items: Sequence[ShownItem]) -> None:
        """Ask about some items, step by step."""
        left, read, written = list(items), Counter[str](), Counter[str]()
        for step in steps_of(self.settings):
            requests = {item.item_id: step.request(item) for item in left}
            answers = self._answers(step, requests.values())
            rejected = []
            for item in left:
                key = requests[item.item_id].key(self.generator.identity)
                answer = answers.get(key)
                if answer is None or answer.outcome == "failed":
                    (self.unasked if answer is None else self.unanswered).add(item.item_id)
                    self.counts[f"{step.name} {'over budget' if answer is None else 'failed'}"] += 1
                    continue
                read[item.item_id] += answer.tokens_in
                written[item.item_id] += answer.tokens_out
                counts = (read[item.item_id], written[item.item_id])
                source = Source(self.settings.generator.backend, step.prompt.version, key, *counts)
                if not self._believed(step, item, answer, source):
                    rejected.append(item)
            left = rejected
        self.counts["extractive rejected"] += len(left)

    def _believed(self, step: Step, item: ShownItem, answer: GenerationAnswer, source: Source) -> bool:
        try:
            if answer.outcome != "answered":
                raise Rejected(answer.error or answer.outcome)
            self.said[item.item_id] = read_item_answer(answer.value, item), source
        except Rejected:
            self.counts[f"{step.name} rejected"] += 1
            return False
        self.counts[f"{step.name} answered"] += 1
        return True

    def _answers(self, step: Step, requests: Iterable[GenerationRequest]) -> dict[str, GenerationAnswer]:
        """Kept answers and, as far as the budget goes, new ones."""
        wanted = {request.key(self.generator.identity): request for request in requests}
        found = kept_answers(self.warehouse, list(wanted))
        waiting = [request for key, request in wanted.items() if key not in found]
        self.counts[f"{step.name} kept"] += len(found)
        bounds = [step.worst(request) for request in waiting]
        while n := self.allowance.n_allowed(bounds):
            asked, waiting = waiting[:n], waiting[n:]
            worst = {
                request.key(self.generator.identity): bound.money
                for request, bound in zip(asked, bounds[:n], strict=True)
            }
            bounds = bounds[n:]
            answers = pay_for(self.warehouse, self.generator, asked, step.purpose(self.day))
            for key, answer in answers.items():
                cost = cost_of(answer, self.settings.generator.prices)
                self.allowance.spend(answer.attempts, worst[key] if cost is None else cost)
                self.counts["calls"] += answer.attempts
            found |= answers
        return found


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
    run = Writing(warehouse, generator, settings, day, allowance_of(warehouse, settings, day))
    for portion in portions(honest, PORTION):
        run.write(portion)
    older = _older(warehouse, day, run.unasked | run.unanswered)
    shown = {item.item_id: item for item in honest}
    made = [_row(row, run, older, shown) for row in rows.iter_rows(named=True)]
    counts = run.counts
    counts["withheld"], counts["without text"] = len(hostile), len(rows) - len(honest) - len(hostile)
    counts["older profile"] = len(older)
    counts["extractive left out"] = len(run.unasked | run.unanswered) - len(older)
    return pl.DataFrame(made, schema=rows.schema), {name: n for name, n in sorted(counts.items()) if n}


def keep_hostile(warehouse: Warehouse, hostile: list[ShownItem], day: dt.date) -> None:
    """Replace the day's `hostile_texts`."""
    frame = hostile_texts(hostile).select(pl.lit(day).alias("as_of_day"), pl.all())
    warehouse.ensure_table("hostile_texts", HOSTILE_COLUMNS, "An item whose text talks to a language model")
    warehouse.replace_days("hostile_texts", "as_of_day", day, day, frame)


def _row(
    row: dict[str, Any], run: Writing, older: dict[str, dict[str, Any]], shown: dict[str, ShownItem]
) -> dict[str, Any]:
    item_id = row["item_id"]
    if item_id in run.said:
        return with_answer(row, *run.said[item_id])
    return as_older(row, older[item_id], shown[item_id]) if item_id in older else row


def _older(warehouse: Warehouse, day: dt.date, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """The newest earlier profile of some items that a model wrote."""
    if not wanted or not warehouse.has_table("item_profiles"):
        return {}
    rows = warehouse.read(OLDER_SQL, [day]).filter(pl.col("item_id").is_in(list(wanted)))
    return {row["item_id"]: row for row in rows.iter_rows(named=True)}
