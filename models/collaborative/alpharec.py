"""AlphaRec: vectors of users and items made of text alone, by one trained map, smoothed over their graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
from pydantic import BaseModel, Field

from models.ann.metric import prepared
from models.collaborative.fold_in import mean_vectors
from models.collaborative.memory import PAIR_BYTES
from models.collaborative.normalised_graph import degree_powers, normalised_graph
from models.collaborative.pair_retriever import PairRetriever
from models.collaborative.text_map import TextMap
from models.retrieval.array_files import load_arrays, save_arrays
from models.retrieval.config_file import read_config, write_config
from models.retrieval.data_shape import DataShape
from models.retrieval.history_matrix import MATRIX_BYTES, history_matrix
from models.retrieval.interactions import Interactions
from models.retrieval.item_features import features_of
from models.retrieval.memory import PREPARATION
from models.training.config import TrainingConfig

if TYPE_CHECKING:
    import torch
    from scipy.sparse import csr_matrix

    from models.collaborative.alpharec_network import AlphaRecNetwork
    from models.training.trainer import Forward

ARRAYS = ("items", "reach", "texts")
WEIGHTS_FILE = "weights.safetensors"


class AlphaRecConfig(TrainingConfig):
    """Settings of `alpharec`."""

    learning_rate: float = Field(default=5e-3, gt=0, description="AdamW's step size after the warm-up.")
    batch_tokens: int = Field(default=4096, ge=1, description="Touched pairs of a user and an item per batch.")
    embedding_size: int = Field(default=64, ge=1, description="Length of a vector (D).")
    text_map: Literal["linear", "two_layer"] = Field(
        default="two_layer", description="How a text vector becomes one: by a matrix, or by two with a LeakyReLU."
    )
    hidden_size: int = Field(default=256, ge=1, description="`two_layer`: width between the two matrices.")
    n_layers: int = Field(
        default=2, ge=0, description="Rounds of smoothing over the graph whose means are the vectors; 0: none."
    )
    temperature: float = Field(default=0.15, gt=0, description="Cosines are divided by it inside the softmax.")
    n_negatives: int = Field(
        default=2048, ge=1, description="Items drawn uniformly as negatives of a whole batch, with repeats."
    )


class AlphaRec(PairRetriever):
    """AlphaRec (Sheng et al., "Language Representations Can be What Recommenders Need", ICLR 2025).

    With the frozen text vectors z_i of items, a user's is the mean of their history's, `z_u = mean over i of z_i`;
    `E_0 = map(Z)`, the same map for both; `E = mean over k = 0 .. n_layers of A^k E_0` with LightGCN's adjacency A,
    whose entry of u and i is `1 / sqrt(d_u d_i)`; the score is `cos(e_u, e_i)`, and the loss InfoNCE of the touched
    item against items drawn, see `models.training.embedding_losses.softmax_loss`.

    There is no vector of a user to learn, so anybody is a history: without one the vector is 0 and all scores are 0;
    with one, a user who was not trained on has exactly the vector they would have if they stood in the training's
    graph and no item noticed: `e_u = map(z_u) + sum over the history's i of reach_i / sqrt(d_u)` before its length is
    made 1, `reach_i = sum over k < n_layers of (A^k E_0)_i / sqrt(d_i)`. Nothing flows to or from an item nobody
    touched, so its vector is `map(z_i)` alone; in a new user's history it counts as touched once.

    Differences from the paper: negatives are drawn once for a batch; AdamW in place of Adam; the linear map has no
    constant. An item without text has z = 0.

    Args:
        config: Settings.
        checkpoint_folder: See `PairRetriever`.
    """

    name: ClassVar[str] = "alpharec"
    Config: ClassVar[type[BaseModel]] = AlphaRecConfig
    lowered_for_memory: ClassVar[tuple[str, ...]] = ("batch_tokens", "n_negatives", "hidden_size", "embedding_size")

    config: AlphaRecConfig

    def __init__(self, config: AlphaRecConfig, checkpoint_folder: Path | None = None):
        super().__init__(config, checkpoint_folder)
        self.items = self.reach = self.texts = np.zeros((0, config.embedding_size), dtype=np.float32)
        self.map = TextMap({})

    def memory_parts(self, shape: DataShape) -> dict[str, int]:
        """See `Retriever.memory_parts`: every step maps and smooths all users and items.

        Of the wide layer there are both sides of the activation, their gradients, and one in the making.
        """
        from models.collaborative.memory import graph_floats
        from models.training.memory import scoring_block, shared_logits

        c, n_nodes = self.config, shape.n_users + shape.n_items
        text_size = self.features.text.shape[1] if self.features is not None else 0
        hidden_size = c.hidden_size if c.text_map == "two_layer" else 0
        n_pairs = min(c.batch_tokens, max(shape.n_interactions, 1))
        held = shared_logits(n_pairs, c.n_negatives) + 6 * n_pairs * c.embedding_size
        return {
            "text vectors": 4 * 3 * n_nodes * text_size,
            "mapped texts and their gradients": 4 * n_nodes * (5 * hidden_size + 6 * c.embedding_size),
            "the graph": 4 * graph_floats(shape),
            "a batch": 4 * held + scoring_block(shape, c.n_validation_users),
            PREPARATION: (MATRIX_BYTES + PAIR_BYTES) * shape.n_interactions,
        }

    @property
    def reads_item_features(self) -> bool:
        """Always."""
        return True

    def _first_network(self, train: Interactions, matrix: csr_matrix, device: torch.device) -> AlphaRecNetwork:
        import torch

        from models.collaborative.alpharec_network import AlphaRecNetwork
        from models.collaborative.graph_product import adjacency_product

        c = self.config
        self.texts = np.ascontiguousarray(features_of(self.name, self.features, train.n_items).text)
        users, items = (torch.from_numpy(part).to(device) for part in (mean_vectors(matrix, self.texts), self.texts))
        product = adjacency_product(normalised_graph(matrix), device)
        hidden_size = c.hidden_size if c.text_map == "two_layer" else None
        return AlphaRecNetwork(users, items, product, c.n_layers, c.embedding_size, hidden_size).to(device)

    def _notes(self, network: AlphaRecNetwork) -> dict[str, int]:
        return {"n_items_without_text": int((~self.texts.any(axis=1)).sum())}

    def _batch_loss(
        self, network: AlphaRecNetwork, forward: Forward, users: torch.Tensor, items: torch.Tensor
    ) -> torch.Tensor:
        """InfoNCE of the pairs `users`, `items`, both `[B]`."""
        import torch
        import torch.nn.functional as F

        from models.training.shared_softmax import shared_softmax_loss

        all_users, all_items = forward()
        negatives = torch.randint(len(all_items), (self.config.n_negatives,), device=items.device)
        own, touched, others = (
            F.normalize(part, dim=1) for part in (all_users[users], all_items[items], all_items[negatives])
        )
        return shared_softmax_loss(own, touched, others, items, negatives, self.config.temperature)

    def _keep(self, network: AlphaRecNetwork, train: Interactions, matrix: csr_matrix) -> None:
        """Take over the map, the items' vectors, and what an item gives to a user who touched it."""
        self.map = TextMap({name: part.detach().float().cpu().numpy() for name, part in network.state_dict().items()})
        graph = normalised_graph(matrix)
        users, items = self.map(mean_vectors(matrix, self.texts)), self.map(self.texts)
        total, reach = items, np.zeros_like(items)
        for _ in range(self.config.n_layers):
            reach = reach + items
            users, items = graph @ items, graph.T @ users
            total = total + items
        degrees = np.bincount(matrix.indices, minlength=matrix.shape[1])
        self.reach = reach * degree_powers(np.maximum(degrees, 1), -0.5)[:, None]
        self.items = prepared(total, "cosine")

    def user_vectors(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """`[n, D]` float32 of length 1; 0 without a history."""
        matrix = history_matrix(histories, users)
        lengths = np.diff(matrix.indptr)
        own = self.map(mean_vectors(matrix, self.texts))
        vectors = prepared(own + (matrix @ self.reach) * degree_powers(lengths, -0.5)[:, None], "cosine")
        vectors[lengths == 0] = 0.0
        return vectors

    def save(self, folder: Path) -> None:
        """Write `items.npy`, `reach.npy`, the items' `texts.npy`, the map's `weights.safetensors`, `config.json`."""
        from safetensors.numpy import save_file

        save_arrays(folder, {name: getattr(self, name) for name in ARRAYS})
        save_file(self.map.weights, folder / WEIGHTS_FILE)
        write_config(self.name, self.config, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; arrays are memory-mapped read-only."""
        from safetensors.numpy import load_file

        retriever = cls(read_config(cls.name, AlphaRecConfig, folder))
        for name, array in load_arrays(folder, ARRAYS, mapped=True).items():
            setattr(retriever, name, array)
        retriever.map = TextMap(load_file(folder / WEIGHTS_FILE))
        return retriever
