"""The audit of a split, before any number made with it is stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.evaluation.protocols import Split
from models.retrieval.interactions import Interactions


@dataclass(frozen=True)
class SplitAudit:
    """What a model was given, against what it is scored on.

    Attributes:
        problems: What must not be, each in words with an example; empty if all is well.
        later_training_share: How much of the training is later than the moment a list is asked for: the mean, over
            the test rows, of the share of training rows with a later time. 0 where days are split; NaN without rows.
    """

    problems: tuple[str, ...]
    later_training_share: float


def audit_split(given: Interactions, split: Split) -> SplitAudit:
    """Compare what is handed to a model with the test part.

    Found are test pairs among what the model is given and, where the split says that it does not leak, anything given
    that is later than the first test row. (Ji et al. 2023, "A Critical Study on Data Leakage in Recommender System
    Offline Evaluation": what a model could not have known moves its numbers either way, so the share is told.)

    Args:
        given: The interactions that models are fitted on and whose histories they rank from, all of them.
        split: The split; of its test part `user_id, item_id, event_at`.
    """
    rows = _rows(given)
    problems = []
    both = split.test.join(rows, on=["user_id", "item_id"], how="semi")
    if both.height:
        user, item = both.select("user_id", "item_id").row(0)
        problems.append(f"{both.height} test pairs were learned from, e.g. user {user} and item {item}")
    tested = np.sort(split.test["event_at"].dt.epoch("s").to_numpy())
    trained = np.sort(rows["second"].to_numpy())
    if not split.leaks_future and len(tested) and len(trained) and trained[-1] >= tested[0]:
        late = rows.filter(pl.col("second") >= int(tested[0]))
        user, item = late.select("user_id", "item_id").row(0)
        problems.append(f"{late.height} rows were learned from the tested days, e.g. user {user} and item {item}")
    if not len(tested) or not len(trained):
        return SplitAudit(tuple(problems), float("nan"))
    later = 1 - np.searchsorted(trained, tested, side="right") / len(trained)
    return SplitAudit(tuple(problems), float(later.mean()))


def _rows(data: Interactions) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "user_id": data.user_ids[data.user_of_position()].tolist(),
            "item_id": data.item_ids[np.asarray(data.items)].tolist(),
            "second": np.asarray(data.times),
        },
        schema={"user_id": pl.Utf8, "item_id": pl.Utf8, "second": pl.Int64},
    )
