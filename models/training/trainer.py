"""The one training loop: AdamW, early stopping on validation, a curve, checkpoints. Any torch model brings a task."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from models.errors import UserError
from models.retrieval.contract import FitReport, Progress, no_progress
from models.training.allocator import kept_memory
from models.training.averaging import MovingAverage
from models.training.batch_parts import BatchParts, memory_ran_out
from models.training.checkpoint import TrainingState, Weights, load_checkpoint, save_checkpoint
from models.training.config import TrainingConfig
from models.training.pace import Pace
from models.training.schedule import share_of_learning_rate

Batch = np.ndarray
"""Indices of the examples of a batch; what they index is the task's business."""

VALIDATION = "validation_ndcg_at_10"

Forward = Callable[..., torch.Tensor]
"""The network, compiled or not."""


@dataclass
class TrainingTask:
    """What a model tells the trainer.

    Attributes:
        name: Shown with the progress and in errors.
        network: On its device; its weights are trained in place.
        batches: The batches of one epoch, drawn from the generator given.
        loss: Scalar loss of one batch. Calls the forward it is given: the network, compiled on a GPU.
        size: How much of the mean that the loss is comes from some of a batch's examples, as compared with the others:
            the number of terms. A batch in parts is the mean of the parts' losses by it.
        validate: Higher is better; called in eval mode after each epoch. `None` for no validation.
        fingerprint: Digest of config and data, see `TrainingState`.
    """

    name: str
    network: nn.Module
    batches: Callable[[np.random.Generator], Sequence[Batch]]
    loss: Callable[[Forward, Batch], torch.Tensor]
    size: Callable[[Batch], float] = len
    validate: Callable[[], float] | None = None
    fingerprint: str = ""


class Trainer:
    """Trains one task.

    On a GPU the network is compiled and runs in bf16 (weights and optimiser stay float32); on a CPU neither, since
    both are slower there at these sizes. The caller seeds torch's generators (`models.training.seeds`); the order of
    batches depends on the seed and the epoch alone.

    Where memory runs out in a step, the step is taken again with its batch in two parts, whose gradients are added, and
    so are all later ones; then in four, and so on. What is drawn (dropout, negatives) is drawn for each part by itself,
    otherwise the step is the same up to rounding. A loss whose negatives are the rest of the batch sees only those of
    its part: the same loss as if batches were smaller, with the mean of several of them taken in a step. So it is with
    `accumulation_steps`, by which a step takes several batches.

    Args:
        task: What to train.
        config: How.
        device: Where the task's network is.
        checkpoint_folder: Where to write and continue a checkpoint after every epoch; `None` for no checkpoints.
        progress: Called after each step with what `Pace` says, the batches done and those of the longest possible run.
    """

    def __init__(
        self,
        task: TrainingTask,
        config: TrainingConfig,
        device: torch.device,
        checkpoint_folder: Path | None = None,
        progress: Progress = no_progress,
    ):
        self.task, self.config, self.device = task, config, device
        self.checkpoint_folder, self.progress = checkpoint_folder, progress
        self.network = task.network
        self.called: Forward = torch.compile(task.network, dynamic=True) if device.type == "cuda" else task.network
        self.optimiser = _adamw(task.network, config)
        self.state = TrainingState(fingerprint=task.fingerprint)
        self.best: Weights = {}
        self.average = MovingAverage(task.network, config.averaging) if config.averaging else None
        self.parts, self.n_damaged = BatchParts(), 0
        self.at, self.first_epoch, self.pace = (0, 1), 0, Pace(f"train {task.name}")

    def run(self, n_epochs: int | None = None) -> FitReport:
        """Train to the end.

        Args:
            n_epochs: Train exactly this long and keep the last weights. `None` stops early where the task validates,
                and then keeps the best epoch's weights; otherwise it trains for `max_epochs`.

        Raises:
            UserError: The loss stopped being finite.
        """
        with kept_memory():
            return self._run(n_epochs)

    def _run(self, n_epochs: int | None) -> FitReport:
        started = time.perf_counter()
        if self.checkpoint_folder is not None:
            self._load(self.checkpoint_folder)
        self.first_epoch = self.state.epoch
        last_epoch = self.config.max_epochs if n_epochs is None else n_epochs
        stops_early = n_epochs is None and self.task.validate is not None
        while self.state.epoch < last_epoch and not (stops_early and self._has_stalled()):
            self._epoch(last_epoch)
            if self.checkpoint_folder is not None:
                average = self.average.weights if self.average else {}
                save_checkpoint(self.checkpoint_folder, self.state, self.network, self.optimiser, self.best, average)
        if stops_early and self.best:
            self.network.load_state_dict(self.best)
        elif self.average:
            self.network.load_state_dict(self.average.weights, strict=False)
        self.network.eval()
        best_epoch = self.state.best_epoch if stops_early else self.state.epoch
        notes = {"parts_of_a_batch": self.parts.n_parts} if self.parts.n_parts > 1 else {}
        if self.n_damaged:
            notes["damaged_checkpoints"] = self.n_damaged
        return FitReport(self.state.curve, best_epoch, time.perf_counter() - started, notes)

    def _load(self, folder: Path) -> None:
        found = load_checkpoint(folder, self.task.fingerprint, self.network, self.optimiser, self._on_damage)
        if found is not None:
            self.state, self.best, average = found
            if self.average:
                self.average.weights = {name: tensor.to(self.device) for name, tensor in average.items()}

    def _on_damage(self, words: str) -> None:
        self.n_damaged += 1
        self.progress(f"train {self.task.name}: {words}; going on from the one before", *self.at)

    def _has_stalled(self) -> bool:
        return self.state.epoch - self.state.best_epoch >= self.config.patience

    def _epoch(self, last_epoch: int) -> None:
        batches = self.task.batches(np.random.default_rng([self.config.seed, self.state.epoch]))
        self.network.train()
        if self.state.epoch == self.first_epoch:
            self.pace.begin(self.first_epoch * len(batches))
        total = torch.zeros((), device=self.device)
        for start in range(0, len(batches), self.config.accumulation_steps):
            group = batches[start : start + self.config.accumulation_steps]
            total += self._step(group, (self.state.epoch + start / len(batches)) / last_epoch) * len(group)
            n_done = start + len(group)
            self.at = self.state.epoch * len(batches) + n_done, last_epoch * len(batches)
            self._say(group, total, n_done)
        self.state.epoch += 1
        loss = total.item() / max(len(batches), 1)
        if not math.isfinite(loss):
            raise UserError(
                f"the loss of epoch {self.state.epoch} is {loss}",
                f"training of {self.task.name}",
                f"Lower its learning_rate (now {self.config.learning_rate})",
            )
        self.state.curve.append({"epoch": float(self.state.epoch), "loss": loss} | self._validated())

    def _say(self, group: Sequence[Batch], total: torch.Tensor, n_done: int) -> None:
        """Tell the progress of some batches more, after `n_done` of the epoch, whose losses add up to `total`."""

        def loss() -> float:
            return total.item() / n_done

        n_examples = sum(self.task.size(batch) for batch in group)
        validation = self.state.curve[-1].get(VALIDATION) if self.state.curve else None
        self.progress(self.pace.say(*self.at, n_examples, loss, validation), *self.at)

    def _step(self, batches: Sequence[Batch], through: float = 0.0) -> torch.Tensor:
        """One step, by all of some batches, of a run that is `through`, 0 to 1."""
        warm = min(1.0, (self.state.step + 1) / (self.config.warmup_steps + 1))
        share = share_of_learning_rate(self.config.schedule, through, self.config.final_learning_rate_share)
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * warm * share
        loss = self._gradients(batches)
        self.optimiser.step()
        if self.average:
            self.average.update(self.state.step)
        self.state.step += 1
        return loss

    def _gradients(self, batches: Sequence[Batch]) -> torch.Tensor:
        """The batches' loss, and its gradients in the weights; in parts where memory runs out."""
        while True:
            try:
                return self._summed([part for batch in batches for part in self.parts.of(batch)])
            except (RuntimeError, MemoryError) as error:
                if not memory_ran_out(error):
                    raise
            # Only here, behind the handler, does nothing hold the activations any more.
            self.optimiser.zero_grad(set_to_none=True)
            self.parts.double(self.task.name, max(len(batch) for batch in batches))
            self.progress(f"train {self.task.name}: memory ran out, batches in {self.parts.n_parts} parts", *self.at)

    def _summed(self, parts: Sequence[Batch]) -> torch.Tensor:
        """The mean loss of some parts by their size, and its gradients."""
        self.optimiser.zero_grad(set_to_none=True)
        sizes = [self.task.size(part) for part in parts] if len(parts) > 1 else [1]
        total = torch.zeros((), device=self.device)
        for part, size in zip(parts, sizes, strict=True):
            with torch.autocast("cuda", dtype=torch.bfloat16) if self.device.type == "cuda" else nullcontext():
                loss = self.task.loss(self.called, part)
            if len(parts) > 1:
                loss = loss * (size / sum(sizes))
            loss.backward()
            total += loss.detach()
        return total

    def _validated(self) -> dict[str, float]:
        if self.task.validate is None:
            return {}
        self.network.eval()
        with self.average.in_place() if self.average else nullcontext():
            score = self.task.validate()
            if score > self.state.best_score:
                self.state.best_score, self.state.best_epoch = score, self.state.epoch
                self.best = {name: tensor.detach().clone() for name, tensor in self.network.state_dict().items()}
        return {VALIDATION: score}


def _adamw(network: nn.Module, config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW that decays matrices and embeddings, not biases and norms (Loshchilov and Hutter 2019, Alg. 2)."""
    matrices = [parameter for parameter in network.parameters() if parameter.ndim >= 2]
    vectors = [parameter for parameter in network.parameters() if parameter.ndim < 2]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)
