"""What questions would take before any of them is asked: calls, tokens, money and time, after what the ledger holds."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from assets.generator_calls import TABLE, kept_answers
from assets.profiles.questions import S, Step, allowance_of
from models.profiles.answers import Rejected
from models.text.generation.contract import TextGenerator
from models.text.generation.request import GenerationRequest
from models.text.generation.transformers_backend import TransformersGenerator
from resources.settings import Settings
from resources.warehouse import Warehouse

ENOUGH = 20
"""Earlier questions from which on their means are believed."""
CHARACTERS_PER_TOKEN, ANSWER_TOKENS, SECONDS = 4, 300, 3.0
"""Assumed of a server nothing is known of; 4 is usual for English, 300 an answer of a dozen claims."""
SAMPLED = 256
"""Prompts of a second step that are measured where nobody knows yet who will come to it."""

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
class Plan:
    """What the profiles of items or users of a day would take.

    Attributes:
        kind: `item` or `user`.
        day: The as-of day.
        told: What is counted of them besides, such as `withheld` -> number.
        shares: By step.
        money: Price of all; `None` without prices.
        hours: At the configured concurrency; `None` where nothing is known of the model's speed.
        read_how: `counted` by the model's tokenizer, `measured` on earlier calls, or `assumed`.
        written_how: `measured` or `assumed`.
        calls_left: What the budget has left for the day; infinite without one.
        money_left: Likewise.
    """

    kind: str
    day: dt.date
    told: dict[str, int]
    shares: list[Share]
    money: float | None
    hours: float | None
    read_how: str
    written_how: str
    calls_left: float
    money_left: float


@dataclass
class Expected:
    """One step while its questions are counted.

    Attributes:
        step: The prompt.
        kept: Questions with an answer in the ledger.
        new: Questions without one.
        measured: Prompts whose tokens were counted.
        tokens: Their tokens.
        sampled: The same of prompts that stand for those nobody knows yet: number and tokens.
    """

    step: Step[Any, Any]
    kept: int = 0
    new: int = 0
    measured: int = 0
    tokens: float = 0.0
    sampled: tuple[int, float] = (0, 0.0)


@dataclass
class Forecast:
    """Counts what subjects would take, chain by chain of steps and portion by portion; asks nothing.

    Attributes:
        warehouse: The lake.
        generator: Who would write.
        settings: The project's.
        steps: Step name -> what was counted.
        following: Name of a second step -> names of those it follows.
    """

    warehouse: Warehouse
    generator: TextGenerator
    settings: Settings
    steps: dict[str, Expected] = field(default_factory=dict)
    following: dict[str, list[str]] = field(default_factory=dict)

    def add(self, subjects: Sequence[S], first: Step[S, Any], second: Step[S, Any]) -> None:
        """Count some subjects that are asked with one prompt, and with another where its answer cannot be used."""
        one, two = (self.steps.setdefault(step.name, Expected(step)) for step in (first, second))
        follows = self.following.setdefault(second.name, [])
        if first.name not in follows:
            follows.append(first.name)
        unknown, rejected = self._asked(one, subjects)
        self._asked(two, rejected)
        sample = unknown[: max(0, SAMPLED - two.sampled[0])]
        tokens = sum(_tokens(self.generator, second.request(subject)) for subject in sample)
        two.sampled = (two.sampled[0] + len(sample), two.sampled[1] + tokens)

    def plan(self, kind: str, day: dt.date, told: dict[str, int]) -> Plan:
        """What all of it takes."""
        seen = {name: self._seen(expected.step) for name, expected in self.steps.items()}
        shares = [self._share(expected, seen, name) for name, expected in self.steps.items()]
        read, written = (sum(getattr(share, name) for share in shares) for name in ("tokens_in", "tokens_out"))
        seconds = [share.seconds for share in shares]
        place = self.settings.generator
        at_once = place.concurrency if place.backend == "openai" else place.batch_size
        left = allowance_of(self.warehouse, self.settings, day)
        asked = [name for name, share in zip(seen, shares, strict=True) if share.questions] or list(seen)
        unknown_read = any(seen[name].read is None for name in asked if name not in self.following)
        counted = isinstance(self.generator, TransformersGenerator)
        unknown_written = any(seen[name].written is None for name in asked if name not in self.following)
        return Plan(
            kind=kind,
            day=day,
            told=told,
            shares=shares,
            money=place.prices.cost(read, written),
            hours=None if None in seconds else sum(one or 0.0 for one in seconds) / at_once / 3600,
            read_how="counted" if counted else "assumed" if unknown_read else "measured",
            written_how="assumed" if unknown_written else "measured",
            calls_left=left.calls,
            money_left=left.money,
        )

    def _asked(self, expected: Expected, subjects: Sequence[S]) -> tuple[list[S], list[S]]:
        """Subjects nobody was asked about with this prompt, and those whose kept answer is rejected."""
        step = expected.step
        requests = {subject.subject_id: step.request(subject) for subject in subjects}
        keys = {name: request.key(self.generator.identity) for name, request in requests.items()}
        found = kept_answers(self.warehouse, list(keys.values()))
        unknown = [subject for subject in subjects if keys[subject.subject_id] not in found]
        expected.kept += len(found)
        expected.new += len(unknown)
        expected.measured += len(unknown)
        expected.tokens += sum(_tokens(self.generator, requests[subject.subject_id]) for subject in unknown)
        rejected = []
        for subject in subjects:
            answer = found.get(keys[subject.subject_id])
            try:
                if answer and answer.outcome != "answered":
                    raise Rejected(answer.outcome)
                if answer:
                    step.read(answer.value, subject)
            except Rejected:
                rejected.append(subject)
        return unknown, rejected

    def _seen(self, step: Step[Any, Any]) -> Seen:
        if not self.warehouse.has_table(TABLE):
            return Seen()
        which = [step.kind, self.generator.identity, step.prompt.version]
        row = self.warehouse.read(SEEN_SQL, which).row(0, named=True)
        n = row["questions"]
        if n < ENOUGH:
            return Seen(n)
        means = {name: (row[name] or 0) / n for name in ("read", "written", "seconds")}
        return Seen(n, row["calls"] / n, means["read"] or None, means["written"] or None, means["seconds"])

    def _share(self, expected: Expected, seen: dict[str, Seen], name: str) -> Share:
        """What one step's questions take, those included that answers nobody has yet will lead to."""
        own, n = seen[name], float(expected.new)
        before = self.following.get(name, [])
        n_before = sum(seen[first].questions for first in before)
        if n_before >= ENOUGH:
            n += own.questions / n_before * sum(self.steps[first].new for first in before)
        if not n:
            return Share(name, expected.kept, 0, 0, 0, 0, 0)
        measured, tokens = (expected.measured, expected.tokens) if expected.measured else expected.sampled
        if own.read is None or isinstance(self.generator, TransformersGenerator):
            read = tokens / measured
        else:
            read = own.read
        written = own.written or min(ANSWER_TOKENS, self.settings.generator.max_tokens)
        seconds = own.seconds
        if seconds is None and self.settings.generator.backend == "openai":
            seconds = SECONDS
        counts = (n, n * own.calls, n * read, n * written)
        return Share(name, expected.kept, *counts, None if seconds is None else n * seconds)


def _tokens(generator: TextGenerator, request: GenerationRequest) -> float:
    """Tokens of a prompt: counted where the tokenizer is here, else a token for every few characters."""
    if isinstance(generator, TransformersGenerator):
        return len(generator.causal.tokens(generator.prompt_text(request)))
    return (len(request.system) + len(request.user)) / CHARACTERS_PER_TOKEN
