"""A sequential retriever as it scores: a user's newest items in, a vector out, its products with items the scores."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from models.retrieval.config_file import read_config, write_config
from models.retrieval.contract import Retriever
from models.retrieval.interactions import Interactions
from models.retrieval.nearest_of_history import nearest_of_history
from models.sequential.pieces import extract, newest_pieces
from models.sequential.sequence_config import SequenceConfig
from models.training.batching import length_buckets

if TYPE_CHECKING:
    import torch

    from models.sequential.batches import SequenceBatch, Sequences
    from models.sequential.sequence_network import SequenceNetwork

WEIGHTS_FILE = "weights.safetensors"
ITEM_WEIGHTS = "items.weight"
SCORING_TOKENS = 16_384
"""Positions encoded at once while scoring."""


class SequenceReader(Retriever):
    """A network that reads a user's newest items; its last state is the user's vector.

    A subclass names itself, its config and its network, whose `items.weight` `[n_items, D]` are the items' vectors;
    how it is trained is `SequenceRetriever`'s. A user without a history has the zero vector and scores 0 everywhere.

    Args:
        config: Settings.
    """

    has_vectors: ClassVar[bool] = True
    config: SequenceConfig

    def __init__(self, config: SequenceConfig):
        super().__init__(config)
        self._network: SequenceNetwork | None = None

    @abstractmethod
    def new_network(self, n_items: int) -> SequenceNetwork:
        """A drawn network: `items` and `times`, both `[B, T]` int64, to states `[B, T, D]`."""

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
        """See `nearest_of_history`; the angle is the same whether vectors have length 1 or not."""
        return nearest_of_history(self.network.items.weight.detach().cpu().numpy(), history, items)

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
