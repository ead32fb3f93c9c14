"""What a tuning works with: the interactions of a day, the window they are judged in, and where trials are kept."""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from assets.embeddings.descriptions import read_descriptions
from assets.embeddings.retrievers import DAY_SECONDS
from assets.embeddings.text_vectors import encoder_of
from assets.graph import end_of
from assets.tuning_trials import TrialStore, score_rows
from models.errors import UserError
from models.retrieval import registry
from models.retrieval.contract import Progress
from models.retrieval.interactions import Interactions
from models.tuning.study import Judge, Plan
from models.tuning.trial import Judged, Trial
from models.tuning.window import ValidationWindow
from pipelines.storage import artifacts_of, warehouse_of
from resources.code_version import code_digest
from resources.compute import pick_device
from resources.settings import Project
from resources.warehouse import Warehouse

SEQUENCES = "interaction_sequences"
CODE = {"models/evaluation", "models/retrieval", "models/training", "models/tuning"}
DIGEST_LENGTH = 16


@dataclass(frozen=True)
class Work:
    """A tuning's data and store.

    Attributes:
        retriever: What is tuned.
        settings: What sluice.yaml says of it.
        validation_days: The last days, of which a trial may know nothing.
        data: Everything up to the as-of day.
        window: What of it is learned from, and what trials are judged by.
        store: Where trials are kept.
        device: Where they are fitted.
    """

    retriever: str
    settings: dict[str, Any]
    validation_days: int
    data: Interactions
    window: ValidationWindow
    store: TrialStore
    device: str

    @classmethod
    def of(cls, project: Project, retriever: str, plan: Plan, optuna: str, day: dt.date | None) -> "Work":
        """All that is needed.

        Args:
            project: The project.
            retriever: What is tuned.
            plan: What is looked for.
            optuna: Its version.
            day: As-of day; `None`: the newest that has interactions.

        Raises:
            UserError: There are no interactions of the day, or nobody came back in the validation days.
        """
        warehouse, settings = warehouse_of(project), project.settings
        day, digest = sequences_of(warehouse, day)
        data = Interactions.load(artifacts_of(project).get(SEQUENCES, digest))
        n_days = settings.split.validation_days
        window = ValidationWindow(data, end_of(day) - n_days * DAY_SECONDS, end_of(day))
        has_vectors = registry.retriever_class(retriever).has_vectors
        device = pick_device(settings.compute.device) if has_vectors else "cpu"
        given = settings.retrievers[retriever]
        parts = [given, str(day), digest, n_days, device, optuna, _code_of(retriever)]
        if registry.new_retriever(retriever, given).reads_item_features:
            parts.append(encoder_of(warehouse, day))
        store = TrialStore(warehouse, retriever, day, study_digest(retriever, plan, parts))
        return cls(retriever, given, n_days, data, window, store, device)

    def users_in_words(self) -> str:
        """How many validation users there are, by half."""
        chooses = self.window.chooses
        return f"chosen by {chooses.sum():,} validation users, confirmed by {(~chooses).sum():,} others"

    def judge(self, progress: Progress) -> Judge:
        """Fits and scores settings, for `run_study`."""

        def judge(tried: dict[str, Any]) -> Judged:
            retriever = registry.new_retriever(self.retriever, self.settings | tried)
            day, n_days = self.store.as_of_day, self.validation_days
            told = read_descriptions(self.store.warehouse, retriever, day, n_days, self.data.item_ids)
            told.tell(retriever, told.users_before)
            return self.window.judge(retriever, self.device, progress)

        return judge

    def keep(self, trial: Trial, judged: Judged | None) -> None:
        """Keep a trial, for `run_study`."""
        self.store.keep(trial, None if judged is None else score_rows(self.window, self.data, judged))


def study_digest(retriever: str, plan: Plan, parts: list[Any]) -> str:
    """What tells studies apart: trials of one digest can be compared."""
    space = {key: wanted.model_dump(mode="json") for key, wanted in plan.space.items()}
    said = json.dumps([retriever, space, plan.present, plan.seed, *parts], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:DIGEST_LENGTH]


def _code_of(retriever: str) -> str:
    """Digest of the code that a trial's number depends on."""
    own = "/".join(registry.RETRIEVERS[retriever].split(".")[:-2])
    return code_digest(*sorted(CODE | {own}))


def sequences_of(warehouse: Warehouse, day: dt.date | None) -> tuple[dt.date, str]:
    """The as-of day and the digest of its interactions.

    Raises:
        UserError: There are none.
    """
    sql = """SELECT as_of_day, digest FROM artifacts WHERE asset = ? AND as_of_day = coalesce(?, as_of_day)
        ORDER BY as_of_day DESC LIMIT 1"""
    rows = warehouse.read(sql, [SEQUENCES, day]).rows() if warehouse.has_table("artifacts") else []
    if not rows and day is None:
        raise UserError("there are no interactions to learn from yet", "sluice tune", "Run `sluice build` first.")
    if not rows:
        mend = f"`sluice backfill as-of --from {day} --until {day}` makes them."
        raise UserError("there are no interactions as of this day", f"--day {day}", mend)
    return rows[0]
