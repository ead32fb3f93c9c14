"""Asking a language model in steps, within a budget, each answer kept as it comes: the same for items and for users."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic

from assets.generator_calls import cost_of, kept_answers, pay_for
from assets.profiles.questions import S, Step, Words
from models.profiles.allowance import Allowance
from models.profiles.answers import Rejected, Source
from models.text.generation.answer import GenerationAnswer
from models.text.generation.contract import TextGenerator
from models.text.generation.request import GenerationRequest
from resources.settings import Settings
from resources.warehouse import Warehouse

REASONS_TOLD = 5


@dataclass
class Writing(Generic[S, Words]):
    """One run over the items or the users of a day.

    Attributes:
        warehouse: The lake.
        generator: Who writes.
        settings: The project's.
        day: The as-of day.
        allowance: What is left of the budget.
        said: Subject -> what is believed of its answer, and where that comes from.
        unasked: Subjects that the budget left out.
        unanswered: Subjects for which no answer came; they are asked about again in the next run.
        counts: Step and outcome -> number.
        reasons: Why answers were rejected -> number.
    """

    warehouse: Warehouse
    generator: TextGenerator
    settings: Settings
    day: dt.date
    allowance: Allowance
    said: dict[str, tuple[Words, Source]] = field(default_factory=dict)
    unasked: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def write(self, subjects: Sequence[S], steps: Sequence[Step[S, Words]]) -> None:
        """Ask about some subjects, step by step."""
        left, read, written = list(subjects), Counter[str](), Counter[str]()
        for step in steps:
            requests = {subject.subject_id: step.request(subject) for subject in left}
            answers = self._answers(step, requests.values())
            rejected = []
            for subject in left:
                name = subject.subject_id
                key = requests[name].key(self.generator.identity)
                answer = answers.get(key)
                if answer is None or answer.outcome == "failed":
                    (self.unasked if answer is None else self.unanswered).add(name)
                    self.counts[f"{step.name} {'over budget' if answer is None else 'failed'}"] += 1
                    continue
                read[name] += answer.tokens_in
                written[name] += answer.tokens_out
                counts = (read[name], written[name])
                source = Source(self.settings.generator.backend, step.prompt.version, key, *counts)
                if not self._believed(step, subject, answer, source):
                    rejected.append(subject)
            left = rejected
        self.counts["extractive rejected"] += len(left)

    def told(self) -> dict[str, int]:
        """All counts by name, and the most frequent reasons of rejections."""
        reasons = {f"because {reason}": n for reason, n in self.reasons.most_common(REASONS_TOLD)}
        return {name: n for name, n in sorted(self.counts.items()) if n} | reasons

    def _believed(self, step: Step[S, Words], subject: S, answer: GenerationAnswer, source: Source) -> bool:
        try:
            if answer.outcome != "answered":
                raise Rejected(f"{answer.outcome}: {answer.error}" if answer.error else answer.outcome)
            self.said[subject.subject_id] = step.read(answer.value, subject), source
        except Rejected as rejected:
            self.counts[f"{step.name} rejected"] += 1
            self.reasons[str(rejected)[:80]] += 1
            return False
        self.counts[f"{step.name} answered"] += 1
        return True

    def _answers(self, step: Step[S, Words], requests: Iterable[GenerationRequest]) -> dict[str, GenerationAnswer]:
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
