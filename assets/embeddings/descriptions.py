"""What a retriever is told of items and users besides who touched what, by what its config asks for."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from assets.embeddings.item_features import read_item_features
from assets.embeddings.text_vectors import encoder_of
from assets.embeddings.user_text_embeddings import newest_user_texts
from models.retrieval.contract import Retriever
from models.retrieval.item_features import ItemFeatures
from models.retrieval.user_texts import UserTexts
from resources.warehouse import Warehouse


@dataclass(frozen=True)
class Descriptions:
    """What is known as of a day, and of its users what was known before the validation days.

    Attributes:
        items: For a retriever that reads it.
        users_before: What profiles said before the validation days; `None` where no such vectors are left.
        users: What they say now; `None` too where there is nothing from before, so that the model that is judged and
            the one that makes the lists differ in what they have seen, not in kind.
        encoder: By what the texts' vectors were made; `None` where none are read.
    """

    items: ItemFeatures | None = None
    users_before: UserTexts | None = None
    users: UserTexts | None = None
    encoder: str | None = None

    def tell(self, retriever: Retriever, users: UserTexts | None) -> None:
        """Give a retriever what it looks at, of users those given."""
        if retriever.reads_item_features and self.items is not None:
            retriever.describe_items(self.items)
        if retriever.reads_user_texts and users is not None:
            retriever.describe_users(users)


def read_descriptions(
    warehouse: Warehouse, retriever: Retriever, day: dt.date, validation_days: int, item_ids: np.ndarray
) -> Descriptions:
    """What this retriever asks for.

    Args:
        warehouse: Where text vectors, profiles and items are.
        retriever: Of whose config it depends.
        day: As-of day.
        validation_days: The last days up to it, of which the model that is judged may know nothing.
        item_ids: The vocabulary.
    """
    if not retriever.reads_item_features:
        return Descriptions()
    items, encoder = read_item_features(warehouse, day, item_ids), encoder_of(warehouse, day)
    if not retriever.reads_user_texts:
        return Descriptions(items, encoder=encoder)
    before = newest_user_texts(warehouse, day - dt.timedelta(days=validation_days), encoder)
    return Descriptions(items, before, before and newest_user_texts(warehouse, day, encoder), encoder)
