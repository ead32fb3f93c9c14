"""LambdaRank: boosted trees that learn to order, by LightGBM."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from models.errors import UserError
from models.ranking.candidates import sources_of
from models.ranking.contract import Ranker
from models.ranking.features import feature_names as names_of_sources
from models.ranking.rank_fusion import RankFusion
from models.retrieval.contract import FitReport, Progress, no_progress

MODEL_FILE, CONFIG_FILE = "model.txt", "config.json"


class LambdaRankConfig(BaseModel):
    """LambdaMART on the merged candidates: how the trees are grown.

    The defaults are few, small, shrunken trees over whole lists. NDCG@10 of the days after the label windows, with the
    fusion alone, with 20 trees and with 80: simulated shop .083, .086, .084; MovieTweetings .137, .138, .124 (its films
    change weekly).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_trees: int = Field(default=20, ge=1, description="Trees at most; early stopping may end sooner.")
    learning_rate: float = Field(default=0.05, gt=0, le=1, description="Shrinkage of every tree's contribution.")
    n_leaves: int = Field(default=8, ge=2, description="Leaves of a tree at most.")
    min_data_in_leaf: int = Field(default=200, ge=1, description="Candidates a leaf holds at least.")
    feature_fraction: float = Field(default=0.8, gt=0, le=1, description="Share of features drawn for each tree.")
    l2: float = Field(
        default=30.0,
        ge=0,
        description="L2 penalty on leaf values: what a leaf must add in second derivatives to be believed by half.",
    )
    truncation_level: int = Field(
        default=100, ge=1, description="Only pairs with a member this high in the current order give gradients."
    )
    eval_at: int = Field(default=50, ge=1, description="The k of the validation NDCG that early stopping watches.")
    early_stopping_rounds: int = Field(
        default=10, ge=1, description="Stop after this many trees without a better validation NDCG."
    )
    n_threads: int = Field(default=2, ge=1, description="Threads; the trees do not depend on it.")
    seed: int = Field(default=0, ge=0, description="Seed of the drawn features.")


class LambdaRank(Ranker):
    """LambdaMART: gradient-boosted trees on the LambdaRank gradients, started from a fusion of the sources' ranks.

    `score = fusion + sum of trees`, with the fusion of `models.ranking.rank_fusion` fitted first. Trees alone learn
    what was popular in the label windows; the fusion alone comes close to the best source in any week.

    For a pair of one user's candidates of which `i` has the larger gain than `j`, with scores `s_i, s_j`:
    `lambda_ij = -sigma / (1 + exp(sigma * (s_i - s_j))) * |delta NDCG_ij|`, where `delta NDCG_ij` is the change of NDCG
    if the two swapped places (section 4); `lambda_i` is the sum of those where `i` is the better less the sum of
    those where it is the worse (section 2.1); each leaf takes a Newton step on them (section 7).

    Burges, C. J. C. (2010). From RankNet to LambdaRank to LambdaMART: An Overview. MSR-TR-2010-82.

    Differences: the gain of a label is its event weight instead of `2 ** label - 1`; only pairs with a member among
    the first `truncation_level` count; LightGBM scales each user's lambdas by a function of their sum.

    Args:
        config: How the trees are grown.
    """

    name: ClassVar[str] = "lambdarank"
    Config: ClassVar[type[BaseModel]] = LambdaRankConfig

    def __init__(self, config: LambdaRankConfig):
        super().__init__(config)
        self.config: LambdaRankConfig = config
        self._booster: Any = None
        self._fusion: RankFusion | None = None

    def fit(
        self, dataset: pl.DataFrame, progress: Progress = no_progress, feature_names: Sequence[str] | None = None
    ) -> FitReport:
        """See `Ranker.fit`; the curve has one row per tree: `epoch`, `train_ndcg_at_k`, `validation_ndcg_at_k`."""
        import lightgbm

        started = time.perf_counter()
        self.feature_names = list(feature_names or names_of_sources(sources_of(dataset)))
        train, validation = (dataset.filter(pl.col("split") == split) for split in ("train", "validation"))
        if train.is_empty():
            raise UserError(
                "no training user has a positive candidate",
                "ranking_dataset",
                "Widen the label window, add retrievers, or build over more days",
            )
        self._fusion = RankFusion.fit(train, sources_of(dataset))
        gains = [0.0, *sorted(set(dataset["gain"].to_list()) - {0.0})]
        data = self._data(train, gains)
        watched = {"train": data}
        evaluations: dict[str, dict[str, list[float]]] = {}
        callbacks = [_report(progress, self.config.n_trees), lightgbm.record_evaluation(evaluations)]
        if len(validation):
            watched["validation"] = self._data(validation, gains, reference=data)
            callbacks.append(lightgbm.early_stopping(self.config.early_stopping_rounds, verbose=False))
        booster = lightgbm.train(
            self._parameters(gains),
            data,
            self.config.n_trees,
            valid_sets=list(watched.values()),
            valid_names=list(watched),
            callbacks=callbacks,
        )
        best = booster.best_iteration or booster.current_iteration()
        # Only the trees up to the best one are kept: a saved and a fresh model then hold the same trees.
        self._booster = lightgbm.Booster(model_str=booster.model_to_string(num_iteration=best))
        return FitReport(_curve(evaluations), best, time.perf_counter() - started)

    def score(self, frame: pl.DataFrame) -> np.ndarray:
        """See `Ranker.score`; the fusion and the sum of the leaf values."""
        if self._booster is None or self._fusion is None:
            raise ValueError("the ranker has not been fitted")
        if frame.is_empty():
            return np.empty(0)
        trees = self._booster.predict(self._matrix(frame), num_threads=self.config.n_threads)
        return trees + self._fusion.score(frame)

    def feature_importance(self) -> pl.DataFrame:
        """See `Ranker.feature_importance`; `gain_share` is the feature's share of the objective's total gain."""
        gain = self._booster.feature_importance("gain")
        share = gain / gain.sum() if gain.sum() > 0 else gain
        return pl.DataFrame(
            {
                "feature": self.feature_names,
                "gain_share": share,
                "n_splits": self._booster.feature_importance("split").astype(np.int64),
            }
        ).sort("gain_share", "feature", descending=[True, False])

    def save(self, folder: Path) -> None:
        """Write LightGBM's text model and `config.json` with the feature names and the fusion."""
        if self._booster is None or self._fusion is None:
            raise ValueError("the ranker has not been fitted")
        (folder / MODEL_FILE).write_text(self._booster.model_to_string())
        config = {
            "ranker": self.name,
            "config": self.config.model_dump(),
            "feature_names": self.feature_names,
            "fusion": asdict(self._fusion),
        }
        (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2))

    @classmethod
    def load(cls, folder: Path, feature_names: Sequence[str] | None = None) -> LambdaRank:
        """See `Ranker.load`."""
        import lightgbm

        stored = json.loads((folder / CONFIG_FILE).read_text())
        ranker = cls(LambdaRankConfig(**stored["config"]))
        ranker._booster = lightgbm.Booster(model_str=(folder / MODEL_FILE).read_text())
        ranker._fusion = RankFusion(**stored["fusion"])
        ranker.feature_names = stored["feature_names"]
        for other in (ranker._booster.feature_name(), feature_names):
            if other is not None and list(other) != ranker.feature_names:
                raise UserError(
                    f"the model knows the features {_difference(ranker.feature_names, list(other))}",
                    str(folder),
                    "Fit the ranker again: sluice build",
                )
        return ranker

    def _parameters(self, gains: list[float]) -> dict[str, Any]:
        config = self.config
        return {
            "objective": "lambdarank",
            "metric": "ndcg",
            "eval_at": [config.eval_at],
            "label_gain": gains,
            "lambdarank_truncation_level": config.truncation_level,
            "learning_rate": config.learning_rate,
            "num_leaves": config.n_leaves,
            "min_data_in_leaf": config.min_data_in_leaf,
            "feature_fraction": config.feature_fraction,
            "lambda_l2": config.l2,
            "num_threads": config.n_threads,
            "seed": config.seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }

    def _data(self, frame: pl.DataFrame, gains: list[float], reference: Any = None) -> Any:
        import lightgbm

        # LightGBM wants whole-number labels; a label is the index of its gain.
        labels = np.searchsorted(gains, frame["gain"].to_numpy())
        lists = frame.select(pl.struct("window", "user_id").alias("list")).to_series()
        groups = lists.rle().struct.field("len").to_numpy()
        if len(groups) != lists.n_unique():
            raise ValueError("the rows of a list are not contiguous; sort the dataset by window and user")
        return lightgbm.Dataset(
            self._matrix(frame),
            labels,
            group=groups,
            init_score=self._fusion.score(frame) if self._fusion else None,
            feature_name=self.feature_names,
            reference=reference,
        )

    def _matrix(self, frame: pl.DataFrame) -> np.ndarray:
        if missing := [name for name in self.feature_names if name not in frame.columns]:
            raise ValueError(f"the frame lacks the features {missing}")
        return frame.select(pl.col(self.feature_names).cast(pl.Float32)).to_numpy()


def _report(progress: Progress, n_trees: int) -> Callable:
    def after_tree(environment: Any) -> None:
        progress("trees", environment.iteration + 1, n_trees)

    return after_tree


def _curve(evaluations: dict[str, dict[str, list[float]]]) -> list[dict[str, float]]:
    series = {
        f"{split}_{metric.replace('@', '_at_')}": values
        for split, by_metric in evaluations.items()
        for metric, values in by_metric.items()
    }
    n_trees = max((len(values) for values in series.values()), default=0)
    return [{"epoch": tree + 1, **{name: values[tree] for name, values in series.items()}} for tree in range(n_trees)]


def _difference(known: list[str], other: list[str]) -> str:
    missing, added = sorted(set(known) - set(other)), sorted(set(other) - set(known))
    if missing or added:
        return f"{missing} that are not given, and is given {added} that it does not know"
    return "in another order"
