"""Negatives by popularity, and that their correction makes of them what uniform ones would be."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from models.training.config import LossConfig
from models.training.losses import gbce_loss, next_item_loss, sampled_softmax_loss
from models.training.negative_sampling import NegativeSampler
from models.training.shared_softmax import shared_softmax_loss

COUNTS = np.array([0, 1, 16, 81, 256])
BY_HAND = {
    "uniform": torch.full((5,), 0.2),
    "popularity": torch.tensor([1, 1, 8, 27, 64]) / 101,
    "mixed": (torch.tensor([1, 1, 8, 27, 64]) / 101 + 0.2) / 2,
}
"""With the exponent 3/4: 16, 81 and 256 become 8, 27 and 64; nothing counts as one."""


def sampler(kind, exponent=0.75):
    return NegativeSampler(kind, COUNTS, exponent)


@pytest.mark.parametrize("kind", BY_HAND)
def test_items_are_drawn_as_often_as_said(kind):
    torch.manual_seed(0)
    drawn = sampler(kind).draw(200_000)
    torch.testing.assert_close(drawn.bincount(minlength=5) / len(drawn), BY_HAND[kind], rtol=0.05, atol=0.001)
    torch.testing.assert_close(sampler(kind).probability(torch.arange(5)), BY_HAND[kind])


@pytest.mark.parametrize("kind", ["popularity", "mixed"])
@pytest.mark.parametrize("loss", ["softmax", "bce"])
def test_what_is_expected_of_the_negatives_is_what_uniform_ones_give(kind, loss):
    """Exactly: the sum over all items of their probability times the term of the loss."""
    scores = torch.tensor([0.3, -1.0, 2.0, 0.7, 1.1])
    drawn = sampler(kind)
    corrections = drawn.correction(torch.arange(5))
    if loss == "softmax":
        terms, uniform = torch.exp(scores - corrections), torch.exp(scores).mean()
    else:
        terms, uniform = F.softplus(scores) * torch.exp(-corrections), F.softplus(scores).mean()
    torch.testing.assert_close((drawn.probability(torch.arange(5)) * terms).sum(), uniform)


def test_without_an_exponent_popularity_is_uniform_and_needs_no_correction():
    even = sampler("popularity", exponent=0.0)
    torch.testing.assert_close(even.probability(torch.arange(5)), BY_HAND["uniform"])
    torch.testing.assert_close(even.correction(torch.arange(5)), torch.zeros(5))
    assert sampler("uniform").correction(torch.arange(5)) is None


def test_half_of_the_mixed_ones_are_uniform():
    torch.manual_seed(0)
    drawn = NegativeSampler("mixed", np.array([0] * 99 + [10**9]), 1.0).draw(2_001)
    assert (drawn[1_000:] == 99).all()
    assert (drawn[:1_000] == 99).float().mean() < 0.05


def vectors():
    generator = torch.Generator().manual_seed(0)
    hidden, items = torch.randn(6, 4, generator=generator), torch.randn(5, 4, generator=generator)
    return hidden.requires_grad_(), items, torch.tensor([0, 4, 2, 3, 1, 4]), torch.tensor([4, 3, 4, 1])


class TestCorrectedLosses:
    def test_the_softmax_subtracts_it_from_the_negatives_scores(self):
        hidden, items, positives, negatives = vectors()
        correction = sampler("popularity").correction(negatives)
        found = sampled_softmax_loss(hidden, positives, negatives, items[positives], items[negatives], correction)
        scores = hidden @ items.T
        expected = []
        for row, positive in enumerate(positives.tolist()):
            others = [
                scores[row, item] - correction[place]
                for place, item in enumerate(negatives.tolist())
                if item != positive
            ]
            expected.append(torch.logsumexp(torch.stack([scores[row, positive], *others]), 0) - scores[row, positive])
        torch.testing.assert_close(found, torch.stack(expected).mean())

    def test_in_chunks_with_gradients_it_is_the_same(self):
        hidden, items, positives, negatives = vectors()
        correction = sampler("mixed").correction(negatives)
        whole = sampled_softmax_loss(hidden, positives, negatives, items[positives], items[negatives], correction)
        shared = shared_softmax_loss(hidden, items[positives], items[negatives], positives, negatives, 1.0, correction)
        torch.testing.assert_close(shared, whole)
        found, expected = (torch.autograd.grad(loss, hidden)[0] for loss in (shared, whole))
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)

    def test_binary_cross_entropy_weighs_by_it(self):
        hidden, items, positives, negatives = vectors()
        weight = torch.tensor([1.0, 3.0, 1.0, 1.0])
        args = hidden, positives, negatives, items[positives], items[negatives]
        weighted = gbce_loss(*args, 0.0, 5, -weight.log())
        repeated = torch.tensor([4, 3, 4, 1, 3, 3])
        more = gbce_loss(hidden, positives, repeated, items[positives], items[repeated], 0.0, 5)
        torch.testing.assert_close(weighted * 5, more * 7, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("loss", ["softmax", "bce"])
    def test_the_sampler_is_asked_unless_all_items_are_negatives(self, loss):
        hidden, items, positives, _ = vectors()
        drawn = sampler("popularity")
        few, all_of_them = (
            next_item_loss(
                hidden,
                positives,
                lambda some: items[some],
                lambda: items,
                5,
                LossConfig(loss=loss, n_negatives=n),
                drawn,
            )
            for n in (4, 5)
        )
        whole = next_item_loss(
            hidden, positives, lambda some: items[some], lambda: items, 5, LossConfig(loss=loss, n_negatives=5)
        )
        assert torch.equal(all_of_them, whole)
        assert torch.isfinite(few) and not torch.equal(few, whole)
