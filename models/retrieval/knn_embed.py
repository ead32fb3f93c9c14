"""kNN-Embed: candidates from the clusters of a user's history and of those like them, on any retriever with vectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.ann.metric import prepared
from models.errors import UserError
from models.retrieval import registry
from models.retrieval.array_files import load_arrays, save_arrays
from models.retrieval.clusters import find_clusters
from models.retrieval.config_file import read_config, write_config
from models.retrieval.contract import FitReport, Progress, Retriever, no_progress
from models.retrieval.data_shape import DataShape
from models.retrieval.history_matrix import history_matrix
from models.retrieval.interactions import Interactions
from models.retrieval.interests import Interests
from models.retrieval.item_features import ItemFeatures
from models.retrieval.memory import check_memory
from models.retrieval.mixtures import mixtures, nearest_users, shares, smoothed
from models.retrieval.user_texts import UserTexts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BASE_FOLDER, IDS_FILE = "base", "reference_ids.json"
ARRAYS = ("cluster_of", "reference_vectors", "reference_indptr", "reference_indices")


class KnnEmbedConfig(BaseModel):
    """Settings of `knn_embed`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: str = Field(
        default="ials", description="The retriever with vectors on top of which it works; fitted with it."
    )
    base_settings: dict[str, Any] = Field(default_factory=dict, description="That retriever's own settings.")
    n_clusters: int = Field(default=64, ge=1, description="Clusters of items.")
    cluster_metric: Literal["cosine", "euclidean"] = Field(
        default="cosine",
        description="What makes items alike: the direction of their vectors, or their place; lengths are mostly "
        "popularity.",
    )
    cluster_iterations: int = Field(default=20, ge=1, description="Iterations of k-means at most.")
    n_interests: int = Field(default=8, ge=1, description="Clusters of a user that are drawn from, the heaviest.")
    n_neighbours: int = Field(
        default=10, ge=0, description="Users like the user whose mixtures smooth the user's; 0: none do."
    )
    own_weight: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of a user's own history in the mixture; the rest is the neighbours'.",
    )
    user_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of the user's vector in that of each interest; the rest is the cluster's centroid.",
    )
    n_reference_users: int = Field(
        default=100_000, ge=1, description="Users of the training that can be neighbours, drawn where there are more."
    )
    seed: int = Field(default=42, ge=0, description="Seed of the clusters and of that draw.")

    @model_validator(mode="after")
    def _base_is_usable(self) -> Self:
        try:
            about = registry.retriever_class(self.base)
        except UserError as error:
            raise ValueError(f"base: {error.found}. {error.mend}") from None
        if not about.has_vectors or issubclass(about, KnnEmbed):
            raise ValueError(f"base: {self.base} cannot be it; name a retriever with vectors, such as ials or sasrec")
        try:
            about.Config.model_validate(self.base_settings)
        except ValidationError as error:
            problems = (
                f"base_settings.{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
                for problem in error.errors(include_url=False)
            )
            raise ValueError("; ".join(problems)) from None
        return self


class KnnEmbed(Retriever):
    """kNN-Embed (El-Kishky et al., "kNN-Embed: Locally Smoothed Embedding Mixtures For Multi-interest Candidate
    Retrieval", arXiv 2205.06205, 2022).

    Items are clustered by their vectors v. A user is a mixture over clusters: with `p_u` even over the items of u's
    history, `q_u = own_weight p_u + (1 - own_weight) mean over the n_neighbours nearest users w of p_w`, and
    `p(c | u)` the sum of `q_u` over cluster c. Each cluster's vector is the centroid of what was touched there,
    `m_c = sum over its items of q_ui v_i / p(c | u)`, so that neighbours smooth it too; the best items by
    `((1 - user_share) m_c / |m_c| + user_share x / |x|) . v`, x the user's vector, are drawn in proportion to
    `p(c | u)`. What was drawn has the base's score, which also orders it.

    Differences from the paper: a user's own history has a weight of its own beside its neighbours'; the user's vector
    is mixed into the centroids, which a `user_share` of 0 leaves out; only a user's heaviest clusters count. Neighbours
    are users of the training by the cosine of their vectors. A user is a history, so nobody needs to have been in
    the training; one without a history has no mixture and gets the base's list.
    """

    name: ClassVar[str] = "knn_embed"
    has_vectors: ClassVar[bool] = True
    Config: ClassVar[type[BaseModel]] = KnnEmbedConfig

    lowered_for_memory: ClassVar[tuple[str, ...]] = ("n_reference_users",)

    config: KnnEmbedConfig

    def __init__(self, config: KnnEmbedConfig):
        super().__init__(config)
        self.base = registry.new_retriever(config.base, config.base_settings)
        self.cluster_of = np.zeros(0, dtype=np.int32)

    @property
    def reads_item_features(self) -> bool:
        """As its base does."""
        return self.base.reads_item_features

    @property
    def reads_user_texts(self) -> bool:
        """As its base does."""
        return self.base.reads_user_texts

    def describe_items(self, features: ItemFeatures) -> None:
        """Tell the base."""
        super().describe_items(features)
        self.base.describe_items(features)

    def describe_users(self, texts: UserTexts) -> None:
        """Tell the base."""
        super().describe_users(texts)
        self.base.describe_users(texts)

    def memory_parts(self, shape: DataShape) -> dict[str, int]:
        """See `Retriever.memory_parts`: the base's, then clusters of items and users to refer to."""
        size = getattr(self.base.config, "embedding_size", 0)
        n_users = min(self.config.n_reference_users, shape.n_users)
        mean_length = shape.n_interactions / max(shape.n_users, 1)
        return self.base.memory_parts(shape) | {
            "clusters of items": 12 * size * shape.n_items,
            "users to refer to": int(n_users * (8 * size + 24 * mean_length)),
        }

    def fit(
        self,
        train: Interactions,
        validation: Interactions | None = None,
        device: str = "cpu",
        progress: Progress = no_progress,
        n_epochs: int | None = None,
    ) -> FitReport:
        """Fit the base, cluster its items (those somebody touched), keep its users' vectors and histories."""
        config = self.config
        memory = check_memory(self, train, validation, device)
        self.base.checkpoint_folder = self.checkpoint_folder
        report = self.base.fit(train, validation, device, progress, n_epochs)
        vectors = np.asarray(self.base.item_vectors())
        touched = np.unique(train.items) if len(train.items) else np.arange(train.n_items)
        found = find_clusters(
            vectors[touched], config.n_clusters, config.cluster_metric, config.cluster_iterations, config.seed
        )
        self.cluster_of = found.of(vectors)
        users = np.flatnonzero(train.lengths())
        if len(users) > config.n_reference_users:
            drawn = np.random.default_rng(config.seed).choice(users, config.n_reference_users, replace=False)
            users = np.sort(drawn)
        vectors_of_users = prepared(self.base.user_vectors(train, users), "cosine")
        matrix = history_matrix(train, users)
        self._refer_to([str(user) for user in train.user_ids[users]], vectors_of_users, matrix)
        report.notes["n_clusters"] = len(found.centroids)
        report.memory = memory
        return report

    def _refer_to(self, ids: list[str], vectors: np.ndarray, matrix: csr_matrix) -> None:
        self.reference_vectors, self.reference_shares = vectors, shares(matrix)
        self.reference_indptr, self.reference_indices = matrix.indptr, matrix.indices
        self._row_of = {user: row for row, user in enumerate(ids)}

    @property
    def draws_in_proportion(self) -> bool:
        """It does."""
        return True

    def interests(self, histories: Interactions, users: np.ndarray) -> Interests:
        """See `Retriever.interests`."""
        config = self.config
        touched = shares(history_matrix(histories, users))
        vectors = prepared(self.base.user_vectors(histories, users), "cosine")
        if config.n_neighbours and len(self.reference_vectors):
            own = np.array([self._row_of.get(str(user), -1) for user in histories.user_ids[users]], dtype=np.int64)
            neighbours = nearest_users(vectors, self.reference_vectors, own, config.n_neighbours)
            touched = smoothed(touched, self.reference_shares, neighbours, config.own_weight)
        n_clusters = int(self.cluster_of.max()) + 1
        found = mixtures(touched, self.cluster_of, n_clusters, self.base.item_vectors(), config.n_interests)
        centroids = prepared(found.vectors, "cosine")
        mixed = (1 - config.user_share) * centroids + config.user_share * vectors[:, None]
        return Interests(mixed.astype(np.float32), found.weights)

    def item_vectors(self) -> np.ndarray:
        """The base's."""
        return self.base.item_vectors()

    def user_vectors(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """The base's."""
        return self.base.user_vectors(histories, users)

    def score_vectors(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """The base's."""
        return self.base.score_vectors(histories, users)

    def scores(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """The base's."""
        return self.base.scores(histories, users)

    def because_of(self, history: np.ndarray, items: np.ndarray) -> np.ndarray:
        """As the base explains it."""
        return self.base.because_of(history, items)

    def save(self, folder: Path) -> None:
        """Write the base into `base/`, and the clusters, the users' vectors and histories and `config.json`."""
        (folder / BASE_FOLDER).mkdir()
        self.base.save(folder / BASE_FOLDER)
        save_arrays(folder, {name: getattr(self, name) for name in ARRAYS})
        (folder / IDS_FILE).write_text(json.dumps(list(self._row_of)))
        write_config(self.name, self.config, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        from scipy.sparse import csr_matrix

        retriever = cls(read_config(cls.name, KnnEmbedConfig, folder))
        retriever.base = registry.load_retriever(folder / BASE_FOLDER)
        cluster_of, vectors, indptr, indices = load_arrays(folder, ARRAYS).values()
        retriever.cluster_of = cluster_of
        ones = np.ones(len(indices), dtype=np.float32)
        matrix = csr_matrix((ones, indices, indptr), (len(indptr) - 1, len(cluster_of)))
        retriever._refer_to(json.loads((folder / IDS_FILE).read_text()), vectors, matrix)
        return retriever
