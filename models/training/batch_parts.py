"""Batches cut in parts when memory runs out: the gradients of the parts add up to those of the whole."""

from __future__ import annotations

import numpy as np
import torch

from models.errors import UserError

CPU_RAN_OUT = ("can't allocate memory", "not enough memory")
"""What torch's CPU allocator says in a plain RuntimeError."""


def memory_ran_out(error: BaseException) -> bool:
    """Whether an error says that a GPU or the machine had no memory left."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in CPU_RAN_OUT)


class BatchParts:
    """How many parts a batch is cut in: one, until memory runs out, and from then on twice as many each time.

    Attributes:
        n_parts: Parts of a batch; one of fewer examples has as many parts as examples.
    """

    def __init__(self) -> None:
        self.n_parts = 1

    def of(self, batch: np.ndarray) -> list[np.ndarray]:
        """The batch in parts of like size, in its order."""
        return [batch] if self.n_parts == 1 else np.array_split(batch, min(self.n_parts, len(batch)))

    def double(self, name: str, largest: int) -> None:
        """Cut batches in twice as many parts from now on, and let the device have back what is not in use.

        Args:
            name: What is trained, for the message.
            largest: Examples in the largest of the batches that did not fit.

        Raises:
            UserError: Its parts were single examples already.
        """
        if self.n_parts >= largest:
            raise UserError(
                "memory ran out with a single example at a time",
                f"training of {name}",
                "Lower its embedding_size, n_negatives or max_length, or set compute.device to cpu",
            )
        self.n_parts *= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
