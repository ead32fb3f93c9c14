import pytest
import torch
from torch import nn

from models.training.averaging import MovingAverage


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Linear(2, 3)


def test_is_the_sum_of_the_steps_as_the_equation_weighs_them(network):
    average = MovingAverage(network, kept=0.3)
    expected = network.weight.detach().clone()
    for step in range(6):
        with torch.no_grad():
            network.weight.add_(step + 1.0)
        average.update(step)
        kept = min(0.3, (1 + step) / (10 + step))
        expected = kept * expected + (1 - kept) * network.weight.detach()
    torch.testing.assert_close(average.weights["weight"], expected)


def test_hand_worked():
    network = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        network.weight.fill_(0.0)
        average = MovingAverage(network, kept=0.5)
        network.weight.fill_(10.0)
    average.update(0)  # d = 1/10
    assert average.weights["weight"].item() == pytest.approx(9)
    average.update(1000)  # d = 1/2
    assert average.weights["weight"].item() == pytest.approx(9.5)


def test_is_in_place_only_for_a_while(network):
    average = MovingAverage(network, kept=0.9)
    with torch.no_grad():
        network.weight.add_(1.0)
    now, mean = network.weight.detach().clone(), average.weights["weight"].clone()
    with pytest.raises(RuntimeError, match="inside"), average.in_place():
        assert torch.equal(network.weight, mean)
        raise RuntimeError("inside")
    assert torch.equal(network.weight, now) and torch.equal(average.weights["weight"], mean)
