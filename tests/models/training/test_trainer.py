import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from models.errors import UserError
from models.retrieval.interactions import Interactions
from models.retrieval.registry import new_retriever
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


def test_checkpoints_of_another_run_that_came_further_do_not_crowd_out_this_runs(make_task, tmp_path):
    train(make_task(fingerprint="yesterday"), n_epochs=5, folder=tmp_path)
    train(make_task(fingerprint="today"), n_epochs=1, folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-00001"]
    continued, whole = make_task(fingerprint="today"), make_task()
    assert len(train(continued, n_epochs=2, folder=tmp_path).curve) == 2
    train(whole, n_epochs=2)
    assert_same(weights(continued), weights(whole))


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
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch-00002", "epoch-00003"]


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-100])


def emptied(path):
    path.write_bytes(b"")


def turn_a_bit(path):
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(content)


class TestDamagedCheckpoint:
    """As after a loss of power: the newest one is not whole."""

    @pytest.mark.parametrize(
        ("name", "damage"),
        [
            *(("state.json", damage) for damage in (cut_off, emptied, Path.unlink)),
            *(("state.safetensors", damage) for damage in (cut_off, emptied, Path.unlink, turn_a_bit)),
        ],
    )
    def test_training_goes_on_from_the_one_before_and_says_so(self, make_task, tmp_path, name, damage):
        train(make_task(), n_epochs=3, folder=tmp_path)
        damage(tmp_path / "epoch-00003" / name)
        said, task, undisturbed = [], make_task(), make_task()
        report = train(task, n_epochs=4, folder=tmp_path, progress=lambda *call: said.append(call))
        expected = train(undisturbed, n_epochs=4)
        assert_same(weights(task), weights(undisturbed))
        assert report.curve == expected.curve
        assert report.notes == {"damaged_checkpoints": 1}
        assert "epoch-00003" in said[0][0] and "going on from the one before" in said[0][0]
        assert said[1][1] == 9  # the first batch after two epochs of four

    def test_with_none_left_training_begins_again(self, make_task, tmp_path):
        train(make_task(), n_epochs=2, folder=tmp_path)
        for name in ("epoch-00001", "epoch-00002"):
            cut_off(tmp_path / name / "state.safetensors")
        task, fresh = make_task(), make_task()
        report = train(task, n_epochs=1, folder=tmp_path)
        train(fresh, n_epochs=1)
        assert report.notes == {"damaged_checkpoints": 2}
        assert_same(weights(task), weights(fresh))


KILLED = """
import os, signal, sys
from pathlib import Path
from models.retrieval.interactions import Interactions
from models.retrieval.registry import new_retriever

def progress(what, done, total):
    if done == total // 2 + 2:
        os.kill(os.getpid(), signal.SIGKILL)

retriever = new_retriever("sasrec", {"embedding_size": 16, "max_epochs": 4, "batch_tokens": 64, "n_negatives": 8})
retriever.checkpoint_folder = Path(sys.argv[2])
retriever.fit(Interactions.load(Path(sys.argv[1])), progress=progress)
"""


def test_a_process_killed_in_an_epoch_resumes_to_identical_weights(tmp_path):
    rng = np.random.default_rng(0)
    data = Interactions(
        user_ids=np.array([f"u{user}" for user in range(40)], dtype=object),
        item_ids=np.array([f"i{item}" for item in range(30)], dtype=object),
        offsets=np.arange(41, dtype=np.int64) * 9,
        items=rng.integers(30, size=360).astype(np.int32),
        times=np.arange(360, dtype=np.int64),
        weights=np.ones(360, dtype=np.float32),
    )
    (tmp_path / "data").mkdir()
    data.save(tmp_path / "data")
    words = [sys.executable, "-c", KILLED, str(tmp_path / "data"), str(tmp_path / "checkpoints")]
    assert subprocess.run(words, capture_output=True).returncode == -9
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["epoch-00001", "epoch-00002"]
    settings = {"embedding_size": 16, "max_epochs": 4, "batch_tokens": 64, "n_negatives": 8}
    undisturbed, resumed = new_retriever("sasrec", settings), new_retriever("sasrec", settings)
    resumed.checkpoint_folder = tmp_path / "checkpoints"
    expected, report = undisturbed.fit(data), resumed.fit(data)
    assert report.curve == expected.curve
    np.testing.assert_array_equal(resumed.item_vectors(), undisturbed.item_vectors())
