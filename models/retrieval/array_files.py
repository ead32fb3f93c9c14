"""Arrays and sparse matrices of a stored model: one `.npy` file each, never pickled.

SciPy's `save_npz` zips a matrix into one file; plain `.npy` files can be memory-mapped, and are all that a reader needs
to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MATRIX_ARRAYS = ("indptr", "indices", "data")


def save_arrays(folder: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write `<name>.npy` of each array.

    Args:
        folder: An existing folder.
        arrays: By name; no objects.

    Raises:
        ValueError: An array holds objects.
    """
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def load_arrays(folder: Path, names: Sequence[str], mapped: bool = False) -> dict[str, np.ndarray]:
    """Read what `save_arrays` wrote, by name and in the order of the names.

    Args:
        folder: Where they are.
        names: Which.
        mapped: Memory-mapped read-only, in place of read whole.

    Raises:
        ValueError: A file holds objects, which would have to be unpickled.
    """
    mode: Literal["r"] | None = "r" if mapped else None
    return {name: np.load(folder / f"{name}.npy", mmap_mode=mode, allow_pickle=False) for name in names}


def save_matrix(folder: Path, matrix: csr_matrix) -> None:
    """Write a matrix as `indptr.npy`, `indices.npy` and `data.npy`."""
    save_arrays(folder, {name: getattr(matrix, name) for name in MATRIX_ARRAYS})


def load_matrix(folder: Path, n_columns: int | None = None) -> csr_matrix:
    """Read what `save_matrix` wrote.

    Args:
        folder: Where it is.
        n_columns: `None`: it is square.
    """
    from scipy.sparse import csr_matrix

    indptr, indices, data = load_arrays(folder, MATRIX_ARRAYS).values()
    n_rows = len(indptr) - 1
    return csr_matrix((data, indices, indptr), (n_rows, n_rows if n_columns is None else n_columns))
