"""What all trained embeddings of users and items have in common: first vectors, folding in, continuing, saving."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from models.collaborative.aligned_retriever import AlignedRetriever
from models.collaborative.embedding_config import EmbeddingConfig, VectorConfig
from models.collaborative.fold_in import fold_in_map, mean_vectors
from models.collaborative.normalised_graph import degree_powers
from models.retrieval.array_files import load_arrays, save_arrays
from models.retrieval.config_file import read_config, write_config
from models.retrieval.contract import Retriever
from models.retrieval.data_shape import DataShape
from models.retrieval.history_matrix import history_matrix
from models.retrieval.interactions import Interactions
from models.retrieval.nearest_of_history import nearest_of_history

if TYPE_CHECKING:
    import torch
    from scipy.sparse import csr_matrix

    from models.collaborative.embedding_network import EmbeddingNetwork
    from models.training.trainer import Forward

VECTORS = ("users", "items", "fold_in")
IDS_FILE, WEIGHTS_FILE = "user_ids.json", "weights.safetensors"


class EmbeddingRetriever(AlignedRetriever):
    """A retriever with a trained vector for every item and every user of the training.

    Users known in training have their own vector. Anybody else is folded in: with the mean m of the item vectors of
    their history, the vector is `m M`, where M is the ridge regression of the trained users' vectors on the means of
    theirs, `M = (H'H + fold_in_l2 I)^-1 H'X`. A user without a history has the vector 0 and scores 0 everywhere.

    After training an item's vector is multiplied by `max(d_i, 1)^popularity_exponent`, d_i the number of its users:
    a cosine that is trained against uniform negatives knows too little of how many users an item has. A score that is
    trained against the batch's items, whose share is `q_i ~ d_i`, is best at `temperature (ln p(i | u) - ln q_i)`, so
    that `popularity_offset ln max(d_i, 1)` is added: by one more entry of the vectors, 1 for a user.

    With `alignment` the vectors are drawn to text vectors of the items, and of the users whose texts are given, see
    `models.collaborative.text_alignment`; folding in is as ever.

    A subclass says which network makes the vectors (`_new_network`) and may have a loss of its own (`_loss`).

    Args:
        config: Settings.
        checkpoint_folder: See `PairRetriever`.
    """

    continues: ClassVar[bool] = True

    lowered_for_memory: ClassVar[tuple[str, ...]] = ("batch_tokens", "n_negatives", "embedding_size")

    config: VectorConfig

    def __init__(self, config: VectorConfig, checkpoint_folder: Path | None = None):
        super().__init__(config, checkpoint_folder)
        self.user_ids: list[str] = []
        self.users = self.items = self.fold_in = np.zeros((0, config.embedding_size), dtype=np.float32)
        self._row_of: dict[str, int] = {}
        self._weights: dict[str, torch.Tensor] = {}
        self._start: tuple[EmbeddingRetriever, np.ndarray] | None = None

    def memory_parts(self, shape: DataShape) -> dict[str, int]:
        """See `Retriever.memory_parts`."""
        from models.collaborative.memory import embedding_memory

        return embedding_memory(self, shape)

    def loss_floats(self, n_pairs: int) -> int:
        """Numbers that the loss of a batch of so many pairs holds."""
        from models.collaborative.memory import pair_loss_floats

        assert isinstance(self.config, EmbeddingConfig), "a model with another config has a loss of its own"
        return pair_loss_floats(self.config, n_pairs)

    def network_floats(self, shape: DataShape) -> int:
        """Numbers that the network holds in a step besides its weights: none where vectors are as they are."""
        return 0

    def start_from(self, earlier: Retriever, positions: np.ndarray) -> None:
        """See `Retriever.start_from`; new users and items are drawn as if training began."""
        if not isinstance(earlier, type(self)) or earlier.config != self.config:
            raise ValueError(f"{self.name} can only continue from a {self.name} of the same config")
        self._start = (earlier, np.asarray(positions, dtype=np.int64))

    def _first_network(self, train: Interactions, matrix: csr_matrix, device: torch.device) -> EmbeddingNetwork:
        """The network of drawn vectors, and over them those of the model to continue from."""
        import torch

        from models.collaborative.first_vectors import first_vectors

        users, items = first_vectors(self.config, matrix)
        if self._start is not None:
            earlier, positions = self._start
            rows = np.array([earlier._row_of.get(user, -1) for user in train.user_ids], dtype=np.int64)
            for vectors, name, places in ((users, "users", rows), (items, "items", positions)):
                known = torch.from_numpy(np.flatnonzero(places >= 0))
                vectors[known] = earlier._weights[name][torch.from_numpy(places)[known]]
        network = self._new_network(matrix, users, items, device)
        if self.reads_item_features:
            network.alignment = self.new_alignment(train, network.size)
        if self._start is not None:
            others = {name: part for name, part in self._start[0]._weights.items() if name not in ("users", "items")}
            network.load_state_dict(others, strict=False)
        return network.to(device)

    def _new_network(
        self, matrix: csr_matrix, users: torch.Tensor, items: torch.Tensor, device: torch.device
    ) -> EmbeddingNetwork:
        """The network that turns first vectors into those whose products are scores.

        Args:
            matrix: The binary user x item matrix of the training.
            users: `[n_users, D]` first vectors.
            items: `[n_items, D]` first vectors.
            device: Where the caller will move it; for what is no parameter.
        """
        from models.collaborative.embedding_network import EmbeddingNetwork

        return EmbeddingNetwork(users, items)

    def _notes(self, network: EmbeddingNetwork) -> dict[str, int]:
        return {} if network.alignment is None else network.alignment.counts()

    def _batch_loss(
        self, network: EmbeddingNetwork, forward: Forward, users: torch.Tensor, items: torch.Tensor
    ) -> torch.Tensor:
        if network.alignment is None:
            return self._loss(network, forward, users, items)
        vectors = forward()  # of both losses, as making them is the dear part
        aligned = network.alignment(vectors, (network.users, network.items), network.spread)
        return self._loss(network, lambda: vectors, users, items) + self.config.alignment_weight * aligned

    def _loss(
        self, network: EmbeddingNetwork, forward: Forward, users: torch.Tensor, items: torch.Tensor
    ) -> torch.Tensor:
        """The configured loss of the touched pairs `users`, `items`, both `[B]`; see `pair_loss`."""
        from models.collaborative.pair_loss import pair_loss

        assert isinstance(self.config, EmbeddingConfig), "a model with another config has a loss of its own"
        return pair_loss(self.config, network, forward, users, items)

    def _keep(self, network: EmbeddingNetwork, train: Interactions, matrix: csr_matrix) -> None:
        """Take over the network's vectors, of the users with a history only, and learn to fold in."""
        import torch
        import torch.nn.functional as F

        with torch.no_grad():
            users, items = network()
            if self.config.on_sphere:
                users, items = F.normalize(users, dim=1), F.normalize(items, dim=1)
        known = np.flatnonzero(np.diff(matrix.indptr))
        self.users, self.items = (part.detach().float().cpu().numpy() for part in (users, items))
        self.users = self.users[known]
        degrees = np.bincount(matrix.indices, minlength=matrix.shape[1])
        degrees = np.maximum(degrees, 1)
        self.items = self.items * degree_powers(degrees, self.config.popularity_exponent)[:, None]
        if self.config.popularity_offset:
            offsets = (self.config.popularity_offset * np.log(degrees)).astype(np.float32)
            self.items = np.column_stack([self.items, offsets])
            self.users = np.column_stack([self.users, np.ones(len(self.users), dtype=np.float32)])
        self._weights = {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}
        self._weights["users"] = self._weights["users"][torch.from_numpy(known)]
        self._know([str(user) for user in train.user_ids[known]])
        self.fold_in = fold_in_map(mean_vectors(matrix[known], self.items), self.users, self.config.fold_in_l2)

    def _know(self, user_ids: list[str]) -> None:
        self.user_ids, self._row_of = user_ids, {user: row for row, user in enumerate(user_ids)}

    def user_vectors(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """`[n, D']` float32: trained, folded in, or 0 without a history."""
        matrix = history_matrix(histories, users)
        vectors = mean_vectors(matrix, self.items) @ self.fold_in
        if self.config.popularity_offset:
            vectors[:, -1] = 1.0
        rows = np.array([self._row_of.get(str(user), -1) for user in histories.user_ids[users]], dtype=np.int64)
        vectors[rows >= 0] = self.users[rows[rows >= 0]]
        vectors[np.diff(matrix.indptr) == 0] = 0.0
        return vectors

    def because_of(self, history: np.ndarray, items: np.ndarray) -> np.ndarray:
        """See `nearest_of_history`; how popular an item is speaks for no other."""
        return nearest_of_history(self.items[:, :-1] if self.config.popularity_offset else self.items, history, items)

    def save(self, folder: Path) -> None:
        """Write the vectors (`users.npy`, `items.npy`, `fold_in.npy`), ids, `weights.safetensors`, `config.json`."""
        from safetensors.torch import save_file

        save_arrays(folder, {name: getattr(self, name) for name in VECTORS})
        save_file({name: tensor.contiguous() for name, tensor in self._weights.items()}, folder / WEIGHTS_FILE)
        (folder / IDS_FILE).write_text(json.dumps(self.user_ids))
        write_config(self.name, self.config, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; vectors are memory-mapped read-only."""
        from safetensors.torch import load_file

        retriever = cls(read_config(cls.name, cls.Config, folder))  # type: ignore[arg-type]
        for name, array in load_arrays(folder, VECTORS, mapped=True).items():
            setattr(retriever, name, array)
        retriever._weights = load_file(folder / WEIGHTS_FILE)
        retriever._know(json.loads((folder / IDS_FILE).read_text()))
        return retriever
