"""How every sequential retriever is trained, and how training continues from an earlier model."""

from __future__ import annotations

import time
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from models.retrieval.contract import FitReport, Progress, Retriever, no_progress
from models.retrieval.data_shape import DataShape
from models.retrieval.interactions import Interactions
from models.retrieval.memory import check_memory
from models.sequential.pieces import Pieces, training_pieces
from models.sequential.sequence_config import SequenceConfig
from models.sequential.sequence_reader import ITEM_WEIGHTS, SequenceReader
from models.training.batching import length_buckets

if TYPE_CHECKING:
    import torch

    from models.sequential.batches import SequenceBatch
    from models.sequential.sequence_network import SequenceNetwork
    from models.training.negative_sampling import NegativeSampler
    from models.training.trainer import Forward, TrainingTask

KNOWN = "known"


class SequenceRetriever(SequenceReader):
    """A network that learns which item comes next, at every place of every history.

    A subclass is what `SequenceReader` says, and may bring a loss of its own; it says what a step holds in memory.
    Training and continuing are the same for all. Where no history has two items there is nothing to learn: no epoch is
    run and the weights stay as drawn.

    Args:
        config: Settings.
        checkpoint_folder: Where `fit` writes its state after every epoch, and continues from after a kill; `None`
            for no checkpoints. A checkpoint of another config or other data is not continued.
    """

    continues: ClassVar[bool] = True
    lowered_for_memory: ClassVar[tuple[str, ...]] = ("batch_tokens", "n_negatives", "max_length", "embedding_size")

    def __init__(self, config: SequenceConfig, checkpoint_folder: Path | None = None):
        super().__init__(config)
        self.checkpoint_folder = checkpoint_folder
        self._start: dict[str, torch.Tensor] = {}
        self.sampler: NegativeSampler | None = None

    def memory_parts(self, shape: DataShape) -> dict[str, int]:
        """See `Retriever.memory_parts`."""
        from models.sequential.memory import sequence_memory

        return sequence_memory(self, shape)

    @abstractmethod
    def activation_floats(self, length: int) -> int:
        """Numbers that training holds for one position of a batch of sequences of some length."""

    def loss_floats(self, n_positions: int, shape: DataShape) -> int:
        """Numbers that the loss of a batch holds, besides the activations."""
        from models.sequential.memory import next_item_floats

        return next_item_floats(self, n_positions, shape)

    def training_pieces(self, train: Interactions) -> Pieces:
        """What an epoch goes over; every item but a history's first is a target once."""
        return training_pieces(train, self.config.max_length)

    def loss(self, forward: Forward, batch: SequenceBatch) -> torch.Tensor:
        """The loss of a batch: each state against the item that came next."""
        states = forward(batch.items, batch.times)  # (B, T, D)
        return self.loss_of(batch.only_real(states), batch.only_real(batch.targets))

    def loss_of(self, states: torch.Tensor, positives: torch.Tensor) -> torch.Tensor:
        """The configured loss of states `[P, D]` that should point to items `[P]`."""
        from models.training.losses import next_item_loss

        if self.config.temperature is not None:
            states = states / self.config.temperature
        network = self.network
        return next_item_loss(
            states, positives, network.read, network.table, network.n_items, self.config, self.sampler
        )

    def start_from(self, earlier: Retriever, positions: np.ndarray) -> None:
        """See `Retriever.start_from`; a new item's embedding is drawn as if training began."""
        import torch

        if not isinstance(earlier, type(self)) or earlier.config != self.config:
            raise ValueError(f"{self.name} can only continue from a {self.name} of the same config")
        weights = {name: tensor.detach().cpu().clone() for name, tensor in earlier.network.state_dict().items()}
        known = torch.from_numpy(np.flatnonzero(positions >= 0))
        self._start = weights | {
            ITEM_WEIGHTS: weights[ITEM_WEIGHTS][torch.from_numpy(np.asarray(positions, dtype=np.int64))[known]],
            KNOWN: known,
        }

    def fit(
        self,
        train: Interactions,
        validation: Interactions | None = None,
        device: str = "cpu",
        progress: Progress = no_progress,
        n_epochs: int | None = None,
    ) -> FitReport:
        """Train with early stopping on NDCG@10, or for a fixed number of epochs; see `Retriever.fit`.

        After `start_from` the weights begin there, the optimiser anew.

        Raises:
            UserError: The loss stopped being finite, `device` is not there, or memory is too small for the config.
        """
        from models.training.device import choose_device
        from models.training.seeds import seeded
        from models.training.threads import torch_threads
        from models.training.trainer import Trainer

        started = time.perf_counter()
        chosen = choose_device(device)
        memory = check_memory(self, train, validation, chosen.type)
        with torch_threads(self.config.n_threads), seeded(self.config.seed):
            self._network = self.first_network(train.n_items).to(chosen)
            pieces = self.training_pieces(train)
            if len(pieces.lengths) == 0:
                self._network.eval()
                return FitReport(seconds=time.perf_counter() - started, memory=memory)
            task = self._task(train, validation, pieces, n_epochs)
            report = Trainer(task, self.config, chosen, self.checkpoint_folder, progress).run(n_epochs)
        report.seconds, report.memory = time.perf_counter() - started, memory
        return report

    def drawn_network(self, n_items: int) -> SequenceNetwork:
        """The network that is trained, with drawn weights."""
        network = self.new_network(n_items)
        network.recomputes_blocks = self.config.recomputes_blocks
        return network

    def first_network(self, n_items: int) -> SequenceNetwork:
        """Drawn weights, and over them those of the model to continue from."""
        network = self.drawn_network(n_items)
        if self._start:
            weights = dict(self._start)
            items = network.items.weight.detach().clone()
            items[weights.pop(KNOWN)] = weights[ITEM_WEIGHTS]
            network.load_state_dict(weights | {ITEM_WEIGHTS: items})
        return network

    def _task(
        self, train: Interactions, validation: Interactions | None, pieces: Pieces, n_epochs: int | None
    ) -> TrainingTask:
        from models.training.negative_sampling import NegativeSampler
        from models.training.run_digest import run_digest
        from models.training.trainer import TrainingTask
        from models.training.validation import watched

        sequences = self._sequences(train.items, train.times)
        counts = np.bincount(train.items, minlength=train.n_items)
        config = self.config
        self.sampler = NegativeSampler(config.negatives, counts, config.negatives_exponent, self.network.device)
        return TrainingTask(
            name=self.name,
            network=self.network,
            batches=lambda rng: length_buckets(pieces.lengths, self.config.batch_tokens, rng),
            loss=lambda forward, rows: self.loss(forward, sequences.batch(pieces, rows)),
            size=lambda rows: float(pieces.lengths[rows].sum()),
            validate=watched(self, train, validation, self.config),
            fingerprint=run_digest(self, self.network, train, validation, n_epochs),
        )
