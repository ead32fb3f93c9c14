"""SASRec as a retriever: the newest items of a user in, a vector out, whose inner products rank the catalogue."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from pydantic import BaseModel, Field, model_validator

from models.retrieval.config_file import read_config, write_config
from models.retrieval.contract import FitReport, Progress, Retriever, no_progress
from models.retrieval.interactions import Interactions
from models.sequential.pieces import Pieces, extract, gather, newest_pieces, training_pieces
from models.training.batching import length_buckets
from models.training.config import TrainingConfig

if TYPE_CHECKING:
    import torch

    from models.sequential.sasrec_network import SASRecNetwork
    from models.training.trainer import Forward, TrainingTask

WEIGHTS_FILE = "weights.safetensors"
ITEM_WEIGHTS, KNOWN = "items.weight", "known"
SCORING_TOKENS = 16_384
"""Positions encoded at once while scoring."""


class SASRecConfig(TrainingConfig):
    """Settings of `sasrec`."""

    embedding_size: int = Field(default=64, ge=1, description="Size of item and user vectors (D).")
    n_blocks: int = Field(default=2, ge=1, description="Attention blocks, one upon the other.")
    n_heads: int = Field(default=2, ge=1, description="Attention heads; divides embedding_size.")
    dropout: float = Field(default=0.5, ge=0, lt=1, description="Share of activations zeroed while training.")
    max_length: int = Field(default=50, ge=1, description="Newest items of a history that the network reads.")
    n_negatives: int = Field(
        default=2048,
        ge=1,
        description="Items drawn uniformly, with repeats, as negatives of a whole batch; all items where the catalogue "
        "has no more than this.",
    )

    @model_validator(mode="after")
    def _heads_divide_size(self) -> Self:
        if self.embedding_size % self.n_heads:
            raise ValueError(f"n_heads ({self.n_heads}) must divide embedding_size ({self.embedding_size})")
        return self


class SASRec(Retriever):
    """Self-attentive sequential recommendation (Kang and McAuley, ICDM 2018).

    A causal transformer (eqs. 1 to 5) reads a user's newest items; its last state is the user's vector `u`, and an
    item's score is `u . v` with the item's input embedding `v` (Sec. III-D, shared embedding).

    Differences from the paper: a softmax, over shared uniform negatives or over the whole catalogue where that is
    small, in place of binary cross entropy with one negative; AdamW in place of Adam; sequences padded at the end and
    batched by length, so positions count from the oldest item read; older parts of long histories are trained on as
    pieces of their own; a final layer norm; the first attention starts as a mean.

    A user without a history has the zero vector and scores 0 everywhere. Where no history has two items there is
    nothing to learn: no epoch is run and the weights stay as drawn.

    Args:
        config: Settings.
        checkpoint_folder: Where `fit` writes its state after every epoch, and continues from after a kill; `None`
            for no checkpoints. A checkpoint of another config or other data is not continued.
    """

    name: ClassVar[str] = "sasrec"
    Config: ClassVar[type[BaseModel]] = SASRecConfig
    has_vectors: ClassVar[bool] = True
    continues: ClassVar[bool] = True

    config: SASRecConfig

    def __init__(self, config: SASRecConfig, checkpoint_folder: Path | None = None):
        super().__init__(config)
        self.checkpoint_folder = checkpoint_folder
        self._network: SASRecNetwork | None = None
        self._start: dict[str, torch.Tensor] = {}

    def start_from(self, earlier: Retriever, positions: np.ndarray) -> None:
        """See `Retriever.start_from`; a new item's embedding is drawn as if training began."""
        import torch

        if not isinstance(earlier, SASRec) or earlier.config != self.config:
            raise ValueError("sasrec can only continue from a sasrec of the same config")
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
            UserError: The loss stopped being finite, or `device` is not there.
        """
        from models.training.device import choose_device
        from models.training.seeds import seeded
        from models.training.threads import torch_threads
        from models.training.trainer import Trainer

        started = time.perf_counter()
        chosen = choose_device(device)
        with torch_threads(self.config.n_threads), seeded(self.config.seed):
            self._network = self._first_network(train.n_items).to(chosen)
            pieces = training_pieces(train, self.config.max_length)
            if len(pieces.lengths) == 0:
                self._network.eval()
                return FitReport(seconds=time.perf_counter() - started)
            task = self._task(train, validation, pieces, n_epochs)
            report = Trainer(task, self.config, chosen, self.checkpoint_folder, progress).run(n_epochs)
        report.seconds = time.perf_counter() - started
        return report

    def _first_network(self, n_items: int) -> SASRecNetwork:
        """Drawn weights, and over them those of the model to continue from."""
        network = self._new_network(n_items)
        if self._start:
            weights = dict(self._start)
            items = network.items.weight.detach().clone()
            items[weights.pop(KNOWN)] = weights[ITEM_WEIGHTS]
            network.load_state_dict(weights | {ITEM_WEIGHTS: items})
        return network

    def _new_network(self, n_items: int) -> SASRecNetwork:
        from models.sequential.sasrec_network import SASRecNetwork

        c = self.config
        return SASRecNetwork(n_items, c.max_length, c.embedding_size, c.n_blocks, c.n_heads, c.dropout)

    def _task(
        self, train: Interactions, validation: Interactions | None, pieces: Pieces, n_epochs: int | None
    ) -> TrainingTask:
        from models.training.trainer import TrainingTask
        from models.training.validation import Validation

        checks = None
        if validation is not None:
            checks = Validation(train, validation, n_users=self.config.n_validation_users, seed=self.config.seed)
        items = self._to_device(train.items)

        def loss(forward: Forward, rows: np.ndarray) -> torch.Tensor:
            return self._loss(forward, items, pieces, rows)

        return TrainingTask(
            name=self.name,
            network=self.network,
            batches=lambda rng: length_buckets(pieces.lengths, self.config.batch_tokens, rng),
            loss=loss,
            validate=(lambda: checks.ndcg(self)) if checks is not None and len(checks.users) else None,
            fingerprint=_fingerprint(self.config, train, validation, n_epochs, self._start),
        )

    def _loss(self, forward: Forward, items: torch.Tensor, pieces: Pieces, rows: np.ndarray) -> torch.Tensor:
        import torch

        from models.training.losses import full_softmax_loss, sampled_softmax_loss

        inputs, inside = gather(items, pieces, rows)  # (B, T)
        targets, _ = gather(items, pieces, rows, shift=1)  # (B, T)
        item_vectors = self.network.items.weight  # (n_items, D)
        hidden, next_items = forward(inputs)[inside], targets[inside]  # (P, D), (P,)
        if self.config.n_negatives >= len(item_vectors):
            return full_softmax_loss(hidden, next_items, item_vectors)
        negatives = torch.randint(len(item_vectors), (self.config.n_negatives,), device=items.device)
        return sampled_softmax_loss(hidden, next_items, negatives, item_vectors)

    @property
    def network(self) -> SASRecNetwork:
        """The network.

        Raises:
            RuntimeError: The retriever was neither fitted nor loaded.
        """
        if self._network is None:
            raise RuntimeError("sasrec was neither fitted nor loaded")
        return self._network

    def _to_device(self, items: np.ndarray) -> torch.Tensor:
        import torch

        return torch.from_numpy(np.array(items, dtype=np.int32)).to(self.network.items.weight.device)

    def item_vectors(self) -> np.ndarray:
        """The items' embeddings, `[n_items, embedding_size]` float32."""
        return self.network.items.weight.detach().cpu().numpy()

    def user_vectors(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """The state after each user's newest item, `[n, embedding_size]` float32; zero without a history."""
        import torch

        from models.training.threads import torch_threads

        users = np.asarray(users)
        vectors = np.zeros((len(users), self.config.embedding_size), dtype=np.float32)
        newest, pieces = extract(histories.items, newest_pieces(histories, users, self.config.max_length))
        known = np.flatnonzero(pieces.lengths > 0)
        items = self._to_device(newest)
        with torch_threads(self.config.n_threads), torch.inference_mode():
            for batch in length_buckets(pieces.lengths[known], SCORING_TOKENS):
                rows = known[batch]
                inputs, _ = gather(items, pieces, rows)  # (B, T)
                last = torch.from_numpy(pieces.lengths[rows] - 1)
                hidden = self.network(inputs)[torch.arange(len(rows)), last]  # (B, D)
                vectors[rows] = hidden.float().cpu().numpy()
        return vectors

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

        retriever = cls(read_config(cls.name, SASRecConfig, folder))
        weights = load_file(folder / WEIGHTS_FILE)
        retriever._network = retriever._new_network(len(weights[ITEM_WEIGHTS]))
        retriever._network.load_state_dict(weights)
        retriever._network.eval()
        return retriever


def _fingerprint(
    config: SASRecConfig,
    train: Interactions,
    validation: Interactions | None,
    n_epochs: int | None,
    start: dict[str, torch.Tensor],
) -> str:
    """Digest of everything the weights depend on."""
    digest = hashlib.sha256(f"{config.model_dump_json()} {n_epochs} {train.n_items}".encode())
    for name in sorted(start):
        digest.update(start[name].numpy().tobytes())
    for part in (train, validation):
        if part is not None:
            digest.update(np.ascontiguousarray(part.offsets).tobytes())
            digest.update(np.ascontiguousarray(part.items).tobytes())
    return digest.hexdigest()
