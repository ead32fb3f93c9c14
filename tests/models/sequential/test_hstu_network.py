import math

import pytest
import torch
import torch.nn.functional as F

from models.sequential.hstu_network import HSTULayer, HSTUNetwork, RelativeBias


def naive_layer(layer, x, bias):
    """Place by place and head by head, as the equations stand."""
    T, D = x.shape
    gate, value, query, key = F.silu(layer.projections(layer.norm(x))).chunk(4, dim=-1)
    size = D // layer.n_heads
    mixed = torch.zeros(T, D)
    for head in range(layer.n_heads):
        part = slice(head * size, (head + 1) * size)
        for i in range(T):
            for j in range(i + 1):
                weight = F.silu(query[i, part] @ key[j, part] + bias[i, j]) / (i + 1)
                mixed[i, part] += weight * value[j, part]
    return x + layer.output(layer.mixed_norm(mixed) * gate)


def test_layer_equals_the_equations():
    torch.manual_seed(0)
    layer = HSTULayer(size=6, n_heads=2, dropout=0.0)
    x, bias = torch.randn(2, 5, 6), torch.randn(2, 5, 5)
    seen = torch.ones(5, 5).tril() / torch.arange(1, 6)[:, None]
    found = layer(x, bias, seen)
    for row in range(2):
        torch.testing.assert_close(found[row], naive_layer(layer, x[row], bias[row]), rtol=1e-4, atol=1e-5)


def test_bias_is_of_the_distance_and_of_the_octave_of_the_gap():
    bias = RelativeBias(max_length=4)
    with torch.no_grad():
        bias.places.copy_(torch.tensor([0.0, 1.0, 2.0, 3.0]))
        bias.gaps.copy_(10.0 * torch.arange(64))
    found = bias(torch.tensor([[0, 0, 100, 1_000_000]]))[0]
    for i, j, gap in [(0, 0, 0), (1, 0, 0), (2, 1, 100), (3, 2, 999_900), (3, 0, 1_000_000)]:
        assert found[i, j].item() == pytest.approx(i - j + 10 * math.floor(2 * math.log2(gap + 1)))


def test_the_oldest_gap_has_a_bucket():
    bias = RelativeBias(max_length=2)
    assert torch.isfinite(bias(torch.tensor([[-(2**40), 2**40]]))).all()


def test_time_between_changes_the_state_and_the_time_of_day_does_not():
    torch.manual_seed(0)
    network = HSTUNetwork(n_items=9, max_length=4, embedding_size=8, n_blocks=1, n_heads=2, dropout=0.0).eval()
    with torch.no_grad():
        network.bias[0].gaps.normal_()
    items, times = torch.tensor([[1, 2, 3]]), torch.tensor([[0, 1000, 2000]])
    later, slower = times + 10**9, times * 1000
    torch.testing.assert_close(network(items, times), network(items, later))
    assert not torch.allclose(network(items, times)[:, 2], network(items, slower)[:, 2])
