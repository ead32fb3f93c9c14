import pytest
import torch

from models.collaborative.embedding_network import EmbeddingNetwork
from models.collaborative.run_digest import run_digest


def network(value=1.0):
    return EmbeddingNetwork(torch.full((2, 3), value), torch.ones(4, 3))


@pytest.fixture
def run(interactions):
    train = interactions([[0, 1], [2]], n_items=4)
    return {"settings": "a", "network": network(), "train": train, "validation": None, "n_epochs": None}


def test_the_same_run_has_the_same_digest(run):
    assert run_digest(**run) == run_digest(**{**run, "network": network()})


@pytest.mark.parametrize("change", ["settings", "network", "items", "offsets", "n_items", "validation", "n_epochs"])
def test_whatever_changes_the_weights_changes_it(run, interactions, change):
    other = {
        "settings": {"settings": "b"},
        "network": {"network": network(2.0)},
        "items": {"train": interactions([[0, 1], [3]], n_items=4)},
        "offsets": {"train": interactions([[0], [1, 2]], n_items=4)},
        "n_items": {"train": interactions([[0, 1], [2]], n_items=5)},
        "validation": {"validation": run["train"]},
        "n_epochs": {"n_epochs": 3},
    }[change]
    assert run_digest(**run) != run_digest(**{**run, **other})
