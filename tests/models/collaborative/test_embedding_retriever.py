"""What every trained embedding has in common, shown on matrix factorisation and on LightGCN."""

import json

import numpy as np
import pytest
import torch

from models.collaborative.bpr_mf import BprMf, BprMfConfig
from models.collaborative.embedding_config import EmbeddingConfig
from models.collaborative.lightgcn import LightGcn, LightGcnConfig
from models.retrieval.ease import Ease, EaseConfig

TINY = {"embedding_size": 8, "max_epochs": 2, "n_negatives": 16, "batch_tokens": 128, "warmup_steps": 3}
PLAIN = {"similarity": "inner_product", "temperature": 1.0, "start": "random", "popularity_exponent": 0.0}
LEARNS = {**TINY, **PLAIN, "max_epochs": 30, "learning_rate": 0.03}
MODELS = [(BprMf, BprMfConfig), (LightGcn, LightGcnConfig)]


def fitted(histories, validation=None, model=BprMf, config=BprMfConfig, **settings):
    retriever = model(config(**{**TINY, **settings}))
    retriever.report = retriever.fit(histories, validation)
    return retriever


def scores_of(histories, **settings):
    model = fitted(histories, **settings)
    return model.scores(histories, np.arange(histories.n_users))


@pytest.mark.parametrize(("model", "config"), MODELS)
@pytest.mark.parametrize("loss", ["bpr", "sampled_softmax", "in_batch_softmax", "directau", "cosine_contrastive"])
def test_two_tastes_are_separated_by_every_loss(two_tastes, separates, model, config, loss):
    settings = {**LEARNS, "loss": loss, "uniformity_weight": 0.2, "margin": -0.5, "negative_weight": 1.0}
    assert separates(fitted(two_tastes, model=model, config=config, **settings), two_tastes)


CHANGES_SCORES = {
    "learning_rate": {"learning_rate": 0.01},
    "warmup_steps": {"warmup_steps": 50},
    "schedule": {"schedule": "linear"},
    "weight_decay": {"weight_decay": 3.0},
    "averaging": {"averaging": 0.9},
    "batch_tokens": {"batch_tokens": 50},
    "max_epochs": {"max_epochs": 3},
    "seed": {"seed": 1},
    "embedding_size": {"embedding_size": 16},
    "start": {"start": "spectral"},
    "start_scale": {"start_scale": 0.3},
    "loss": {"loss": "in_batch_softmax"},
    "n_negatives": {"n_negatives": 5},
    "similarity": {"similarity": "cosine"},
    "temperature": {"temperature": 0.2},
    "l2": {"l2": 1.0},
    "popularity_exponent": {"popularity_exponent": 0.3},
    "popularity_offset": {"popularity_offset": 0.3},
}
TESTED_BELOW = {"patience", "n_validation_users", "n_threads", "fold_in_l2"}
TESTED_WITH_THE_TRAINER = {"final_learning_rate_share", "accumulation_steps"}
TESTED_BELOW |= {"uniformity_weight", "margin", "negative_weight"}
TESTED_WITH_TEXTS = {"alignment", "alignment_weight", "alignment_temperature", "mask_share", "align_users"}
TESTED_WITH_THE_ASSETS = {"continued_epochs", "from_scratch_days"}


def test_every_setting_is_tested():
    elsewhere = TESTED_BELOW | TESTED_WITH_THE_TRAINER | TESTED_WITH_TEXTS | TESTED_WITH_THE_ASSETS
    assert set(CHANGES_SCORES) | elsewhere == set(EmbeddingConfig.model_fields)


@pytest.mark.parametrize("field", sorted(CHANGES_SCORES))
def test_setting_changes_the_scores(two_tastes, field):
    base = scores_of(two_tastes, loss="sampled_softmax")
    assert not np.allclose(base, scores_of(two_tastes, **{"loss": "sampled_softmax", **CHANGES_SCORES[field]}))


@pytest.mark.parametrize(
    ("loss", "field", "values"),
    [
        ("directau", "uniformity_weight", (0.0, 5.0)),
        ("cosine_contrastive", "margin", (0.0, 0.5)),
        ("cosine_contrastive", "negative_weight", (1.0, 50.0)),
    ],
)
def test_setting_of_one_loss_changes_the_scores(two_tastes, loss, field, values):
    found = [scores_of(two_tastes, loss=loss, **{field: value}) for value in values]
    assert not np.allclose(*found)


def test_fold_in_penalty_shrinks_strangers(two_tastes, interactions):
    stranger = interactions([[0, 1, 2]], n_items=21)
    stranger.user_ids[0] = "somebody else"
    lengths = [
        np.linalg.norm(fitted(two_tastes, fold_in_l2=l2).user_vectors(stranger, np.array([0]))) for l2 in (0.01, 100)
    ]
    assert lengths[1] < 0.5 * lengths[0]


def test_patience_is_the_number_of_epochs_without_gain(two_tastes, interactions):
    later = interactions([[(10 * (user % 2) + 5)] for user in range(60)], n_items=21)
    for patience in (1, 3):
        report = fitted(two_tastes, later, max_epochs=30, learning_rate=1e-9, patience=patience).report
        assert len(report.curve) - report.best_epoch == patience


def test_validation_users_bound_the_validation_and_the_best_epoch_is_kept(two_tastes, interactions):
    later = interactions([[(10 * (user % 2) + 5)] for user in range(60)], n_items=21)
    curves = [fitted(two_tastes, later, n_validation_users=n).report.curve for n in (60, 3)]
    assert curves[0][0]["loss"] == curves[1][0]["loss"]
    assert curves[0] != curves[1]
    model = fitted(two_tastes, later, max_epochs=8, learning_rate=0.05)
    scores = [point["validation_ndcg_at_10"] for point in model.report.curve]
    assert model.report.best_epoch == int(np.argmax(scores)) + 1
    again = BprMf(model.config)
    again.fit(two_tastes, n_epochs=model.report.best_epoch)
    np.testing.assert_array_equal(again.items, model.items)


def test_threads_are_the_configured_ones_while_fitting(two_tastes):
    seen, before = [], torch.get_num_threads()
    model = BprMf(BprMfConfig(**TINY, n_threads=before + 1))
    model.fit(two_tastes, progress=lambda *_: seen.append(torch.get_num_threads()), n_epochs=1)
    assert set(seen) == {before + 1}
    assert torch.get_num_threads() == before


def test_overfits_one_batch(interactions):
    train = interactions([[user] for user in range(12)], n_items=12)
    settings = {"embedding_size": 16, "learning_rate": 0.05, "max_epochs": 120, "loss": "bpr"}
    curve = fitted(train, **settings).report.curve
    assert curve[0]["loss"] > 0.5
    assert curve[-1]["loss"] < 0.01


@pytest.mark.parametrize(("model", "config"), MODELS)
class TestStrangers:
    def test_get_what_suits_their_history(self, two_tastes, interactions, model, config):
        trained = fitted(two_tastes, model=model, config=config, **LEARNS)
        strangers = interactions([[0, 3, 4], [12, 19], []], n_items=21)
        strangers.user_ids[:] = ["x", "y", "z"]
        scores = trained.scores(strangers, np.arange(3))
        unseen = [5, 6, 7, 8, 9]
        assert scores[0, unseen].min() > scores[0, 10:20].max()
        assert scores[1, [10, 11, 13]].min() > scores[1, :10].max()
        assert not scores[2].any()

    def test_known_users_are_found_by_id_wherever_they_stand(self, two_tastes, interactions, model, config):
        trained = fitted(two_tastes, model=model, config=config)
        others = interactions([[1], [2]], n_items=21)
        others.user_ids[:] = ["u7", "nobody"]
        found = trained.user_vectors(others, np.array([1, 0]))
        np.testing.assert_array_equal(found[1], trained.user_vectors(two_tastes, np.array([7]))[0])
        expected = trained.items[2] @ trained.fold_in
        np.testing.assert_allclose(found[0], expected, rtol=1e-5, atol=1e-7)

    def test_users_without_a_history_in_training_are_no_known_ones(self, interactions, model, config):
        train = interactions([[], [0, 1], [1, 2]], n_items=3)
        trained = fitted(train, model=model, config=config)
        assert trained.user_ids == ["u1", "u2"]
        assert len(trained.users) == 2


@pytest.mark.parametrize(("model", "config"), MODELS)
def test_odd_data_give_finite_scores(degenerate, model, config):
    for what, histories in degenerate.items():
        for settings in ({}, {"similarity": "cosine"}, {"loss": "directau"}, {"start": "spectral"}):
            scores = fitted(histories, model=model, config=config, **settings).scores(histories, np.arange(1))
            assert np.isfinite(scores).all(), (what, settings)


def test_cosine_scores_are_cosines(two_tastes):
    for settings in ({"similarity": "cosine"}, {"loss": "directau"}, {"loss": "cosine_contrastive"}):
        model = fitted(two_tastes, **settings)
        np.testing.assert_allclose(np.linalg.norm(model.items, axis=1), 1, rtol=1e-5)
        assert np.abs(model.scores(two_tastes, np.arange(60))).max() <= 1 + 1e-5


def test_popularity_multiplies_the_items_and_nothing_else(interactions):
    train = interactions([[0, 1], [0], [0, 2], [0, 1]], n_items=4)
    plain, popular = (fitted(train, popularity_exponent=exponent) for exponent in (0.0, 0.5))
    factors = np.sqrt([4, 2, 1, 1])
    np.testing.assert_allclose(popular.items, plain.items * factors[:, None], rtol=1e-6)
    np.testing.assert_array_equal(popular.users, plain.users)


def test_popularity_is_added_to_every_users_scores(interactions):
    train = interactions([[0, 1], [0], [0, 2], [0, 1]], n_items=4)
    plain, popular = (fitted(train, popularity_offset=offset) for offset in (0.0, 0.5))
    known = np.arange(4)
    added = popular.scores(train, known) - plain.scores(train, known)
    np.testing.assert_allclose(added, np.tile(0.5 * np.log([4, 2, 1, 1]), (4, 1)), atol=1e-6)
    strangers = interactions([[0], [0], [0], [0], [1, 2], []], n_items=4)
    assert popular.user_vectors(strangers, np.array([4, 5]))[:, -1].tolist() == [1, 0]
    assert popular.because_of(np.array([1, 2]), known).tolist() == plain.because_of(np.array([1, 2]), known).tolist()


def test_because_of_is_the_nearest_by_cosine(two_tastes):
    model = fitted(two_tastes)
    vectors = model.items / np.linalg.norm(model.items, axis=1, keepdims=True)
    history, items = np.array([1, 4, 13]), np.array([2, 15])
    expected = [history[(vectors[history] @ vectors[item]).argmax()] for item in items]
    assert model.because_of(history, items).tolist() == expected


def test_what_is_saved_are_ids_and_arrays(two_tastes, tmp_path):
    fitted(two_tastes).save(tmp_path)
    assert json.loads((tmp_path / "user_ids.json").read_text())[:2] == ["u0", "u1"]
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "config.json", "fold_in.npy", "items.npy", "user_ids.json", "users.npy", "weights.safetensors"
    }  # fmt: skip


@pytest.mark.parametrize(("model", "config"), MODELS)
def test_killed_fit_resumes_to_identical_vectors(two_tastes, interactions, tmp_path, model, config):
    later = interactions([[(10 * (user % 2) + 5)] for user in range(60)], n_items=21)
    chosen = config(**{**TINY, "max_epochs": 5})
    undisturbed = model(chosen)
    expected = undisturbed.fit(two_tastes, later)

    def kill(what, done, total):
        if done > 0.5 * total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model(chosen, checkpoint_folder=tmp_path).fit(two_tastes, later, progress=kill)
    resumed = model(chosen, checkpoint_folder=tmp_path)
    assert resumed.fit(two_tastes, later).curve == expected.curve
    np.testing.assert_array_equal(resumed.items, undisturbed.items)
    np.testing.assert_array_equal(resumed.users, undisturbed.users)


@pytest.mark.parametrize("change", ["config", "items", "validation", "n_epochs", "start"])
def test_checkpoint_of_other_data_or_config_is_not_continued(two_tastes, interactions, tmp_path, change):
    later = interactions([[(10 * (user % 2) + 5)] for user in range(60)], n_items=21)
    BprMf(BprMfConfig(**TINY), checkpoint_folder=tmp_path).fit(two_tastes, later)
    train, n_epochs, config = two_tastes, None, BprMfConfig(**TINY)
    if change == "config":
        config = BprMfConfig(**TINY, l2=0.1)
    elif change == "items":
        train = interactions([two_tastes.history(user)[1:].tolist() for user in range(60)], n_items=21)
    elif change == "validation":
        later = None
    elif change == "n_epochs":
        n_epochs = 1
    models = BprMf(config), BprMf(config, checkpoint_folder=tmp_path)
    if change == "start":
        for model in models:
            model.start_from(fitted(two_tastes), np.arange(21))
    reports = [model.fit(train, later, n_epochs=n_epochs) for model in models]
    assert reports[0].curve == reports[1].curve


class TestContinuing:
    def test_users_and_items_keep_their_vectors_where_both_were_sorted_anew(self, two_tastes, interactions):
        earlier = fitted(two_tastes, model=LightGcn, config=LightGcnConfig, **PLAIN, n_layers=0)
        later = interactions([[0, 22], [2], [1]], n_items=23)
        later.user_ids[:] = ["new", "u9", "u4"]
        positions = np.concatenate([[-1], np.arange(21)[::-1], [-1]])
        continued = LightGcn(earlier.config)
        continued.start_from(earlier, positions)
        report = continued.fit(later, n_epochs=0)
        assert report.curve == []
        np.testing.assert_array_equal(continued.items[1:-1], earlier.items[::-1])
        np.testing.assert_array_equal(continued.users[1:], earlier.users[[9, 4]])
        assert 0 < np.abs(continued.items[[0, -1]]).max() < 1

    def test_one_epoch_from_an_earlier_model_is_worth_many(self, two_tastes, separates):
        earlier = fitted(two_tastes, **LEARNS)
        anew, continued = BprMf(earlier.config), BprMf(earlier.config)
        before = earlier.items.copy()
        anew.fit(two_tastes, n_epochs=1)
        continued.start_from(earlier, np.arange(21))
        continued.fit(two_tastes, n_epochs=1)
        assert separates(continued, two_tastes)
        assert not separates(anew, two_tastes)
        np.testing.assert_array_equal(earlier.items, before)

    def test_a_loaded_model_continues_like_the_saved_one(self, two_tastes, tmp_path):
        earlier = fitted(two_tastes, model=LightGcn, config=LightGcnConfig)
        earlier.save(tmp_path)
        found = []
        for start in (earlier, LightGcn.load(tmp_path)):
            continued = LightGcn(earlier.config)
            continued.start_from(start, np.arange(21))
            continued.fit(two_tastes, n_epochs=1)
            found.append(continued.items)
        np.testing.assert_array_equal(*found)

    def test_another_config_or_class_is_refused(self, two_tastes):
        earlier = fitted(two_tastes)
        with pytest.raises(ValueError, match="bpr_mf of the same config"):
            BprMf(BprMfConfig(**TINY, seed=1)).start_from(earlier, np.arange(21))
        with pytest.raises(ValueError, match="bpr_mf of the same config"):
            BprMf(BprMfConfig()).start_from(Ease(EaseConfig()), np.arange(21))
