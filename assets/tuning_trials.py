"""`tuning_trials` and `tuning_user_scores`: what `sluice tune` tried, and the only place where a study is kept.

Grain: study and trial; study, trial and user. A study is of one retriever, as-of day, search space, data and code, so
its rows never become stale: another space, other data or other code make another study. Read by `sluice tune`, which
goes on from them, and by people. No assets: trials take hours, and no night waits for them.
"""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from assets.graph import Columns, polars_schema
from models.evaluation.intervals import Interval
from models.retrieval.interactions import Interactions
from models.tuning.trial import Judged, Trial
from models.tuning.window import ValidationWindow
from resources.warehouse import Warehouse, insert

TRIALS, SCORES = "tuning_trials", "tuning_user_scores"
CHOOSING, CONFIRMING = "choosing", "confirming"

TRIAL_COLUMNS: Columns = {
    "retriever": ("VARCHAR", "What was tuned"),
    "as_of_day": ("DATE", "Nothing later was seen; the validation window ends with it"),
    "study": ("VARCHAR", "Digest of the retriever, its other settings, the search space, the data and the code"),
    "trial": ("INTEGER", "From 0, the settings that sluice.yaml had"),
    "state": ("VARCHAR", "running (or killed while it ran), complete, failed"),
    "settings": ("VARCHAR", "What was tuned, as JSON: setting -> value"),
    "ndcg_at_10": ("DOUBLE", "Mean over the choosing half of the validation users; what trials are chosen by"),
    "ci_low": ("DOUBLE", "Lower end of its 95 % bootstrap interval by user"),
    "ci_high": ("DOUBLE", "Upper end"),
    "n_users": ("INTEGER", "Users of the choosing half"),
    "best_epoch": ("INTEGER", "Epoch whose weights were kept; 0 for models without epochs"),
    "fit_seconds": ("DOUBLE", "Wall-clock seconds of the fit"),
    "peak_bytes": ("BIGINT", "Most memory the process held during the trial; null where Linux does not say"),
    "problem": ("VARCHAR", "Why it failed"),
    "attempts": ("INTEGER", "How often it was begun; an interrupted trial is begun again"),
    "started_at": ("TIMESTAMP", "When it was begun last, UTC"),
}
SCORE_COLUMNS: Columns = {
    "study": ("VARCHAR", "As in tuning_trials"),
    "trial": ("INTEGER", "As in tuning_trials"),
    "user_id": ("VARCHAR", "A user with a past who took something new in the validation window"),
    "half": (
        "VARCHAR",
        "choosing: settings are chosen by these users; confirming: these judge the choice",
    ),
    "ndcg_at_10": ("DOUBLE", "Of the user's list"),
}


@dataclass(frozen=True)
class TrialStore:
    """The trials of one study in the warehouse.

    Attributes:
        warehouse: Where they are kept.
        retriever: What is tuned.
        as_of_day: The day whose data is used.
        study: See the column.
    """

    warehouse: Warehouse
    retriever: str
    as_of_day: dt.date
    study: str

    def prepare(self, fresh: bool = False) -> None:
        """Make the tables where they are missing, and forget the study's trials if it is to begin anew."""
        self.warehouse.ensure_table(TRIALS, TRIAL_COLUMNS, "One trial of one study of a retriever's settings")
        self.warehouse.ensure_table(SCORES, SCORE_COLUMNS, "One validation user's NDCG@10 under one trial's settings")
        if fresh:
            self.warehouse.write(self._forget_all)

    def trials(self) -> list[Trial]:
        """What was kept so far, by number."""
        rows = self.warehouse.read(f"SELECT * FROM {TRIALS} WHERE study = ? ORDER BY trial", [self.study])
        return [_trial(row) for row in rows.to_dicts()]

    def keep(self, trial: Trial, scores: pl.DataFrame | None) -> None:
        """Write a trial, in place of what was kept under its number, with its users' scores, in one transaction."""
        row = {"retriever": self.retriever, "as_of_day": self.as_of_day, "study": self.study, **_row(trial)}
        frame = pl.DataFrame([row], polars_schema(TRIAL_COLUMNS), orient="row")

        def transaction(connection: Any) -> None:
            self._forget(connection, TRIALS, trial.number)
            insert(connection, TRIALS, frame)
            if scores is not None:
                self._forget(connection, SCORES, trial.number)
                mine = scores.with_columns(study=pl.lit(self.study), trial=pl.lit(trial.number, pl.Int32))
                insert(connection, SCORES, mine)

        self.warehouse.write(transaction)

    def confirming_scores(self, trial: int) -> np.ndarray:
        """NDCG@10 of the confirming users, by user id, `[n_confirming]`: alike for all trials of the study."""
        sql = f"SELECT ndcg_at_10 FROM {SCORES} WHERE study = ? AND trial = ? AND half = ? ORDER BY user_id"
        return self.warehouse.read(sql, [self.study, trial, CONFIRMING])["ndcg_at_10"].to_numpy()

    def _forget_all(self, connection: Any) -> None:
        for table in (TRIALS, SCORES):
            self._forget(connection, table)

    def _forget(self, connection: Any, table: str, trial: int | None = None) -> None:
        which, values = ("", []) if trial is None else (" AND trial = ?", [trial])
        connection.execute(f"DELETE FROM {table} WHERE study = ?{which}", [self.study, *values])


def score_rows(window: ValidationWindow, data: Interactions, judged: Judged) -> pl.DataFrame:
    """The rows `user_id, half, ndcg_at_10` of one trial."""
    users = data.user_ids[window.validation.users]
    halves = ((CHOOSING, window.chooses, judged.choosing), (CONFIRMING, ~window.chooses, judged.confirming))
    return pl.concat(
        pl.DataFrame({"user_id": users[which].tolist(), "half": half, "ndcg_at_10": scores})
        for half, which, scores in halves
    )


def _row(trial: Trial) -> dict[str, Any]:
    mean, low, high = trial.ndcg or (None, None, None)
    return {
        "trial": trial.number,
        "state": trial.state,
        "settings": json.dumps(trial.settings),
        "ndcg_at_10": mean,
        "ci_low": low,
        "ci_high": high,
        "n_users": trial.n_users,
        "best_epoch": trial.best_epoch,
        "fit_seconds": trial.fit_seconds,
        "peak_bytes": trial.peak_bytes,
        "problem": trial.problem,
        "attempts": trial.attempts,
        "started_at": trial.started_at,
    }


def _trial(row: dict[str, Any]) -> Trial:
    known = {name: row[name] for name in ("state", "n_users", "best_epoch", "fit_seconds", "peak_bytes", "problem")}
    ends = (row["ndcg_at_10"], row["ci_low"], row["ci_high"])
    ndcg = None if ends[0] is None else Interval(*ends)
    moments = {name: row[name] for name in ("attempts", "started_at")}
    return Trial(row["trial"], json.loads(row["settings"]), ndcg=ndcg, **known, **moments)
