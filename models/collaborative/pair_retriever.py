"""What retrievers have in common that learn from touched pairs of a user and an item: fitting, scoring, explaining."""

from __future__ import annotations

import time
from abc import abstractmethod
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from models.retrieval.contract import FitReport, Progress, Retriever, no_progress
from models.retrieval.history_matrix import history_matrix
from models.retrieval.interactions import Interactions
from models.retrieval.memory import check_memory
from models.retrieval.nearest_of_history import nearest_of_history
from models.training.config import TrainingConfig

if TYPE_CHECKING:
    import torch
    from scipy.sparse import csr_matrix

    from models.training.trainer import Forward, TrainingTask


class PairRetriever(Retriever):
    """A retriever whose network makes a vector of every user and item, trained on the pairs that touched.

    An interaction counts once, whatever its weight and however often it was repeated.

    A subclass says which network is trained, by which loss, and what is kept of it to score with.

    Args:
        config: Settings.
        checkpoint_folder: Where `fit` writes its state after every epoch, and continues from after a kill; `None` for
            no checkpoints. A checkpoint of another config or other data is not continued.

    Attributes:
        items: `[n_items, D']` float32, the kept vectors of the items.
    """

    has_vectors: ClassVar[bool] = True

    config: TrainingConfig
    items: np.ndarray

    def __init__(self, config: TrainingConfig, checkpoint_folder: Path | None = None):
        super().__init__(config)
        self.checkpoint_folder = checkpoint_folder

    @abstractmethod
    def _first_network(self, train: Interactions, matrix: csr_matrix, device: torch.device) -> Any:
        """The network, on its device, as training begins.

        Called without arguments it returns vectors of users and items, `[n_users, D']` and `[n_items, D']`.

        Args:
            train: What is learned from.
            matrix: Its binary user x item matrix.
            device: Where it is trained.
        """

    @abstractmethod
    def _batch_loss(self, network: Any, forward: Forward, users: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        """The loss of the touched pairs `users`, `items`, both `[B]` int64; `forward`: the network, maybe compiled."""

    @abstractmethod
    def _keep(self, network: Any, train: Interactions, matrix: csr_matrix) -> None:
        """Take over what scores are made of, as the network is now."""

    def _notes(self, network: Any) -> dict[str, int]:
        """For `FitReport.notes`."""
        return {}

    def fit(
        self,
        train: Interactions,
        validation: Interactions | None = None,
        device: str = "cpu",
        progress: Progress = no_progress,
        n_epochs: int | None = None,
    ) -> FitReport:
        """Train with early stopping on NDCG@10, or for a fixed number of epochs; see `Retriever.fit`.

        Raises:
            UserError: The loss stopped being finite, `device` is not there, or memory is too small for the config.
            ValueError: Texts are to be read, and none were given, or those of another vocabulary.
        """
        from models.training.device import choose_device
        from models.training.seeds import seeded
        from models.training.threads import torch_threads
        from models.training.trainer import Trainer

        started = time.perf_counter()
        chosen = choose_device(device)
        memory = check_memory(self, train, validation, chosen.type)
        matrix = history_matrix(train, np.arange(train.n_users))
        with torch_threads(self.config.n_threads), seeded(self.config.seed):
            network, report = self._first_network(train, matrix, chosen), FitReport()
            if matrix.nnz:
                task = self._task(network, train, validation, matrix, n_epochs)
                report = Trainer(task, self.config, chosen, self.checkpoint_folder, progress).run(n_epochs)
            self._keep(network, train, matrix)
        report.notes |= self._notes(network)
        report.seconds, report.memory = time.perf_counter() - started, memory
        return report

    def _task(
        self,
        network: Any,
        train: Interactions,
        validation: Interactions | None,
        matrix: csr_matrix,
        n_epochs: int | None,
    ) -> TrainingTask:
        from models.collaborative.pair_task import pair_task
        from models.training.run_digest import run_digest
        from models.training.validation import watched

        def keep() -> None:
            self._keep(network, train, matrix)

        return pair_task(
            self.name,
            network,
            matrix,
            self.config.batch_tokens,
            partial(self._batch_loss, network),
            watched(self, train, validation, self.config, keep),
            run_digest(self, network, train, validation, n_epochs),
        )

    def item_vectors(self) -> np.ndarray:
        """`[n_items, D']` float32."""
        return self.items

    def scores(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """Inner products of user and item vectors, `[n, n_items]` float32; see `Retriever.scores`."""
        return self.user_vectors(histories, users) @ self.items.T

    def because_of(self, history: np.ndarray, items: np.ndarray) -> np.ndarray:
        """See `nearest_of_history`."""
        return nearest_of_history(self.items, history, items)
