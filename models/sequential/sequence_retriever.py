"""What every trained sequential retriever shares: a user's newest items in, a vector out, its products the scores."""

from __future__ import annotations

import hashlib
import time
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from models.retrieval.config_file import read_config, write_config
from models.retrieval.contract import FitReport, Progress, Retriever, no_progress
from models.retrieval.data_shape import DataShape
from models.retrieval.interactions import Interactions
from models.retrieval.memory import check_memory
from models.sequential.pieces import Pieces, extract, newest_pieces, training_pieces
from models.sequential.sequence_config import SequenceConfig
from models.training.batching import length_buckets

if TYPE_CHECKING:
    import torch

    from models.sequential.batches import SequenceBatch, Sequences
    from models.sequential.sequence_network import SequenceNetwork
    from models.training.negative_sampling import NegativeSampler
    from models.training.trainer import Forward, TrainingTask

WEIGHTS_FILE = "weights.safetensors"
ITEM_WEIGHTS, KNOWN = "items.weight", "known"
SCORING_TOKENS = 16_384
"""Positions encoded at once while scoring."""


class SequenceRetriever(Retriever):
    """A network that reads a user's newest items; its last state is the user's vector.

    A subclass names itself, its config and its network, whose `items.weight` `[n_items, D]` are the items' vectors, and
    may bring a loss of its own. Training, scoring, continuing and files are the same for all.

    A user without a history has the zero vector and scores 0 everywhere. Where no history has two items there is
    nothing to learn: no epoch is run and the weights stay as drawn.

    Args:
        config: Settings.
        checkpoint_folder: Where `fit` writes its state after every epoch, and continues from after a kill; `None`
            for no checkpoints. A checkpoint of another config or other data is not continued.
    """

    has_vectors: ClassVar[bool] = True
    continues: ClassVar[bool] = True
    lowered_for_memory: ClassVar[tuple[str, ...]] = ("batch_tokens", "n_negatives", "max_length", "embedding_size")
    config: SequenceConfig

    def __init__(self, config: SequenceConfig, checkpoint_folder: Path | None = None):
        super().__init__(config)
        self.checkpoint_folder = checkpoint_folder
        self._network: SequenceNetwork | None = None
        self._start: dict[str, torch.Tensor] = {}
        self.sampler: NegativeSampler | None = None

    @abstractmethod
    def new_network(self, n_items: int) -> SequenceNetwork:
        """A drawn network: `items` and `times`, both `[B, T]` int64, to states `[B, T, D]`."""

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
        network.recomputes_blocks = getattr(self.config, "gradient_checkpointing", False)
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
        from models.training.trainer import TrainingTask
        from models.training.validation import Validation

        checks = None
        if validation is not None:
            checks = Validation(train, validation, n_users=self.config.n_validation_users, seed=self.config.seed)
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
            validate=(lambda: checks.ndcg(self)) if checks is not None and len(checks.users) else None,
            fingerprint=self.fingerprint(train, validation, n_epochs),
        )

    def fingerprint(self, train: Interactions, validation: Interactions | None, n_epochs: int | None) -> str:
        """Digest of everything the weights depend on."""
        digest = hashlib.sha256(f"{self.config.model_dump_json()} {n_epochs} {train.n_items}".encode())
        for name in sorted(self._start):
            digest.update(self._start[name].numpy().tobytes())
        for part in (train, validation):
            if part is not None:
                for array in (part.offsets, part.items, part.times):
                    digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    @property
    def network(self) -> SequenceNetwork:
        """The network.

        Raises:
            RuntimeError: The retriever was neither fitted nor loaded.
        """
        if self._network is None:
            raise RuntimeError(f"{self.name} was neither fitted nor loaded")
        return self._network

    def _sequences(self, items: np.ndarray, times: np.ndarray) -> Sequences:
        from models.sequential.batches import Sequences

        return Sequences.on(self.network.device, items, times)

    def item_vectors(self) -> np.ndarray:
        """The items' vectors, `[n_items, embedding_size]` float32, of length 1 where scores are cosines."""
        return self.network.table().detach().cpu().numpy()

    def user_vectors(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """The state after each user's newest item, `[n, embedding_size]` float32; zero without a history."""
        return self.newest_states(histories, users, (self.config.embedding_size,))

    def newest_states(self, histories: Interactions, users: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """The same of a network whose states have any shape, `[n, *shape]`."""
        import torch

        from models.training.threads import torch_threads

        users = np.asarray(users)
        vectors = np.zeros((len(users), *shape), dtype=np.float32)
        newest = newest_pieces(histories, users, self.config.max_length)
        (items, times), pieces = extract((histories.items, histories.times), newest)
        sequences = self._sequences(items, times)
        with torch_threads(self.config.n_threads), torch.inference_mode():
            for rows in _known_batches(pieces.lengths):
                vectors[rows] = self.last_states(sequences.batch(pieces, rows)).float().cpu().numpy()
        return vectors

    def last_states(self, batch: SequenceBatch) -> torch.Tensor:
        """`[B, D]`: the state after each row's last item."""
        import torch

        states = self.network(batch.items, batch.times)  # (B, T, D)
        return states[torch.arange(len(states), device=states.device), batch.inside.sum(1) - 1]

    def scores(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """Inner products of user and item vectors, `[n, n_items]` float32; see `Retriever.scores`."""
        return self.user_vectors(histories, users) @ self.item_vectors().T

    def because_of(self, history: np.ndarray, items: np.ndarray) -> np.ndarray:
        """The history item whose vector has the largest cosine with the recommended item's; the newest on a tie."""
        if len(history) == 0:
            return np.full(len(items), -1, dtype=np.int32)
        vectors = self.item_vectors()
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        newest_first = history[::-1]
        return newest_first[(vectors[newest_first] @ vectors[items].T).argmax(axis=0)].astype(np.int32)

    def save(self, folder: Path) -> None:
        """Write `weights.safetensors` and `config.json`."""
        from safetensors.torch import save_file

        weights = {name: tensor.detach().cpu().contiguous() for name, tensor in self.network.state_dict().items()}
        save_file(weights, folder / WEIGHTS_FILE)
        write_config(self.name, self.config, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote, onto the CPU."""
        from safetensors.torch import load_file

        config = read_config(cls.name, cls.Config, folder)
        assert isinstance(config, SequenceConfig)
        retriever = cls(config)
        weights = load_file(folder / WEIGHTS_FILE)
        retriever._network = retriever.new_network(len(weights[ITEM_WEIGHTS]))
        retriever._network.load_state_dict(weights)
        retriever._network.eval()
        return retriever


def _known_batches(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """The rows that have items, in batches of like length."""
    known = np.flatnonzero(lengths > 0)
    for batch in length_buckets(lengths[known], SCORING_TOKENS):
        yield known[batch]
