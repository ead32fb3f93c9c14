import numpy as np
import pytest
import torch
from pydantic import ValidationError

from models.retrieval.ease import Ease, EaseConfig
from models.retrieval.recommend import recommend
from models.sequential.sasrec import SASRec, SASRecConfig

TINY = {"embedding_size": 16, "n_heads": 2, "max_epochs": 2, "n_negatives": 32, "max_length": 8, "warmup_steps": 3}


def hit_rate(retriever, histories, targets):
    items, _ = recommend(retriever, histories, np.arange(histories.n_users), k=1)
    return (items[:, 0] == targets).mean()


def test_learns_an_order_that_ease_cannot_see(same_bag_different_order):
    train, histories, targets = same_bag_different_order
    settings = {"embedding_size": 32, "dropout": 0.0, "learning_rate": 1e-2, "n_negatives": 64, "batch_tokens": 512}
    sasrec, ease = SASRec(SASRecConfig(**settings)), Ease(EaseConfig(l2=1.0))
    sasrec.fit(train, n_epochs=40)
    ease.fit(train)
    assert hit_rate(ease, histories, targets) < 0.3
    assert hit_rate(sasrec, histories, targets) > 0.95


def test_overfits_one_batch(interactions):
    rng = np.random.default_rng(0)
    train = interactions([rng.permutation(40)[:9].tolist() for _ in range(6)], n_items=40)
    config = SASRecConfig(embedding_size=32, dropout=0.0, weight_decay=0.0, learning_rate=1e-2, n_negatives=200)
    report = SASRec(config).fit(train, n_epochs=150)
    assert report.curve[0]["loss"] > 3
    assert report.curve[-1]["loss"] < 0.05


def fit_scores(walks, validated=False, **settings):
    train, validation = walks
    retriever = SASRec(SASRecConfig(**{**TINY, **settings}))
    report = retriever.fit(train, validation if validated else None)
    return retriever.scores(train, np.arange(train.n_users)), report


def test_patience_is_the_number_of_epochs_without_gain(walks):
    for patience in (1, 3):
        _, report = fit_scores(walks, validated=True, max_epochs=30, learning_rate=1e-8, patience=patience)
        assert len(report.curve) - report.best_epoch == patience


def test_validation_users_bound_the_validation(walks):
    curves = [fit_scores(walks, validated=True, n_validation_users=n)[1].curve for n in (60, 7)]
    assert curves[0][0]["loss"] == curves[1][0]["loss"]
    assert curves[0] != curves[1]


def test_threads_are_the_configured_ones_while_fitting_and_scoring(walks):
    seen = []
    before = torch.get_num_threads()
    retriever = SASRec(SASRecConfig(**TINY, n_threads=before + 1))
    retriever.fit(walks[0], progress=lambda *_: seen.append(torch.get_num_threads()), n_epochs=1)
    assert set(seen) == {before + 1}
    assert torch.get_num_threads() == before
    retriever.network.register_forward_hook(lambda *_: seen.append(-torch.get_num_threads()))
    retriever.scores(walks[0], np.array([0]))
    assert seen[-1] == -(before + 1)


def test_heads_must_divide_the_size():
    with pytest.raises(ValidationError, match="n_heads"):
        SASRecConfig(embedding_size=10, n_heads=4)


def test_early_stopping_finds_the_walk(walks):
    _, report = fit_scores(walks, validated=True, max_epochs=60, learning_rate=0.01, dropout=0.1)
    scores = [point["validation_ndcg_at_10"] for point in report.curve]
    assert report.best_epoch == int(np.argmax(scores)) + 1
    assert max(scores) > 0.8


@pytest.mark.parametrize("change", ["config", "items", "validation", "n_epochs"])
def test_checkpoint_of_other_data_or_config_is_not_continued(walks, interactions, tmp_path, change):
    train, validation = walks
    config = SASRecConfig(**TINY)
    SASRec(config, checkpoint_folder=tmp_path).fit(train, validation)
    n_epochs = None
    if change == "config":
        config = SASRecConfig(**TINY, dropout=0.31)
    elif change == "items":
        train = interactions([train.history(user)[::-1].tolist() for user in range(train.n_users)], n_items=25)
    elif change == "validation":
        validation = None
    else:
        n_epochs = 1
    fresh, continued = SASRec(config), SASRec(config, checkpoint_folder=tmp_path)
    reports = [retriever.fit(train, validation, n_epochs=n_epochs) for retriever in (fresh, continued)]
    assert reports[0].curve == reports[1].curve


def test_because_of_is_the_nearest_by_cosine(walks):
    retriever = SASRec(SASRecConfig(**TINY))
    retriever.fit(walks[0])
    vectors = retriever.item_vectors().astype(np.float64)
    history, items = np.array([3, 9, 9, 14]), np.array([0, 10, 20])

    def cosine(a, b):
        return vectors[a] @ vectors[b] / np.linalg.norm(vectors[a]) / np.linalg.norm(vectors[b])

    expected = [max(history, key=lambda seen, item=item: cosine(seen, item)) for item in items]
    assert retriever.because_of(history, items).tolist() == expected


def test_using_it_before_fitting_is_an_error(walks):
    with pytest.raises(RuntimeError, match="neither fitted nor loaded"):
        SASRec(SASRecConfig()).scores(walks[0], np.array([0]))


class TestContinuing:
    def test_one_epoch_from_an_earlier_model_is_worth_many_from_the_beginning(self, same_bag_different_order):
        train, histories, targets = same_bag_different_order
        settings = {"embedding_size": 32, "dropout": 0.0, "learning_rate": 1e-2, "n_negatives": 64, "batch_tokens": 512}
        earlier, anew, continued = (SASRec(SASRecConfig(**settings)) for _ in range(3))
        earlier.fit(train, n_epochs=40)
        anew.fit(train, n_epochs=1)
        continued.start_from(earlier, np.arange(train.n_items))
        report = continued.fit(train, n_epochs=1)
        assert report.best_epoch == 1
        assert hit_rate(anew, histories, targets) < 0.3
        assert hit_rate(continued, histories, targets) > 0.95

    def test_items_keep_their_vectors_where_the_vocabulary_grew_and_was_sorted_anew(self, walks):
        train, _ = walks
        earlier = SASRec(SASRecConfig(**TINY))
        earlier.fit(train)
        positions = np.concatenate([[-1], np.arange(train.n_items)[::-1], [-1]])
        continued = SASRec(SASRecConfig(**TINY))
        continued.start_from(earlier, positions)
        network = continued.first_network(len(positions))
        first = network.items.weight.detach().numpy()
        assert np.array_equal(first[1:-1], earlier.item_vectors()[::-1])
        assert 0 < np.abs(first[[0, -1]]).max() < 0.2
        for name, tensor in network.state_dict().items():
            if name != "items.weight":
                assert torch.equal(tensor, earlier.network.state_dict()[name])

    def test_the_earlier_model_is_left_alone(self, walks):
        train, _ = walks
        earlier, continued = SASRec(SASRecConfig(**TINY)), SASRec(SASRecConfig(**TINY))
        earlier.fit(train)
        before = earlier.item_vectors().copy()
        continued.start_from(earlier, np.arange(train.n_items))
        continued.fit(train, n_epochs=1)
        assert np.array_equal(earlier.item_vectors(), before)
        assert not np.array_equal(continued.item_vectors(), before)

    def test_another_config_or_class_is_refused(self, walks):
        train, _ = walks
        earlier, ease = SASRec(SASRecConfig(**TINY)), Ease(EaseConfig())
        earlier.fit(train)
        with pytest.raises(ValueError, match="same config"):
            SASRec(SASRecConfig(**TINY, seed=1)).start_from(earlier, np.arange(25))
        with pytest.raises(ValueError, match="same config"):
            SASRec(SASRecConfig(**TINY)).start_from(ease, np.arange(25))
        with pytest.raises(TypeError, match="cannot continue"):
            ease.start_from(ease, np.arange(25))
