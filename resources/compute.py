"""Which device work runs on."""

from models.errors import UserError


def pick_device(wanted: str) -> str:
    """`cpu` or `cuda` for the setting `compute.device`; torch is only imported where the answer depends on it.

    Args:
        wanted: `auto`, `cpu` or `cuda`.

    Raises:
        UserError: `cuda` was asked for and there is none.
    """
    if wanted == "cpu":
        return "cpu"
    import torch

    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise UserError("no CUDA device is visible", "compute.device", "Set it to auto or cpu in sluice.yaml.")
    return "cuda" if available else "cpu"
