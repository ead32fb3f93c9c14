from dataclasses import replace

import numpy as np
import pytest
import torch

from models.collaborative.embedding_network import EmbeddingNetwork
from models.retrieval.interactions import Interactions
from models.retrieval.item_features import ItemFeatures
from models.retrieval.registry import new_retriever
from models.retrieval.user_texts import UserTexts
from models.training.run_digest import run_digest

ALIGNED = {"alignment": "contrastive"}


def network(value=1.0):
    return EmbeddingNetwork(torch.full((2, 3), value), torch.ones(4, 3))


def features(value=1.0, token=0):
    return ItemFeatures(np.full((4, 2), value, np.float32), np.full((4, 1), token, np.int32), 2)


def user_texts(value=1.0, user="u0"):
    return UserTexts(np.array([user], dtype=object), np.full((1, 2), value, np.float32))


def told(name="bpr_mf", items=None, users=None, **settings):
    retriever = new_retriever(name, ALIGNED | settings)
    retriever.describe_items(items or features())
    if users is not None:
        retriever.describe_users(users)
    return retriever


TRAIN = Interactions(
    user_ids=np.array(["u0", "u1"], dtype=object),
    item_ids=np.array(["i0", "i1", "i2", "i3"], dtype=object),
    offsets=np.array([0, 2, 3]),
    items=np.array([0, 1, 2], dtype=np.int32),
    times=np.array([0, 60, 0]),
    weights=np.ones(3, dtype=np.float32),
)


@pytest.fixture
def run():
    users = user_texts()
    return {"retriever": told(users=users), "network": network(), "train": TRAIN, "validation": None, "n_epochs": None}


def test_the_same_run_has_the_same_digest(run):
    again = {"retriever": told(users=user_texts()), "network": network()}
    assert run_digest(**run) == run_digest(**run | again)


CHANGES = {
    "another model": {"retriever": told("lightgcn", users=user_texts())},
    "config": {"retriever": told(users=user_texts(), embedding_size=3)},
    "texts of items": {"retriever": told(items=features(2.0), users=user_texts())},
    "attributes of items": {"retriever": told(items=features(token=1), users=user_texts())},
    "texts of users": {"retriever": told(users=user_texts(2.0))},
    "whose texts": {"retriever": told(users=user_texts(user="u1"))},
    "no texts of users": {"retriever": told()},
    "first weights": {"network": network(2.0)},
    "items": {"train": replace(TRAIN, items=np.array([0, 1, 3], dtype=np.int32))},
    "offsets": {"train": replace(TRAIN, offsets=np.array([0, 1, 3]))},
    "times": {"train": replace(TRAIN, times=TRAIN.times + 1)},
    "n_items": {"train": replace(TRAIN, item_ids=np.array(["i0", "i1", "i2", "i3", "i4"], dtype=object))},
    "validation": {"validation": TRAIN},
    "how long": {"n_epochs": 3},
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_the_weights_changes_it(run, change):
    assert run_digest(**run) != run_digest(**run | CHANGES[change])
