"""What a retriever keeps of the texts that its vectors are aligned with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.collaborative.embedding_config import VectorConfig
from models.collaborative.pair_retriever import PairRetriever
from models.retrieval.interactions import Interactions
from models.retrieval.item_features import features_of

if TYPE_CHECKING:
    from models.collaborative.text_alignment import TextAlignment


class AlignedRetriever(PairRetriever):
    """A retriever that looks at texts where its config says `alignment`, see `models.collaborative.text_alignment`."""

    config: VectorConfig

    @property
    def reads_item_features(self) -> bool:
        """Where vectors are aligned with texts."""
        return self.config.alignment != "none"

    @property
    def reads_user_texts(self) -> bool:
        """Where those of users are aligned too."""
        return self.reads_item_features and self.config.align_users

    def new_alignment(self, train: Interactions, size: int) -> TextAlignment:
        """What draws a network's vectors to the texts.

        Args:
            train: Whose users and items.
            size: Length of the vectors.

        Raises:
            ValueError: The items' features are missing or of another vocabulary, or the users' texts of another
                encoder.
        """
        import torch

        from models.collaborative.text_alignment import TextAlignment

        items = np.ascontiguousarray(features_of(self.name, self.features, train.n_items).text)
        users = np.zeros((train.n_users, items.shape[1]), dtype=np.float32)
        if self.user_texts is not None:
            users = self.user_texts.of(train.user_ids)
        if users.shape[1] != items.shape[1]:
            raise ValueError(f"text vectors of {users.shape[1]} dimensions for users, of {items.shape[1]} for items")
        return TextAlignment(self.config, torch.from_numpy(users), torch.from_numpy(items), size)
