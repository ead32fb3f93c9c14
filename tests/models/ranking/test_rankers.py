"""The contract of everything in the registry."""

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from models.errors import UserError
from models.ranking.features import feature_names
from models.ranking.registry import RANKERS, config_class, ranker_class

SOURCES = ["ease"]
NAMES = feature_names(SOURCES)


@pytest.fixture(scope="module")
def dataset() -> pl.DataFrame:
    """120 users with 20 candidates; taste follows two features, the source's rank says nothing."""
    generator = np.random.default_rng(0)
    n_users, n_candidates = 120, 20
    values = generator.normal(size=(n_users * n_candidates, len(NAMES))).astype(np.float32)
    frame = pl.DataFrame({name: values[:, column] for column, name in enumerate(NAMES)})
    taste = frame["category_affinity"] + 0.5 * frame["text_cosine_mean"]
    users = np.repeat(np.arange(n_users), n_candidates)
    frame = frame.with_columns(
        user_id=pl.Series([f"u{user:03d}" for user in users]),
        item_id=pl.Series([f"i{number:02d}" for number in range(n_candidates)] * n_users),
        gain=pl.when(taste > 1.8).then(5.0).when(taste > 1.0).then(1.0).otherwise(0.0),
        split=pl.Series(np.where(users % 5 == 0, "validation", "train")),
        window=pl.Series(np.repeat([0, 1], len(users) // 2)).cast(pl.Int32),
        rank_ease=pl.Series(np.concatenate([generator.permutation(n_candidates) + 1 for _ in range(n_users)])),
    )
    return frame.with_columns(
        pl.when(pl.col("item_price") > 1).then(None).otherwise(pl.col("item_price")).alias("item_price")
    )


def small(name: str, **changes):
    settings = {"n_trees": 60, "learning_rate": 0.2, "n_leaves": 8, "min_data_in_leaf": 10, "n_threads": 1, **changes}
    return ranker_class(name)(config_class(name)(**settings))


def ndcg_at_5(frame: pl.DataFrame, scores: np.ndarray) -> float:
    """Mean over users, gains as they are: a plain loop."""
    values = []
    for _, rows in frame.with_columns(score=pl.Series(scores)).group_by("user_id"):
        gains = rows.sort("score", descending=True)["gain"].to_list()[:5]
        best = sorted(rows["gain"].to_list(), reverse=True)[:5]
        dcg, ideal = (sum(gain / np.log2(place + 2) for place, gain in enumerate(list_)) for list_ in (gains, best))
        if ideal:
            values.append(dcg / ideal)
    return float(np.mean(values))


@pytest.mark.parametrize("name", RANKERS)
class TestEveryRanker:
    def test_orders_better_than_its_best_single_input(self, name, dataset):
        ranker = small(name)
        ranker.fit(dataset)
        held_out = dataset.filter(pl.col("split") == "validation")
        learned = ndcg_at_5(held_out, ranker.score(held_out))
        assert learned > ndcg_at_5(held_out, held_out["category_affinity"].to_numpy()) + 0.03
        assert learned > ndcg_at_5(held_out, held_out["rank_ease"].to_numpy()) + 0.4

    def test_reports_its_curve_and_progress(self, name, dataset):
        seen = []
        ranker = small(name)
        report = ranker.fit(dataset, progress=lambda what, done, total: seen.append((done, total)))
        assert seen[0] == (1, 60)
        assert 1 <= report.best_epoch <= len(report.curve) == len(seen)
        curve = [step["validation_ndcg_at_50"] for step in report.curve]
        assert curve[report.best_epoch - 1] == max(curve)
        assert report.curve[-1]["train_ndcg_at_50"] > report.curve[0]["train_ndcg_at_50"]
        assert report.seconds > 0

    def test_saves_and_loads_to_the_same_scores(self, name, dataset, tmp_path):
        ranker = small(name)
        ranker.fit(dataset)
        ranker.save(tmp_path)
        loaded = ranker_class(name).load(tmp_path, NAMES)
        assert np.array_equal(loaded.score(dataset), ranker.score(dataset))
        assert loaded.config == ranker.config
        assert loaded.feature_importance().equals(ranker.feature_importance())

    @pytest.mark.parametrize("other", [NAMES[1:], [*NAMES, "more"], NAMES[::-1]])
    def test_refuses_another_feature_list(self, name, dataset, tmp_path, other):
        ranker = small(name, n_trees=2)
        ranker.fit(dataset)
        ranker.save(tmp_path)
        with pytest.raises(UserError, match="features"):
            ranker_class(name).load(tmp_path, other)

    def test_is_the_same_again_and_with_more_threads(self, name, dataset):
        scores = []
        for n_threads in (1, 1, 2):
            ranker = small(name, n_threads=n_threads, n_trees=10)
            ranker.fit(dataset)
            scores.append(ranker.score(dataset))
        assert np.array_equal(scores[0], scores[1])
        assert np.array_equal(scores[0], scores[2])

    def test_importance_names_the_features_that_matter(self, name, dataset):
        ranker = small(name)
        ranker.fit(dataset)
        importance = ranker.feature_importance()
        assert importance["feature"].to_list()[:2] == ["category_affinity", "text_cosine_mean"]
        assert importance["gain_share"].sum() == pytest.approx(1)
        assert set(importance["feature"]) == set(NAMES)

    def test_without_validation_users_it_trains_to_the_end(self, name, dataset):
        report = small(name, n_trees=7).fit(dataset.with_columns(split=pl.lit("train")))
        assert report.best_epoch == len(report.curve) == 7
        assert set(report.curve[0]) == {"epoch", "train_ndcg_at_50"}

    def test_learns_from_the_named_features_only(self, name, dataset):
        ranker = small(name, n_trees=5)
        ranker.fit(dataset, feature_names=["item_price", "category_affinity"])
        assert ranker.feature_names == ["item_price", "category_affinity"]
        assert len(ranker.score(dataset.select("item_price", "category_affinity", "rank_ease"))) == len(dataset)

    def test_what_it_cannot_do_it_refuses(self, name, dataset):
        ranker = small(name, n_trees=2)
        with pytest.raises(ValueError, match="not been fitted"):
            ranker.score(dataset)
        with pytest.raises(UserError, match="positive candidate"):
            ranker.fit(dataset.clear())
        with pytest.raises(ValueError, match="contiguous"):
            ranker.fit(dataset.sort("item_id"))
        ranker.fit(dataset)
        with pytest.raises(ValueError, match="brand_affinity"):
            ranker.score(dataset.drop("brand_affinity"))
        assert len(ranker.score(dataset.clear())) == 0

    def test_an_unknown_setting_is_refused(self, name):
        with pytest.raises(ValidationError):
            config_class(name)(n_tree=3)


@pytest.fixture(scope="module")
def base_scores(dataset) -> np.ndarray:
    base = small("lambdarank")
    base.fit(dataset)
    return base.score(dataset)


@pytest.mark.parametrize(
    "change",
    [
        {"n_trees": 3},
        {"learning_rate": 0.05},
        {"n_leaves": 3},
        {"min_data_in_leaf": 200},
        {"feature_fraction": 0.3},
        {"l2": 100.0},
        {"truncation_level": 1},
        {"seed": 5},
        {"eval_at": 1},
        {"early_stopping_rounds": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_setting_of_lambdarank_changes_its_scores(change, dataset, base_scores):
    changed = small("lambdarank", **change)
    changed.fit(dataset)
    assert not np.array_equal(changed.score(dataset), base_scores)


def test_threads_reach_the_engine():
    assert small("lambdarank", n_threads=3)._parameters([0.0, 1.0])["num_threads"] == 3


def test_gains_of_the_labels_matter_not_only_their_order(dataset):
    base, steep = small("lambdarank", n_trees=5), small("lambdarank", n_trees=5)
    base.fit(dataset)
    steep.fit(dataset.with_columns(pl.col("gain").replace({5.0: 50.0})))
    assert not np.array_equal(base.score(dataset), steep.score(dataset))


def test_a_tampered_feature_list_is_noticed(dataset, tmp_path):
    ranker = small("lambdarank", n_trees=2)
    ranker.fit(dataset)
    ranker.save(tmp_path)
    stored = json.loads((tmp_path / "config.json").read_text())
    stored["feature_names"][0] = "other"
    (tmp_path / "config.json").write_text(json.dumps(stored))
    with pytest.raises(UserError, match="other"):
        ranker_class("lambdarank").load(tmp_path)


def test_an_unknown_ranker_is_a_users_mistake():
    with pytest.raises(UserError, match="lambdarank"):
        ranker_class("lambdamart")


def test_configuring_imports_no_engine():
    code = (
        "import sys; from models.ranking.registry import config_class; import models.ranking.features;"
        "config_class('lambdarank'); print([m for m in ('lightgbm', 'torch', 'matplotlib') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
