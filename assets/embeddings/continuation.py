"""Which earlier model a retriever's training continues from, so that one more day costs little.

A model is trained from the beginning when there is none of the last `from_scratch_days` as-of days, when its settings,
its code or the encoder of the texts that it reads changed, and every `from_scratch_days` days. In between, both models
of an as-of day continue from those of the newest earlier one, which saw nothing of what came after it: no leak from the
future. See docs/decisions/0005.
"""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.errors import UserError
from models.retrieval import registry
from models.retrieval.contract import Retriever
from models.training.config import TrainingConfig
from resources.artifact_store import ArtifactStore
from resources.code_version import code_digest
from resources.warehouse import Warehouse

FILE = "training.json"
CODE = ("models/collaborative", "models/retrieval", "models/sequential", "models/training")


@dataclass(frozen=True)
class Earlier:
    """The models of an earlier as-of day.

    Attributes:
        digest: Of their artifact.
        from_scratch_on: As-of day of the models from which this line of models descends.
        judged: Fitted without the validation days.
        final: Fitted on everything up to its as-of day.
        item_ids: Their vocabulary.
    """

    digest: str
    from_scratch_on: dt.date
    judged: Retriever
    final: Retriever
    item_ids: np.ndarray

    def positions(self, item_ids: np.ndarray) -> np.ndarray:
        """Where each of some items stands in the vocabulary, `[n]` int64; -1 for an item that was not there."""
        place = {item: number for number, item in enumerate(self.item_ids.tolist())}
        return np.array([place.get(item, -1) for item in item_ids.tolist()], dtype=np.int64)


def find_earlier(
    warehouse: Warehouse,
    store: ArtifactStore,
    config: TrainingConfig,
    name: str,
    day: dt.date,
    encoder: str | None = None,
) -> Earlier | None:
    """The models to continue from; `None` where training begins anew.

    Args:
        warehouse: Where artifacts are looked up.
        store: Where they are loaded from.
        config: The retriever's settings.
        name: The retriever.
        day: As-of day.
        encoder: By what the texts it reads were made vectors; `None` where it reads none.
    """
    sql = """SELECT as_of_day, digest FROM artifacts WHERE asset = ? AND as_of_day < ? AND as_of_day > ?
        ORDER BY as_of_day DESC LIMIT 1"""
    oldest = day - dt.timedelta(days=config.from_scratch_days)
    rows = warehouse.read(sql, [name, day, oldest]) if warehouse.has_table("artifacts") else None
    if rows is None or rows.is_empty():
        return None
    digest = rows["digest"][0]
    try:
        folder = store.get(name, digest)
    except UserError:  # Missing or damaged: it says so to whoever asks for that day.
        return None
    said = json.loads((folder / FILE).read_text()) if (folder / FILE).exists() else {}
    from_scratch_on = dt.date.fromisoformat(said["from_scratch_on"]) if said else oldest
    if from_scratch_on <= oldest or said["code"] != code_digest(*CODE):
        return None
    if said.get("text_encoder") != encoder:
        return None
    judged, final = (registry.retriever_class(name).load(folder / part) for part in ("validation", "final"))
    if judged.config != config:
        return None
    return Earlier(digest, from_scratch_on, judged, final, np.array(said["item_ids"], dtype=object))


def write_training(
    folder: Path, day: dt.date, earlier: Earlier | None, item_ids: np.ndarray, encoder: str | None = None
) -> None:
    """Keep what `find_earlier` of a later day needs to know."""
    said = {
        "from_scratch_on": str(earlier.from_scratch_on if earlier else day),
        "continued_from": earlier.digest if earlier else None,
        "code": code_digest(*CODE),
        "item_ids": item_ids.tolist(),
        "text_encoder": encoder,
    }
    (folder / FILE).write_text(json.dumps(said))
