"""Torch's random numbers from one explicit seed, without disturbing those of the rest of the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw everything inside from `seed` (CPU and GPU), and restore the generators' states afterwards."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
