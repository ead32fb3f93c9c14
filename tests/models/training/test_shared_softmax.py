import math

import pytest
import torch

from models.training import shared_softmax
from models.training.embedding_losses import softmax_loss
from models.training.shared_softmax import shared_softmax_loss


def drawn(n_pairs=11, n_negatives=7, n_items=9):
    generator = torch.Generator().manual_seed(0)
    vectors = [torch.randn(n, 5, generator=generator).requires_grad_() for n in (n_pairs, n_pairs, n_negatives)]
    items, negatives = (torch.randint(n_items, (n,), generator=generator) for n in (n_pairs, n_negatives))
    return vectors, items, negatives


@pytest.mark.parametrize("chunk_elements", [1, 30, 2**20])
@pytest.mark.parametrize("temperature", [1.0, 0.3])
def test_loss_and_gradients_are_those_of_all_scores_at_once(monkeypatch, chunk_elements, temperature):
    monkeypatch.setattr(shared_softmax, "CHUNK_ELEMENTS", chunk_elements)
    vectors, items, negatives = drawn()
    users, own, others = vectors
    assert (negatives == items[:, None]).any()
    loss = 3 * shared_softmax_loss(users, own, others, items, negatives, temperature)
    found = torch.autograd.grad(loss, vectors)
    scores = (users @ others.T).masked_fill(negatives == items[:, None], -torch.inf)
    whole = 3 * softmax_loss((users * own).sum(dim=1), scores, temperature)
    torch.testing.assert_close(loss, whole)
    for part, expected in zip(found, torch.autograd.grad(whole, vectors), strict=True):
        torch.testing.assert_close(part, expected, rtol=1e-4, atol=1e-6)


def test_by_hand():
    """Scores 0 and 0: -ln(1/2); the pair's own item drawn as a negative is ignored."""
    zeros = torch.zeros(1, 2), torch.zeros(1, 2), torch.zeros(2, 2)
    loss = shared_softmax_loss(*zeros, torch.tensor([1]), torch.tensor([1, 0]), 1.0)
    assert loss.item() == pytest.approx(math.log(2))


def test_no_negative_left_means_no_loss_and_a_finite_gradient():
    (users, own, others), _, _ = drawn(3, 2)
    loss = shared_softmax_loss(users, own, others, torch.zeros(3).long(), torch.zeros(2).long(), 0.1)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert all(torch.isfinite(part.grad).all() for part in (users, own, others))


def test_scores_far_apart_stay_finite():
    users = torch.tensor([[1000.0]])
    loss = shared_softmax_loss(users, -users, users, torch.tensor([0]), torch.tensor([1]), 1.0)
    assert loss.item() == pytest.approx(2e6)
