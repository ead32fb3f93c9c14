import math

import pytest
import torch

from models.training import losses
from models.training.config import LossConfig
from models.training.losses import full_softmax_loss, gbce_loss, next_item_loss, sampled_softmax_loss


def sampled(hidden, positives, negatives, vectors):
    return sampled_softmax_loss(hidden, positives, negatives, vectors[positives], vectors[negatives])


def gbce(hidden, positives, negatives, vectors, calibration):
    return gbce_loss(
        hidden, positives, negatives, vectors[positives], vectors[negatives], calibration, n_items=len(vectors)
    )


def configured(hidden, positives, vectors, settings):
    return next_item_loss(hidden, positives, lambda items: vectors[items], lambda: vectors, len(vectors), settings)


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
    found = sampled(hidden, positives, negatives, item_vectors)
    assert found.item() == pytest.approx(naive_loss(hidden, positives, negatives, item_vectors), rel=1e-5)


def test_hand_worked():
    """Scores 0 for the positive and the one other negative: -log(1/2); the positive drawn as negative is ignored."""
    loss = sampled(torch.zeros(1, 2), torch.tensor([1]), torch.tensor([1, 0]), torch.ones(2, 2))
    assert loss.item() == pytest.approx(math.log(2))


def test_no_other_item_means_no_loss_and_a_finite_gradient():
    item_vectors = torch.ones(1, 2, requires_grad=True)
    loss = sampled(torch.ones(3, 2), torch.zeros(3, dtype=torch.long), torch.zeros(4).long(), item_vectors)
    loss.backward()
    assert loss.item() == 0
    assert torch.isfinite(item_vectors.grad).all()


def test_full_softmax_is_every_item_drawn_once():
    generator = torch.Generator().manual_seed(1)
    hidden, item_vectors = torch.randn(7, 4, generator=generator), torch.randn(6, 4, generator=generator)
    positives = torch.tensor([0, 1, 2, 3, 4, 5, 0])
    expected = naive_loss(hidden, positives, torch.arange(6), item_vectors)
    assert full_softmax_loss(hidden, positives, item_vectors).item() == pytest.approx(expected, rel=1e-5)


def test_full_softmax_in_chunks_is_the_same_with_the_same_gradients(monkeypatch):
    found = []
    for most in (2**24, 12):
        monkeypatch.setattr(losses, "CHUNK_LOGITS", most)
        generator = torch.Generator().manual_seed(1)
        hidden, vectors = (torch.randn(n, 4, generator=generator, requires_grad=True) for n in (7, 6))
        loss = full_softmax_loss(hidden, torch.tensor([0, 1, 2, 3, 4, 5, 0]), vectors)
        loss.backward()
        found.append((loss, hidden.grad, vectors.grad))
    for whole, chunked in zip(*found, strict=True):
        torch.testing.assert_close(whole, chunked)


def test_full_softmax_holds_no_more_logits_than_it_says(monkeypatch):
    monkeypatch.setattr(losses, "CHUNK_LOGITS", 12)
    shapes = []
    counted = losses._summed_cross_entropy
    monkeypatch.setattr(losses, "_summed_cross_entropy", lambda h, p, v: shapes.append(len(h)) or counted(h, p, v))
    full_softmax_loss(torch.randn(7, 4), torch.zeros(7, dtype=torch.long), torch.randn(6, 4))
    assert shapes == [2, 2, 2, 1]


class TestGbce:
    @pytest.mark.parametrize("calibration", [0.0, 0.5, 1.0])
    def test_equals_the_equation_term_by_term(self, calibration):
        generator = torch.Generator().manual_seed(0)
        hidden, vectors = torch.randn(5, 3, generator=generator), torch.randn(9, 3, generator=generator)
        positives, negatives = torch.tensor([0, 3, 8, 2, 2]), torch.tensor([0, 4, 4, 2])
        rate = 4 / 8
        power = rate * (calibration * (1 - 1 / rate) + 1 / rate)
        expected = 0.0
        for state, positive in zip(hidden, positives, strict=True):
            expected += power * torch.sigmoid(state @ vectors[positive]).log().item()
            for other in negatives:
                if other != positive:
                    expected += (1 - torch.sigmoid(state @ vectors[other])).log().item()
        found = gbce(hidden, positives, negatives, vectors, calibration)
        assert found.item() == pytest.approx(-expected / 5 / 5, rel=1e-5)

    def test_hand_worked(self):
        """Scores of 0, one negative of two others: b is 3/4 at t = 1/2, so 7/4 log(2), over 2."""
        found = gbce(torch.zeros(1, 2), torch.tensor([1]), torch.tensor([0]), torch.ones(3, 2), 0.5)
        assert found.item() == pytest.approx(7 / 8 * math.log(2))

    def test_a_negative_that_is_the_positive_leaves_the_gradient_finite(self):
        vectors = torch.ones(2, 2, requires_grad=True)
        gbce(torch.ones(1, 2), torch.tensor([1]), torch.tensor([1, 1]), vectors, 0.5).backward()
        assert torch.isfinite(vectors.grad).all()

    def test_one_item_alone(self):
        found = gbce(torch.zeros(1, 2), torch.tensor([0]), torch.tensor([0]), torch.ones(1, 2), 1.0)
        assert math.isfinite(found.item())


@pytest.mark.parametrize("name", ["softmax", "gbce", "bce"])
def test_the_configured_loss_is_taken_and_a_small_catalogue_is_its_own_negatives(name):
    settings = LossConfig(loss=name, n_negatives=100, gbce_calibration=0.5)
    hidden, vectors, positives = torch.randn(4, 3), torch.randn(6, 3), torch.tensor([1, 2, 3, 3])
    found = configured(hidden, positives, vectors, settings)
    expected = {
        "softmax": lambda: full_softmax_loss(hidden, positives, vectors),
        "gbce": lambda: gbce(hidden, positives, torch.arange(6), vectors, 0.5),
        "bce": lambda: gbce(hidden, positives, torch.arange(6), vectors, 0.0),
    }
    torch.testing.assert_close(found, expected[name]())


def test_fewer_negatives_than_items_are_drawn():
    torch.manual_seed(0)
    settings, vectors = LossConfig(n_negatives=3), torch.randn(50, 3)
    hidden, positives = torch.randn(4, 3), torch.tensor([1, 2, 3, 3])
    one, other = (configured(hidden, positives, vectors, settings) for _ in range(2))
    assert one != other
