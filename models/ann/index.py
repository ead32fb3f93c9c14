"""An index over vectors: searched by inner product or cosine, saved, loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from models.ann.config import AnnIndexConfig
from models.ann.faiss_index import library, search_all, search_parameters
from models.ann.metric import prepared
from models.ann.torch_search import TorchVectors
from models.training.threads import faiss_threads

if TYPE_CHECKING:
    import faiss

INDEX_FILE = "index.faiss"
CONFIG_FILE = "ann_index.json"
FINGERPRINTS_FILE = "fingerprints.npy"
POSITIONS_FILE = "positions.npy"
LEAST_SHARE = 0.05
"""Where fewer of the vectors may be found, each of these is compared: a graph would mostly meet others on its way."""


class AnnIndex:
    """A FAISS index, the config it was built with, and what is in it.

    Args:
        index: The FAISS index, with inner product as its metric.
        config: How it was built and is searched; its kind is not `auto`.
        fingerprints: `[n_vectors]` of the vectors by position (`fingerprints.row_fingerprints`); `None` for an index
            that was stored before there were any.
        positions: `[n_vectors]` the position of each row of the FAISS index; `None` where they are the same, as they
            are until vectors are added.
    """

    def __init__(
        self,
        index: faiss.Index,
        config: AnnIndexConfig,
        fingerprints: np.ndarray | None = None,
        positions: np.ndarray | None = None,
    ):
        self.index, self.config = index, config
        self.fingerprints, self.positions = fingerprints, positions
        self.exact: TorchVectors | None = None

    @property
    def n_vectors(self) -> int:
        """Number of indexed vectors."""
        return self.index.ntotal

    def searched_with(self, **settings: Any) -> AnnIndex:
        """The same index, searched otherwise.

        Args:
            settings: Fields of the config that say how it is searched.
        """
        config = self.config.model_copy(update=settings)
        other = AnnIndex(self.index, config, self.fingerprints, self.positions)
        other.exact = self.exact
        return other

    def searched_on(self, device: str) -> AnnIndex:
        """The same index; exact search (`flat`) moved to a GPU, any other kind where it was.

        Args:
            device: `cpu` or `cuda`.
        """
        moved = self.searched_with()
        if device != "cpu" and self.config.kind == "flat":
            moved.exact = TorchVectors(self.index.reconstruct_n(0, self.n_vectors), device)
        return moved

    def search(self, queries: np.ndarray, k: int, allowed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The k vectors that are (about) nearest to each query.

        Args:
            queries: `[n, embedding_size]` float32.
            k: List length, at least 1.
            allowed: `[n_vectors]` bool, by position: which may be found; `None` allows all. Of the allowed k are found
                wherever there are as many.

        Returns:
            Positions `[n, k]` int32 and inner products, or cosines, `[n, k]` float32, best first. Where fewer than k
            were found, the rest are -1 with score `-inf`.
        """
        queries = prepared(queries, self.config.metric)
        by_row = allowed if allowed is None or self.positions is None else allowed[self.positions]
        with faiss_threads(self.config.search_threads):
            if self.exact is not None:
                scores, rows = self.exact.search(queries, k, by_row)
            elif by_row is None:
                scores, rows = self.index.search(queries, k, params=search_parameters(self.config, k))
            else:
                scores, rows = self._search_some(queries, k, by_row)
        missing = rows < 0
        scores[missing] = -np.inf
        found = rows if self.positions is None else np.where(missing, -1, self.positions[rows])
        return found.astype(np.int32), scores

    def _search_some(self, queries: np.ndarray, k: int, by_row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        n_allowed = int(by_row.sum())
        selector = library().IDSelectorBitmap(np.packbits(by_row, bitorder="little"))
        share = n_allowed / self.n_vectors
        if share < LEAST_SHARE:
            return search_all(self.index, self.config, queries, k, selector)
        parameters = search_parameters(self.config, k, share, selector)
        scores, rows = self.index.search(queries, k, params=parameters)
        short = rows[:, min(k, n_allowed) - 1] < 0
        if short.any():
            scores[short], rows[short] = search_all(self.index, self.config, queries[short], k, selector)
        return scores, rows

    def save(self, folder: Path) -> None:
        """Write the index, its config and what is in it into an existing folder."""
        import faiss

        faiss.write_index(self.index, str(folder / INDEX_FILE))
        (folder / CONFIG_FILE).write_text(json.dumps(self.config.model_dump(mode="json"), indent=2, sort_keys=True))
        for name, numbers in ((FINGERPRINTS_FILE, self.fingerprints), (POSITIONS_FILE, self.positions)):
            if numbers is not None:
                np.save(folder / name, numbers, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. FAISS trusts the file, so verify the artifact's digest before calling this."""
        import faiss

        config = AnnIndexConfig.model_validate_json((folder / CONFIG_FILE).read_text())
        fingerprints, positions = (
            np.load(folder / name, allow_pickle=False) if (folder / name).exists() else None
            for name in (FINGERPRINTS_FILE, POSITIONS_FILE)
        )
        return cls(faiss.read_index(str(folder / INDEX_FILE)), config, fingerprints, positions)
