"""Memory that runs out in a step, on a real small network that pretends to need too much."""

import numpy as np
import pytest
import torch

from models.errors import UserError
from models.training.batch_parts import BatchParts, memory_ran_out
from models.training.config import TrainingConfig
from models.training.trainer import Trainer, TrainingTask

CPU = torch.device("cpu")
LENGTHS = np.array([4, 4, 3, 3, 2, 1, 1, 1])
"""Rows of a batch and how many terms each has: parts of equal rows are no parts of equal terms."""


def out_of_cuda():
    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")


def out_of_ram():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50)
    return caught.value


class Rows:
    """The mean over all terms of some rows' squared errors; raises above a number of rows."""

    def __init__(self, most_rows, error=out_of_cuda):
        generator = torch.Generator().manual_seed(0)
        self.features = torch.randn(len(LENGTHS), 4, 5, generator=generator)
        torch.manual_seed(1)
        self.network = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
        self.most_rows, self.error, self.sizes = most_rows, error, []

    def loss(self, forward, rows):
        self.sizes.append(len(rows))
        found = forward(self.features[rows]).squeeze(-1)
        if len(rows) > self.most_rows:
            raise self.error()
        inside = torch.arange(4) < torch.from_numpy(LENGTHS[rows])[:, None]
        return (found - 1).square()[inside].mean()

    def task(self, n_batches=3):
        return TrainingTask(
            name="toy",
            network=self.network,
            batches=lambda rng: [np.arange(8)] * n_batches,
            loss=self.loss,
            size=lambda rows: float(LENGTHS[rows].sum()),
        )


def trained(most_rows, n_batches=3, error=out_of_cuda, **settings):
    rows, said = Rows(most_rows, error), []
    trainer = Trainer(rows.task(n_batches), TrainingConfig(**settings), CPU, progress=lambda *call: said.append(call))
    report = trainer.run(1)
    return rows, report, said


@pytest.mark.parametrize("error", [out_of_cuda, out_of_ram, MemoryError])
@pytest.mark.parametrize(("most_rows", "n_parts"), [(4, 2), (3, 4), (1, 8)])
def test_a_step_in_parts_is_the_whole_step(most_rows, n_parts, error):
    whole, expected, _ = trained(8)
    parts, report, _ = trained(most_rows, error=error)
    assert report.notes == {"parts_of_a_batch": n_parts}
    assert expected.notes == {}
    assert report.curve[0]["loss"] == pytest.approx(expected.curve[0]["loss"], rel=1e-5)
    for name, tensor in whole.network.state_dict().items():
        torch.testing.assert_close(parts.network.state_dict()[name], tensor, rtol=1e-4, atol=1e-6)


def test_later_batches_are_cut_at_once_and_it_is_said_once():
    rows, _, said = trained(4)
    assert rows.sizes == [8, 4, 4, 4, 4, 4, 4]
    assert [what for what, _, _ in said].count("train toy: memory ran out, batches in 2 parts") == 1


def test_a_single_example_that_does_not_fit_is_the_users_to_mend():
    with pytest.raises(UserError, match="memory ran out with a single example") as caught:
        trained(0)
    assert "compute.device" in caught.value.mend


@pytest.mark.parametrize("most_rows", [8, 3])
def test_accumulated_batches_are_one_large_one(most_rows):
    """Two batches of unequal lengths for a step, each cut further where memory runs out."""
    large, halves = Rows(8), Rows(most_rows)
    small = halves.task()
    small.batches = lambda rng: [np.arange(5), np.arange(5, 8)] * 3
    Trainer(large.task(), TrainingConfig(), CPU).run(1)
    report = Trainer(small, TrainingConfig(accumulation_steps=2), CPU).run(1)
    assert np.isfinite(report.curve[0]["loss"])
    for name, tensor in large.network.state_dict().items():
        torch.testing.assert_close(halves.network.state_dict()[name], tensor, rtol=1e-4, atol=1e-6)


def test_the_last_step_takes_what_is_left():
    calls, rows = [], Rows(8)
    task = rows.task(n_batches=5)
    trainer = Trainer(task, TrainingConfig(accumulation_steps=2), CPU, progress=lambda *call: calls.append(call[1:]))
    trainer.run(2)
    assert calls == [(2, 10), (4, 10), (5, 10), (7, 10), (9, 10), (10, 10)]
    assert trainer.state.step == 6


def test_other_errors_are_not_swallowed():
    with pytest.raises(RuntimeError, match="shapes"):
        trained(4, error=lambda: RuntimeError("shapes do not fit"))


def test_memory_that_ran_out_is_known():
    assert all(memory_ran_out(error()) for error in (out_of_cuda, out_of_ram, MemoryError))
    assert not memory_ran_out(ValueError("can't allocate memory"))


def test_parts_keep_the_order():
    parts = BatchParts()
    assert [part.tolist() for part in parts.of(np.arange(5))] == [[0, 1, 2, 3, 4]]
    parts.double("toy", 5)
    assert [part.tolist() for part in parts.of(np.arange(5))] == [[0, 1, 2], [3, 4]]
    assert [part.tolist() for part in parts.of(np.arange(1))] == [[0]]
