"""The device a model trains and scores on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.errors import UserError

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda")


def choose_device(device: str) -> torch.device:
    """Turn a setting into a torch device.

    Args:
        device: `cpu`, `cuda`, or `auto` for the GPU where there is one.

    Raises:
        UserError: The name is unknown, or `cuda` was asked for where torch sees no GPU.
    """
    import torch

    if device not in DEVICES:
        raise UserError(f"there is no device {device!r}", "setting device", f"Use one of: {', '.join(DEVICES)}")
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise UserError("torch sees no GPU", "setting device", "Use auto or cpu, or install a CUDA build of torch")
    return torch.device("cuda" if device != "cpu" and available else "cpu")
