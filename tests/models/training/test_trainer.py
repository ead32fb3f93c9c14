import re

import numpy as np
import pytest
import torch

from models.errors import UserError
from models.training.config import TrainingConfig
from models.training.seeds import seeded
from models.training.trainer import Trainer

CPU = torch.device("cpu")


def train(task, n_epochs=None, folder=None, progress=None, **config):
    with seeded(11):
        settings = TrainingConfig(**{"learning_rate": 0.02, "warmup_steps": 2, **config})
        trainer = Trainer(task, settings, CPU, folder, progress or (lambda *_: None))
        return trainer.run(n_epochs)


def weights(task):
    return {name: tensor.clone() for name, tensor in task.network.state_dict().items()}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], rtol=0, atol=0)


def test_the_loss_falls(make_task):
    report = train(make_task(), max_epochs=40)
    assert report.curve[-1]["loss"] < 0.2 * report.curve[0]["loss"]
    assert [point["epoch"] for point in report.curve] == list(range(1, 41))
    assert report.best_epoch == 40
    assert report.seconds > 0


def test_stops_after_patience_and_keeps_the_best_epoch(make_task):
    stopped = make_task([0.1, 0.3, 0.2, 0.3, 0.1, 0.9])
    report = train(stopped, max_epochs=20, patience=3)
    assert [point["validation_ndcg_at_10"] for point in report.curve] == [0.1, 0.3, 0.2, 0.3, 0.1]
    assert report.best_epoch == 2
    two_epochs = make_task()
    train(two_epochs, n_epochs=2)
    assert_same(weights(stopped), weights(two_epochs))


def test_an_exact_number_of_epochs_neither_stops_nor_goes_back(make_task):
    task = make_task([0.9, 0.1, 0.1, 0.1])
    report = train(task, n_epochs=4, patience=1)
    assert (len(report.curve), report.best_epoch) == (4, 4)
    plain = make_task()
    train(plain, n_epochs=4)
    assert_same(weights(task), weights(plain))


def test_trains_in_train_mode_validates_and_ends_in_eval_mode(make_task):
    task = make_task([0.1])
    train(task, max_epochs=1)
    assert task.seen_modes == [True] * 4 + [False]
    assert not task.network.training


def test_same_seed_same_weights_other_seed_other_weights(make_task):
    found = []
    for seed in (1, 1, 2):
        task = make_task()
        train(task, n_epochs=2, seed=seed)
        found.append(weights(task))
    assert_same(found[0], found[1])
    assert not torch.equal(found[0]["0.weight"], found[2]["0.weight"])


def test_progress_counts_steps_of_the_longest_run(make_task):
    calls = []
    train(make_task(), n_epochs=3, progress=lambda *call: calls.append(call))
    assert [call[1:] for call in calls] == [(step, 12) for step in range(1, 13)]


def test_progress_says_loss_validation_pace_and_time_left(make_task, monkeypatch):
    """With a clock that a second passes on at each look, 16 examples a batch."""
    said, seconds = [], iter(range(1_000))
    task = make_task([0.25, 0.5])
    trainer = Trainer(task, TrainingConfig(max_epochs=2), CPU, progress=lambda what, done, total: said.append(what))
    trainer.pace.clock = lambda: float(next(seconds))
    with seeded(11):
        report = trainer.run()
    assert len(said) == 8
    assert re.fullmatch(r"train toy: loss \d\S+, 16 examples/s, at most 7 s left", said[0])
    assert said[3].startswith(f"train toy: loss {report.curve[0]['loss']:.4g}, 16 examples/s, at most 4 s left")
    assert "validation NDCG@10 0.2500, 16 examples/s, at most 3 s left" in said[4]
    assert said[7].endswith("at most 0 s left")


def test_a_diverging_run_says_what_to_lower(make_task):
    task = make_task()
    task.loss = lambda forward, rows: forward(torch.full((1, 5), float("nan"))).sum()
    with pytest.raises(UserError, match="loss of epoch 1 is nan") as error:
        train(task, n_epochs=2)
    assert "learning_rate (now 0.02)" in error.value.mend


class Killed(Exception):
    pass


def killed_in_epoch(epoch):
    def progress(what, done, total):
        if done > (epoch - 1) * 4 + 1:
            raise Killed

    return progress


@pytest.mark.parametrize("kill_in", [1, 3, 4])
def test_resumed_run_ends_with_the_weights_of_an_undisturbed_one(make_task, tmp_path, kill_in):
    scores = [0.1, 0.4, 0.2, 0.3, 0.2]
    undisturbed = make_task(scores)
    expected = train(undisturbed, max_epochs=5)
    with pytest.raises(Killed):
        train(make_task(scores), max_epochs=5, folder=tmp_path, progress=killed_in_epoch(kill_in))
    resumed = make_task(scores[kill_in - 1 :])
    report = train(resumed, max_epochs=5, folder=tmp_path)
    assert_same(weights(resumed), weights(undisturbed))
    assert report.curve == expected.curve
    assert report.best_epoch == expected.best_epoch == 2


def test_a_finished_run_is_not_run_again(make_task, tmp_path):
    first = make_task([0.5, 0.4])
    train(first, max_epochs=2, folder=tmp_path)
    again = make_task([])
    train(again, max_epochs=2, folder=tmp_path)
    assert_same(weights(again), weights(first))
    assert again.seen_modes == []


def test_checkpoint_of_another_run_is_not_continued(make_task, tmp_path):
    train(make_task(fingerprint="yesterday"), n_epochs=2, folder=tmp_path)
    task, fresh = make_task(fingerprint="today"), make_task()
    report = train(task, n_epochs=1, folder=tmp_path)
    train(fresh, n_epochs=1)
    assert len(report.curve) == 1
    assert_same(weights(task), weights(fresh))


def test_a_kill_while_writing_leaves_the_older_checkpoint(make_task, tmp_path):
    train(make_task(), n_epochs=2, folder=tmp_path)
    unfinished = tmp_path / "epoch-00003.unfinished"
    unfinished.mkdir()
    (unfinished / "state.json").write_text("{")
    task, undisturbed = make_task(), make_task()
    report = train(task, n_epochs=3, folder=tmp_path)
    train(undisturbed, n_epochs=3)
    assert len(report.curve) == 3
    assert_same(weights(task), weights(undisturbed))
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-00003"]


@pytest.mark.parametrize(
    ("field", "value"), [("learning_rate", 0.1), ("warmup_steps", 8), ("weight_decay", 5.0), ("seed", 7)]
)
def test_optimiser_settings_change_the_weights(make_task, field, value):
    base, changed = make_task(), make_task()
    train(base, n_epochs=2)
    train(changed, n_epochs=2, **{field: value})
    assert not torch.equal(weights(base)["0.weight"], weights(changed)["0.weight"])


def test_biases_are_not_decayed(make_task):
    task = make_task()
    trainer = Trainer(task, TrainingConfig(weight_decay=0.3), CPU)
    decays = {id(p): group["weight_decay"] for group in trainer.optimiser.param_groups for p in group["params"]}
    assert {name: decays[id(p)] for name, p in task.network.named_parameters()} == {
        "0.weight": 0.3,
        "0.bias": 0.0,
        "2.weight": 0.3,
        "2.bias": 0.0,
    }


def test_first_steps_are_small(make_task):
    task = make_task()
    before = weights(task)["0.weight"]
    steps = []
    trainer = Trainer(task, TrainingConfig(learning_rate=0.1, warmup_steps=3), CPU)
    for rows in np.array_split(np.arange(64), 5):
        trainer.network.train()
        trainer._step([rows])
        steps.append(trainer.optimiser.param_groups[0]["lr"])
    assert steps == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1])
    assert not torch.equal(weights(task)["0.weight"], before)


class TestFallingStepSize:
    @staticmethod
    def step_sizes(task, folder=None, progress=None, **config):
        """Of each step, as the optimiser had them; warm-up left out."""
        seen, plain = [], Trainer._step

        def look(trainer, *arguments):
            loss = plain(trainer, *arguments)
            seen.append(trainer.optimiser.param_groups[0]["lr"])
            return loss

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Trainer, "_step", look)
            train(task, folder=folder, progress=progress, learning_rate=0.08, warmup_steps=0, **config)
        return seen

    def test_hand_worked_over_two_epochs_of_four_steps(self, make_task):
        eighths = [0.08, 0.07, 0.06, 0.05, 0.04, 0.03, 0.02, 0.01]
        assert self.step_sizes(make_task(), max_epochs=2, schedule="linear") == pytest.approx(eighths)
        assert self.step_sizes(make_task(), n_epochs=2, schedule="linear") == pytest.approx(eighths)
        halved = [0.04 + eighth / 2 for eighth in eighths]
        found = self.step_sizes(make_task(), max_epochs=2, schedule="linear", final_learning_rate_share=0.5)
        assert found == pytest.approx(halved)
        cosine = self.step_sizes(make_task(), max_epochs=2, schedule="cosine")
        assert [cosine[0], cosine[2], cosine[4]] == pytest.approx([0.08, 0.04 * (1 + 0.5**0.5), 0.04])
        assert self.step_sizes(make_task(), max_epochs=2) == [0.08] * 8

    def test_a_killed_run_resumes_to_the_same_steps_and_weights(self, make_task, tmp_path):
        settings = {"max_epochs": 4, "schedule": "cosine"}
        undisturbed, resumed = make_task(), make_task()
        expected = self.step_sizes(undisturbed, **settings)

        def kill(what, done, total):
            if done > 0.6 * total:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self.step_sizes(make_task(), folder=tmp_path, progress=kill, **settings)
        assert self.step_sizes(resumed, folder=tmp_path, **settings) == expected[8:]
        assert_same(weights(resumed), weights(undisturbed))


class TestAveraging:
    def test_the_average_is_validated_and_kept(self, make_task):
        """The network's weights jump to and fro; what validation sees and what is left lies between."""
        seen = []
        task = make_task([0.1, 0.2, 0.3])
        validate = task.validate

        def look():
            seen.append(weights(task))
            return validate()

        task.validate = look
        train(task, max_epochs=3, averaging=0.9)
        assert_same(weights(task), seen[-1])
        plain = make_task([0.1, 0.2, 0.3])
        train(plain, max_epochs=3)
        assert any(not torch.equal(weights(plain)[name], tensor) for name, tensor in weights(task).items())

    def test_the_average_takes_no_part_in_the_steps(self, make_task):
        plain, averaged = (train(make_task(), n_epochs=3, averaging=kept) for kept in (0.0, 0.9))
        assert [point["loss"] for point in plain.curve] == [point["loss"] for point in averaged.curve]

    def test_without_validation_the_average_is_kept_too(self, make_task):
        plain, averaged = make_task(), make_task()
        train(plain, n_epochs=2)
        train(averaged, n_epochs=2, averaging=0.9)
        assert any(not torch.equal(weights(plain)[name], tensor) for name, tensor in weights(averaged).items())

    def test_a_killed_run_resumes_to_the_same_average(self, make_task, tmp_path):
        undisturbed = make_task([0.1, 0.2, 0.3, 0.4])
        train(undisturbed, max_epochs=4, averaging=0.9)

        def kill(what, done, total):
            if done > 0.6 * total:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train(make_task([0.1, 0.2, 0.3, 0.4]), folder=tmp_path, progress=kill, max_epochs=4, averaging=0.9)
        resumed = make_task([0.3, 0.4])
        train(resumed, folder=tmp_path, max_epochs=4, averaging=0.9)
        assert_same(weights(resumed), weights(undisturbed))
