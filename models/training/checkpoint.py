"""The state of a training run between two epochs, on disk: tensors as safetensors, the rest as JSON."""

from __future__ import annotations

import json
import os
import shutil
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


def save_checkpoint(
    folder: Path,
    state: TrainingState,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    best: Weights,
    average: Weights,
) -> None:
    """Write a checkpoint, then remove older ones; a kill in between leaves the older one usable.

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
    save_file(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, unfinished / "state.safetensors"
    )
    (unfinished / "state.json").write_text(json.dumps(asdict(state)))
    shutil.rmtree(finished, ignore_errors=True)
    os.replace(unfinished, finished)
    for other in folder.glob("epoch-*"):
        if other != finished:
            shutil.rmtree(other)


def load_checkpoint(
    folder: Path, fingerprint: str, network: nn.Module, optimiser: torch.optim.Optimizer
) -> tuple[TrainingState, Weights, Weights] | None:
    """Put the newest checkpoint's weights, moments and random state back.

    Args:
        folder: As given to `save_checkpoint`; may be missing.
        fingerprint: Of this run.
        network: Receives the weights.
        optimiser: Receives the moments.

    Returns:
        The state, the best weights and their average; `None` where there is no checkpoint of this very run, and then
        nothing has been changed.
    """
    finished = sorted(path for path in folder.glob("epoch-*") if path.suffix != ".unfinished")
    if not finished:
        return None
    state = TrainingState(**json.loads((finished[-1] / "state.json").read_text()))
    if state.fingerprint != fingerprint:
        return None
    tensors = load_file(finished[-1] / "state.safetensors")
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
