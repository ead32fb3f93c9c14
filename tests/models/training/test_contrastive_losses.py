import math

import pytest
import torch

from models.training.contrastive_losses import info_nce_loss, mixed_softmax_loss, one_way_info_nce_loss


class TestMixedSoftmax:
    def test_equals_the_equation_term_by_term(self):
        generator = torch.Generator().manual_seed(0)
        vectors = torch.randn(6, 3, generator=generator)
        hidden, positives = torch.randn(3, 3, generator=generator), torch.tensor([1, 4, 1])
        candidates, expected = torch.tensor([1, 4, 1, 0, 4]), torch.tensor([2.0, 0.5, 2.0, 0.1, 0.5])
        total = 0.0
        for p in range(3):
            weight = {
                j: math.exp(hidden[p] @ vectors[candidates[j]]) / expected[j].item()
                for j in range(5)
                if j == p or candidates[j] != positives[p]
            }
            total -= math.log(weight[p] / sum(weight.values()))
        found = mixed_softmax_loss(hidden, positives, candidates, vectors[candidates], expected)
        assert found.item() == pytest.approx(total / 3, rel=1e-5)

    def test_hand_worked(self):
        """Two positives, scores 0; the second is expected three times as often: 1 / (1 + 1/3) and 1/3 over 4/3."""
        hidden, items = torch.zeros(2, 2), torch.tensor([0, 1])
        found = mixed_softmax_loss(hidden, items, items, torch.ones(2, 2), torch.tensor([1.0, 3.0]))
        assert found.item() == pytest.approx(-(math.log(3 / 4) + math.log(1 / 4)) / 2)

    def test_one_item_alone(self):
        one = torch.tensor([0])
        assert mixed_softmax_loss(torch.ones(1, 2), one, one, torch.ones(1, 2), torch.ones(1)).item() == 0


class TestInfoNCE:
    @pytest.mark.parametrize("temperature", [0.5, torch.tensor([0.1, 0.5, 1.0, 3.0])], ids=["one", "per anchor"])
    def test_equals_the_equation_term_by_term(self, temperature):
        generator = torch.Generator().manual_seed(0)
        one, other = torch.randn(4, 3, generator=generator), torch.randn(4, 3, generator=generator)
        each = torch.as_tensor(temperature).expand(4).tolist()

        def term(row, rows, own):
            cosines = [torch.cosine_similarity(row, other, dim=0).item() / each[own] for other in rows]
            return -cosines[own] + math.log(sum(map(math.exp, cosines)))

        there = sum(term(one[i], other, i) for i in range(4)) / 4
        back = sum(term(other[i], one, i) for i in range(4)) / 4
        assert info_nce_loss(one, other, temperature).item() == pytest.approx((there + back) / 2, rel=1e-5)

    def test_hand_worked(self):
        """Orthogonal pairs, t = 1: each has e against 1."""
        one = torch.eye(2) * 7
        assert info_nce_loss(one, one, 1.0).item() == pytest.approx(-math.log(math.e / (math.e + 1)))


class TestOneWay:
    def test_is_the_first_half_of_info_nce(self):
        generator = torch.Generator().manual_seed(0)
        one, other = (torch.randn(7, 3, generator=generator, requires_grad=True) for _ in range(2))
        found = one_way_info_nce_loss(one, other, 0.3)
        total = 0.0
        for i in range(7):
            scores = [math.exp(torch.cosine_similarity(one[i], other[j], dim=0).item() / 0.3) for j in range(7)]
            total -= math.log(scores[i] / sum(scores))
        assert found.item() == pytest.approx(total / 7, rel=1e-5)
        both = (found + one_way_info_nce_loss(other, one, 0.3)) / 2
        torch.testing.assert_close(both, info_nce_loss(one, other, 0.3))
        mine, theirs = (
            torch.autograd.grad(both, [one, other]),
            torch.autograd.grad(info_nce_loss(one, other, 0.3), [one, other]),
        )
        for found_gradient, expected in zip(mine, theirs, strict=True):
            torch.testing.assert_close(found_gradient, expected)

    def test_no_rows_cost_nothing(self):
        assert one_way_info_nce_loss(torch.zeros(0, 3), torch.zeros(0, 3), 1.0).item() == 0
