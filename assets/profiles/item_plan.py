"""What the profiles of a day would take before any of it is asked: calls, tokens, money and time."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from assets.generator_calls import TABLE, kept_answers
from assets.point_in_time import items_known
from assets.profiles.item_questions import KIND, Step, allowance_of, items_asked_about, portions, steps_of
from assets.profiles.written_items import PORTION
from models.profiles.item_answers import Rejected, read_item_answer
from models.profiles.shown_items import ShownItem
from models.text.generation.contract import TextGenerator
from models.text.generation.request import GenerationRequest
from models.text.generation.transformers_backend import TransformersGenerator
from resources.settings import Settings
from resources.warehouse import Warehouse

ENOUGH = 20
"""Earlier questions from which on their means are believed."""
CHARACTERS_PER_TOKEN, ANSWER_TOKENS, SECONDS = 4, 300, 3.0
"""Assumed of a server nothing is known of; 4 is usual for English, 300 an answer of a dozen claims."""

SEEN_SQL = f"""SELECT count(DISTINCT key) AS questions, sum(attempts)::DOUBLE AS calls, sum(tokens_in)::DOUBLE AS read,
    sum(tokens_out)::DOUBLE AS written, sum(latency_seconds) AS seconds
    FROM {TABLE} WHERE kind = ? AND model = ? AND prompt_version = ? AND outcome <> 'failed'"""


@dataclass(frozen=True)
class Seen:
    """Means over earlier questions with one prompt; `None` where there were too few."""

    questions: int = 0
    calls: float = 1.0
    read: float | None = None
    written: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Share:
    """One step's part of a plan.

    Attributes:
        step: Such as `item_short.v1`.
        kept: Questions whose answer is in the ledger.
        questions: Questions to ask; those that follow from answers nobody has yet are expected, not counted.
        calls: Calls they take.
        tokens_in: Tokens they read.
        tokens_out: Tokens they write.
        seconds: Time that the calls take one after the other; `None` where nothing is known.
    """

    step: str
    kept: int
    questions: float
    calls: float
    tokens_in: float
    tokens_out: float
    seconds: float | None


@dataclass(frozen=True)
class ItemPlan:
    """What the item profiles of a day would take.

    Attributes:
        day: The as-of day.
        n_items: Items with text that may be shown.
        withheld: Items whose text is hostile.
        shares: By step.
        money: Price of all; `None` without prices.
        hours: At the configured concurrency; `None` where nothing is known of the model's speed.
        read_how: `counted` by the model's tokenizer, `measured` on earlier calls, or `assumed`.
        written_how: `measured` or `assumed`.
        calls_left: What the budget has left for the day; infinite without one.
        money_left: Likewise.
    """

    day: dt.date
    n_items: int
    withheld: int
    shares: list[Share]
    money: float | None
    hours: float | None
    read_how: str
    written_how: str
    calls_left: float
    money_left: float


def plan_items(warehouse: Warehouse, generator: TextGenerator, settings: Settings, day: dt.date) -> ItemPlan:
    """Plan the item profiles of an as-of day; asks nothing.

    Args:
        warehouse: The lake.
        generator: Who would write.
        settings: The project's.
        day: The as-of day.
    """
    honest, hostile = items_asked_about(items_known(warehouse, day), day, settings)
    short, rich = steps_of(settings)
    new: list[ShownItem] = []
    again: list[ShownItem] = []
    kept = [0, 0]
    for portion in portions(honest, PORTION):
        unknown, rejected, n_kept = _sorted_out(warehouse, generator, short, portion)
        unknown_rich, _, n_rich = _sorted_out(warehouse, generator, rich, rejected)
        new += unknown
        again += unknown_rich
        kept = [kept[0] + n_kept, kept[1] + n_rich]
    seen_short, seen_rich = (_seen(warehouse, generator, step) for step in (short, rich))
    escalated = seen_rich.questions / seen_short.questions if seen_short.questions >= ENOUGH else 0.0
    shares = [
        _share(generator, short, new, len(new), kept[0], seen_short, settings),
        _share(generator, rich, again or new, len(again) + escalated * len(new), kept[1], seen_rich, settings),
    ]
    read, written = (sum(getattr(share, name) for share in shares) for name in ("tokens_in", "tokens_out"))
    seconds = [share.seconds for share in shares]
    place = settings.generator
    at_once = place.concurrency if place.backend == "openai" else place.batch_size
    counted = isinstance(generator, TransformersGenerator)
    left = allowance_of(warehouse, settings, day)
    return ItemPlan(
        day=day,
        n_items=len(honest),
        withheld=len(hostile),
        shares=shares,
        money=place.prices.cost(read, written),
        hours=None if None in seconds else sum(one or 0.0 for one in seconds) / at_once / 3600,
        read_how="counted" if counted else "assumed" if seen_short.read is None else "measured",
        written_how="assumed" if seen_short.written is None else "measured",
        calls_left=left.calls,
        money_left=left.money,
    )


def _sorted_out(
    warehouse: Warehouse, generator: TextGenerator, step: Step, items: Sequence[ShownItem]
) -> tuple[list[ShownItem], list[ShownItem], int]:
    """Items nobody was asked about with this prompt, those whose kept answer is rejected, and how many are kept."""
    keys = {item.item_id: step.request(item).key(generator.identity) for item in items}
    found = kept_answers(warehouse, list(keys.values()))
    unknown = [item for item in items if keys[item.item_id] not in found]
    rejected = []
    for item in items:
        answer = found.get(keys[item.item_id])
        try:
            if answer and answer.outcome != "answered":
                raise Rejected(answer.outcome)
            if answer:
                read_item_answer(answer.value, item)
        except Rejected:
            rejected.append(item)
    return unknown, rejected, len(found)


def _seen(warehouse: Warehouse, generator: TextGenerator, step: Step) -> Seen:
    if not warehouse.has_table(TABLE):
        return Seen()
    row = warehouse.read(SEEN_SQL, [KIND, generator.identity, step.prompt.version]).row(0, named=True)
    n = row["questions"]
    if n < ENOUGH:
        return Seen(n)
    means = {name: (row[name] or 0) / n for name in ("read", "written", "seconds")}
    return Seen(n, row["calls"] / n, means["read"] or None, means["written"] or None, means["seconds"])


def _share(
    generator: TextGenerator,
    step: Step,
    items: Sequence[ShownItem],
    n: float,
    kept: int,
    seen: Seen,
    settings: Settings,
) -> Share:
    """What `n` questions take, whose prompts are like those about `items`."""
    if not n:
        return Share(step.name, kept, 0, 0, 0, 0, 0)
    if isinstance(generator, TransformersGenerator) or seen.read is None:
        read = sum(_tokens(generator, step.request(item)) for item in items) / len(items)
    else:
        read = seen.read
    written = seen.written or min(ANSWER_TOKENS, settings.generator.max_tokens)
    seconds = seen.seconds
    if seconds is None and settings.generator.backend == "openai":
        seconds = SECONDS
    return Share(step.name, kept, n, n * seen.calls, n * read, n * written, None if seconds is None else n * seconds)


def _tokens(generator: TextGenerator, request: GenerationRequest) -> float:
    """Tokens of a prompt: counted where the tokenizer is here, else a token for every few characters."""
    if isinstance(generator, TransformersGenerator):
        return len(generator.causal.tokens(generator.prompt_text(request)))
    return (len(request.system) + len(request.user)) / CHARACTERS_PER_TOKEN
