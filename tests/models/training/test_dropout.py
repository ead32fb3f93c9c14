import pytest
import torch

from models.training.dropout import Dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_share_scale_and_gradient(p):
    torch.manual_seed(0)
    x = torch.ones(301, 333, requires_grad=True)
    dropped = Dropout(p)(x)
    kept = dropped != 0
    assert kept.float().mean().item() == pytest.approx(1 - p, abs=0.01)
    torch.testing.assert_close(dropped[kept], torch.full_like(dropped[kept], 1 / (1 - p)))
    dropped.sum().backward()
    torch.testing.assert_close(x.grad, dropped.detach())


def test_neighbours_that_share_a_draw_are_independent():
    torch.manual_seed(0)
    kept = (Dropout(0.5)(torch.ones(40_000)) != 0).float().view(-1, 4)
    correlation = torch.corrcoef(kept.T) - torch.eye(4)
    assert correlation.abs().max() < 0.05


def test_identity_in_eval_mode_and_at_zero():
    x = torch.randn(3, 5)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x
