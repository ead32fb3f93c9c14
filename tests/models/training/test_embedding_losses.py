import math

import pytest
import torch

from models.training.embedding_losses import (
    alignment,
    batch_l2,
    bpr_loss,
    cosine_contrastive_loss,
    directau_loss,
    softmax_loss,
    uniformity,
    weighted_logistic_loss,
)

IGNORED = -math.inf


@pytest.fixture
def scores():
    generator = torch.Generator().manual_seed(0)
    positives, negatives = torch.randn(6, generator=generator), torch.randn(6, 4, generator=generator)
    negatives[1, 2] = negatives[4, 0] = IGNORED
    return positives, negatives


def pairs(positives, negatives):
    for own, others in zip(positives.tolist(), negatives.tolist(), strict=True):
        yield own, [other for other in others if other != IGNORED]


def test_bpr_term_by_term(scores):
    terms = [-math.log(1 / (1 + math.exp(other - own))) for own, others in pairs(*scores) for other in others]
    assert bpr_loss(*scores).item() == pytest.approx(sum(terms) / len(terms), rel=1e-5)


def test_bpr_by_hand():
    """Differences of ln 3 and 0: -ln(3/4) and -ln(1/2)."""
    loss = bpr_loss(torch.tensor([math.log(3)]), torch.tensor([[0.0, math.log(3)]]))
    assert loss.item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)


@pytest.mark.parametrize("temperature", [1.0, 0.2])
def test_softmax_term_by_term(scores, temperature):
    terms = []
    for own, others in pairs(*scores):
        everything = [math.exp(score / temperature) for score in [own, *others]]
        terms.append(-math.log(everything[0] / sum(everything)))
    assert softmax_loss(*scores, temperature).item() == pytest.approx(sum(terms) / len(terms), rel=1e-5)


def test_softmax_by_hand():
    """exp of the scores: 3 against 1 and 2, so -ln(3/6); at temperature 1/2 they are squared: -ln(9/14)."""
    scores = torch.tensor([math.log(3)]), torch.tensor([[0.0, math.log(2)]])
    assert softmax_loss(*scores, 1.0).item() == pytest.approx(math.log(2))
    assert softmax_loss(*scores, 0.5).item() == pytest.approx(math.log(14 / 9))


def test_cosine_contrastive_term_by_term(scores):
    margin, weight = 0.3, 5.0
    terms = []
    for own, others in pairs(*scores):
        terms.append(1 - own + weight * sum(max(0, other - margin) for other in others) / len(others))
    found = cosine_contrastive_loss(*scores, margin, weight)
    assert found.item() == pytest.approx(sum(terms) / len(terms), rel=1e-5)


def test_cosine_contrastive_by_hand():
    """1 - 3/4, and half of the mean of 0 and 1/4 beyond the margin of 1/2."""
    loss = cosine_contrastive_loss(torch.tensor([0.75]), torch.tensor([[0.25, 0.75]]), margin=0.5, negative_weight=0.5)
    assert loss.item() == pytest.approx(1 / 4 + 1 / 16)


def test_alignment_and_uniformity_by_hand():
    """Unit vectors at a right angle are sqrt(2) apart, opposite ones 2."""
    users = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    items = torch.tensor([[1.0, 0.0], [0.0, -1.0]])
    assert alignment(users, items).item() == pytest.approx((0 + 4) / 2)
    assert uniformity(users).item() == pytest.approx(-4)
    assert uniformity(torch.tensor([[1.0, 0.0], [-1.0, 0.0]])).item() == pytest.approx(-8, rel=1e-5)
    assert uniformity(torch.ones(1, 1)).item() == 0
    assert directau_loss(users, items, 0.25).item() == pytest.approx(2 + (-4 - 4) / 4 / 2, rel=1e-5)


def test_uniformity_over_all_pairs():
    vectors = torch.nn.functional.normalize(torch.randn(7, 3, generator=torch.Generator().manual_seed(1)), dim=1)
    rows = vectors.tolist()
    terms = [math.exp(-2 * math.dist(rows[a], rows[b]) ** 2) for a in range(7) for b in range(a)]
    assert uniformity(vectors).item() == pytest.approx(math.log(sum(terms) / len(terms)), rel=1e-4)


def test_l2_by_hand():
    """(9 + 16) + (1) over twice two rows."""
    assert batch_l2(torch.tensor([[3.0], [4.0]]), torch.tensor([[1.0], [0.0]])).item() == pytest.approx(26 / 4)


@pytest.mark.parametrize("loss", [bpr_loss, lambda p, n: softmax_loss(p, n, 0.1)])
def test_no_negative_left_means_no_loss_and_a_finite_gradient(loss):
    positives = torch.ones(2, requires_grad=True)
    found = loss(positives, torch.full((2, 3), IGNORED))
    found.backward()
    assert found.item() == 0
    assert torch.isfinite(positives.grad).all()


def test_scores_far_apart_stay_finite():
    positives, negatives = torch.tensor([-900.0]), torch.tensor([[900.0]])
    assert bpr_loss(positives, negatives).item() == pytest.approx(1800)
    assert softmax_loss(positives, negatives, 0.1).item() == pytest.approx(18_000)


def test_weighted_logistic_by_hand():
    """ln 2 twice for scores of 0, one of weight 3 and one of weight 5 in a mean with an ignored one, times 2."""
    positives, negatives = torch.zeros(1), torch.tensor([[0.0, IGNORED]])
    loss = weighted_logistic_loss(positives, negatives, torch.tensor([3.0]), torch.tensor([[5.0, 7.0]]), 2.0)
    assert loss.item() == pytest.approx(13 * math.log(2))
