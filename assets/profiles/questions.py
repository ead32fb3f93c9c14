"""What questions about items and users have in common: a prompt, what it can cost at most, and the day's budget."""

import copy
import datetime as dt
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from assets.generator_calls import TABLE, Purpose
from models.profiles.allowance import Allowance, Worst
from models.profiles.prompt_files import Prompt
from models.text.generation.contract import TextGenerator
from models.text.generation.request import GenerationRequest
from resources.compute import pick_device
from resources.settings import Settings
from resources.text_generators.factory import make_generator
from resources.warehouse import Warehouse

ITEMS, USERS = "item_profile", "user_profile"
"""Kinds of questions in the ledger; one budget is for both."""
ANSWER_ROUNDS = 2
"""The `openai` backend asks once more where an answer breaks its schema."""

SPENT_SQL = f"""SELECT sum(attempts)::BIGINT AS calls, sum(coalesce(cost, attempts * $most))::DOUBLE AS money
    FROM {TABLE} WHERE day = $day AND kind IN ('{ITEMS}', '{USERS}')"""


class Subject(Protocol):
    """An item or a user."""

    @property
    def subject_id(self) -> str:
        """Its own id."""
        ...


S = TypeVar("S", bound=Subject)
Words = TypeVar("Words")


@dataclass(frozen=True)
class Step(ABC, Generic[S, Words]):
    """One prompt of an escalation, for one project.

    Attributes:
        prompt: Instructions and schema.
        settings: The project's.
    """

    prompt: Prompt
    settings: Settings
    kind: ClassVar[str]

    @property
    def name(self) -> str:
        """Such as `item_short.v1`."""
        return self.prompt.version.rpartition("-")[0]

    def purpose(self, day: dt.date) -> Purpose:
        """What its questions are asked for."""
        return Purpose(day, self.kind, self.prompt.version, self.settings.generator.prices)

    @abstractmethod
    def data(self, subject: S) -> Mapping[str, Any]:
        """What the prompt holds about one subject."""

    @abstractmethod
    def hold(self, schema: dict[str, Any], subject: S) -> None:
        """Narrow the answer's schema to the references that one subject has."""

    @abstractmethod
    def read(self, value: Any, subject: S) -> Words:
        """What is believed of an answer.

        Raises:
            Rejected: Nothing.
        """

    def request(self, subject: S) -> GenerationRequest:
        """The question about one subject.

        A model in this process is held to the subject's references while it writes; a server would compile a schema for
        each, so there they are looked at afterwards.
        """
        schema: dict[str, Any] = dict(self.prompt.schema)
        if self.settings.generator.backend == "transformers":
            schema = copy.deepcopy(schema)
            self.hold(schema, subject)
        return self.settings.generator.request(self.prompt.user(self.data(subject)), self.prompt.system, schema)

    def worst(self, request: GenerationRequest) -> Worst:
        """The most that a question can take: a token for every byte, the longest answer, every repetition."""
        generator = self.settings.generator
        n_bytes = len((request.system + request.user + json.dumps(request.schema)).encode(errors="replace"))
        if generator.backend == "transformers":
            return Worst(1, generator.prices.cost(n_bytes, request.max_tokens) or 0.0)
        read = ANSWER_ROUNDS * n_bytes + request.max_tokens
        money = generator.prices.cost(read, ANSWER_ROUNDS * request.max_tokens) or 0.0
        return Worst(ANSWER_ROUNDS * generator.max_attempts, money)


def generator_of(settings: Settings) -> TextGenerator:
    """The language model that writes profiles; nothing is loaded yet."""
    generator = make_generator(settings.generator, pick_device(settings.compute.device), settings.compute.n_threads)
    assert generator is not None  # the settings allow no other
    return generator


def allowance_of(warehouse: Warehouse, settings: Settings, day: dt.date) -> Allowance:
    """What is left of the budget of an as-of day: runs that died or were repeated have spent of the same."""
    if not warehouse.has_table(TABLE):
        return Allowance(settings.profiles.budget)
    most = settings.generator.prices.cost(0, settings.generator.max_tokens) or 0.0
    spent = warehouse.read(SPENT_SQL, {"day": day, "most": most})
    return Allowance(settings.profiles.budget, spent["calls"][0] or 0, spent["money"][0] or 0.0)


def portions(subjects: Sequence[S], size: int) -> Iterator[Sequence[S]]:
    """Subjects a few at a time: prompts and answers of one portion are in memory at once."""
    for start in range(0, len(subjects), size):
        yield subjects[start : start + size]
