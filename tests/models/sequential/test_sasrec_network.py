import pytest
import torch

from models.sequential.sasrec_network import SASRecNetwork


@pytest.fixture
def network():
    torch.manual_seed(0)
    return SASRecNetwork(n_items=30, max_length=12, embedding_size=16, n_blocks=2, n_heads=4, dropout=0.5).eval()


def states_of(network, items):
    return network(items, torch.zeros_like(items))


@pytest.mark.parametrize("changed", [3, 7])
def test_a_later_item_changes_no_earlier_state(network, changed):
    items = torch.randint(30, (2, 10), generator=torch.Generator().manual_seed(1))
    other = items.clone()
    other[:, changed] = (other[:, changed] + 1) % 30
    states, changed_states = states_of(network, items), states_of(network, other)
    torch.testing.assert_close(states[:, :changed], changed_states[:, :changed], rtol=0, atol=0)
    for position in range(changed, 10):
        assert not torch.allclose(states[:, position], changed_states[:, position])


def test_padding_at_the_end_changes_nothing_real(network):
    items = torch.tensor([[4, 9, 2]])
    padded = torch.tensor([[4, 9, 2, 0, 0]])
    torch.testing.assert_close(states_of(network, padded)[:, :3], states_of(network, items), rtol=1e-5, atol=1e-6)


def test_order_matters(network):
    assert not torch.allclose(
        states_of(network, torch.tensor([[1, 2, 3]]))[:, -1], states_of(network, torch.tensor([[2, 1, 3]]))[:, -1]
    )


def test_every_weight_gets_a_gradient(network):
    network.train()
    states_of(network, torch.arange(24).view(2, 12) % 30).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
    assert states_of(network, torch.arange(12)[None]).shape == (1, 12, 16)


def test_attention_starts_as_the_mean_of_what_was_read(network):
    attention = network.blocks[0].attention
    x = torch.randn(2, 5, 16)
    mean = x.cumsum(1) / torch.arange(1, 6)[:, None]
    torch.testing.assert_close(attention(x), mean, rtol=0.1, atol=0.05)
