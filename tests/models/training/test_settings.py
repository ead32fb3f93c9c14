"""Threads, seeds and devices: set where asked, put back afterwards."""

import faiss
import pytest
import torch

from models.errors import UserError
from models.training.device import choose_device
from models.training.seeds import seeded
from models.training.threads import faiss_threads, torch_threads


@pytest.mark.parametrize(
    ("limit", "current"), [(torch_threads, torch.get_num_threads), (faiss_threads, faiss.omp_get_max_threads)]
)
def test_threads_are_set_inside_and_restored_after_an_error(limit, current):
    before = current()
    with pytest.raises(RuntimeError), limit(before + 1):
        assert current() == before + 1
        raise RuntimeError
    assert current() == before


def test_seeded_repeats_and_leaves_the_process_alone():
    torch.manual_seed(1)
    undisturbed = torch.rand(3)
    torch.manual_seed(1)
    draws = []
    for _ in range(2):
        with seeded(5):
            draws.append(torch.rand(3))
    torch.testing.assert_close(draws[0], draws[1], rtol=0, atol=0)
    torch.testing.assert_close(torch.rand(3), undisturbed, rtol=0, atol=0)


def test_devices():
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(UserError, match="no device 'tpu'"):
        choose_device("tpu")


def test_missing_gpu_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="torch sees no GPU"):
        choose_device("cuda")
