"""The state of a training run between two epochs, on disk: tensors as safetensors, the rest as JSON."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn


@dataclass
class TrainingState:
    """What a run knows besides weights, optimiser moments and random state.

    Attributes:
        fingerprint: Digest of config and data; a checkpoint of another run is not continued.
        epoch: Epochs finished.
        step: Optimiser steps taken.
        best_epoch: The epoch with the best validation so far; 0 for none.
        best_score: Its validation score.
        curve: See `FitReport.curve`.
    """

    fingerprint: str = ""
    epoch: int = 0
    step: int = 0
    best_epoch: int = 0
    best_score: float = float("-inf")
    curve: list[dict[str, float]] = field(default_factory=list)


Weights = dict[str, torch.Tensor]
N_KEPT = 2
STATE_FILE, TENSORS_FILE, DIGEST = "state.json", "state.safetensors", "sha256_of_tensors"


class DamagedCheckpoint(Exception):
    """A checkpoint that cannot be read whole."""


def save_checkpoint(
    folder: Path,
    state: TrainingState,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    best: Weights,
    average: Weights,
) -> None:
    """Write a checkpoint and keep the one before it; a kill in between leaves the older ones usable.

    Both files are on the disk before the folder gets the name under which it is looked for, so what a loss of power may
    damage is at most the newest one.

    Args:
        folder: Created where missing; holds nothing but checkpoints.
        state: The run's state.
        network: Its weights are stored.
        optimiser: Its moments are stored.
        best: The weights of `state.best_epoch`; may be empty.
        average: Their moving average; may be empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unfinished, finished = folder / f"epoch-{state.epoch:05d}.unfinished", folder / f"epoch-{state.epoch:05d}"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    tensors |= {f"best.{name}": tensor for name, tensor in best.items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.items()}
    for parameter, moments in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{parameter}.{name}": tensor for name, tensor in moments.items()}
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    moved = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(moved, unfinished / TENSORS_FILE)
    digest = {DIGEST: _digest(unfinished / TENSORS_FILE)}
    (unfinished / STATE_FILE).write_text(json.dumps(asdict(state) | digest))
    for name in (TENSORS_FILE, STATE_FILE):
        with (unfinished / name).open("rb+") as file:
            os.fsync(file.fileno())
    shutil.rmtree(finished, ignore_errors=True)
    os.replace(unfinished, finished)
    ours = [path for path in _finished(folder) if path.name <= finished.name][:N_KEPT]  # later ones are another run's
    for path in folder.glob("epoch-*"):
        if path not in ours:
            shutil.rmtree(path)


def load_checkpoint(
    folder: Path,
    fingerprint: str,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    on_damage: Callable[[str], None],
) -> tuple[TrainingState, Weights, Weights] | None:
    """Put the newest whole checkpoint's weights, moments and random state back.

    Args:
        folder: As given to `save_checkpoint`; may be missing.
        fingerprint: Of this run.
        network: Receives the weights.
        optimiser: Receives the moments.
        on_damage: Told of each checkpoint that cannot be read; the one before it is taken.

    Returns:
        The state, the best weights and their average; `None` where there is no checkpoint of this very run, and then
        nothing has been changed.
    """
    for path in _finished(folder):
        try:
            found = _read(path, fingerprint)
        except DamagedCheckpoint as damage:
            on_damage(str(damage))
            continue
        return None if found is None else _put_back(*found, network, optimiser)
    return None


def _finished(folder: Path) -> list[Path]:
    """Checkpoints by epoch, the newest first."""
    return sorted((path for path in folder.glob("epoch-*") if path.suffix != ".unfinished"), reverse=True)


def _read(path: Path, fingerprint: str) -> tuple[TrainingState, Weights] | None:
    """What a checkpoint holds; `None` where it is another run's.

    Raises:
        DamagedCheckpoint: A file is missing, cut off or not as it was written.
    """
    try:
        said = json.loads((path / STATE_FILE).read_text())
        digest = said.pop(DIGEST)
        state = TrainingState(**said)
        if state.fingerprint != fingerprint:
            return None
        if _digest(path / TENSORS_FILE) != digest:
            raise DamagedCheckpoint(f"{path / TENSORS_FILE} is not as it was written")
        return state, load_file(path / TENSORS_FILE)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedCheckpoint(f"checkpoint {path} cannot be read: {error}") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _put_back(
    state: TrainingState, tensors: Weights, network: nn.Module, optimiser: torch.optim.Optimizer
) -> tuple[TrainingState, Weights, Weights]:
    network.load_state_dict(_under(tensors, "network."))
    moments: dict[int, dict[str, Any]] = {}
    for name, tensor in _under(tensors, "optimiser.").items():
        parameter, _, moment = name.partition(".")
        moments.setdefault(int(parameter), {})[moment] = tensor
    optimiser.load_state_dict({"state": moments, "param_groups": optimiser.state_dict()["param_groups"]})
    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])
    return state, _under(tensors, "best."), _under(tensors, "average.")


def _under(tensors: Weights, prefix: str) -> Weights:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
