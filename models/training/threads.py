"""Explicit thread counts: a machine is shared by several processes, and libraries take all cores by default.

Measured on two cores with three other busy processes: a small SASRec took 0.4 s on one torch thread and 13 s on two,
because OpenMP's threads spin while they wait for one that has no core. So one is the default everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def torch_threads(n_threads: int) -> Iterator[None]:
    """Run torch's CPU kernels on `n_threads` threads, and put the former number back afterwards."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def faiss_threads(n_threads: int) -> Iterator[None]:
    """Run FAISS on `n_threads` OpenMP threads, and put the former number back afterwards."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(n_threads)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
