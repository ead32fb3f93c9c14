import math

import pytest
import torch

from models.training.losses import full_softmax_loss, sampled_softmax_loss


def naive_loss(hidden, positives, negatives, item_vectors):
    total = 0.0
    for state, positive in zip(hidden.tolist(), positives.tolist(), strict=True):

        def score(item, state=state):
            return sum(a * b for a, b in zip(state, item_vectors[item].tolist(), strict=True))

        others = sum(math.exp(score(item)) for item in negatives.tolist() if item != positive)
        total -= math.log(math.exp(score(positive)) / (math.exp(score(positive)) + others))
    return total / len(positives)


def test_equals_the_equation_term_by_term():
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(7, 4, generator=generator)
    item_vectors = torch.randn(6, 4, generator=generator)
    positives = torch.tensor([0, 1, 2, 3, 4, 5, 0])
    negatives = torch.tensor([0, 0, 3, 5, 2])
    found = sampled_softmax_loss(hidden, positives, negatives, item_vectors)
    assert found.item() == pytest.approx(naive_loss(hidden, positives, negatives, item_vectors), rel=1e-5)


def test_hand_worked():
    """Scores 0 for the positive and the one other negative: -log(1/2); the positive drawn as negative is ignored."""
    loss = sampled_softmax_loss(torch.zeros(1, 2), torch.tensor([1]), torch.tensor([1, 0]), torch.ones(2, 2))
    assert loss.item() == pytest.approx(math.log(2))


def test_no_other_item_means_no_loss_and_a_finite_gradient():
    item_vectors = torch.ones(1, 2, requires_grad=True)
    loss = sampled_softmax_loss(torch.ones(3, 2), torch.zeros(3, dtype=torch.long), torch.zeros(4).long(), item_vectors)
    loss.backward()
    assert loss.item() == 0
    assert torch.isfinite(item_vectors.grad).all()


def test_full_softmax_is_every_item_drawn_once():
    generator = torch.Generator().manual_seed(1)
    hidden, item_vectors = torch.randn(7, 4, generator=generator), torch.randn(6, 4, generator=generator)
    positives = torch.tensor([0, 1, 2, 3, 4, 5, 0])
    expected = naive_loss(hidden, positives, torch.arange(6), item_vectors)
    assert full_softmax_loss(hidden, positives, item_vectors).item() == pytest.approx(expected, rel=1e-5)
