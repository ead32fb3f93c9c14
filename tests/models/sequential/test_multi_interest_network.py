import numpy as np
import pytest
import torch

from models.sequential.multi_interest_network import MultiInterestNetwork, alikeness


@pytest.fixture
def network():
    torch.manual_seed(0)
    made = MultiInterestNetwork(
        20, 6, embedding_size=8, n_blocks=1, n_heads=2, n_interests=3, attention_size=5, adds_newest=False, dropout=0.5,
        cosine=False,
    )  # fmt: skip
    torch.nn.init.normal_(made.recency)
    return made.eval()


@pytest.mark.parametrize("adds_newest", [False, True])
def test_interests_are_weighted_means_of_the_states_so_far(network, adds_newest):
    network.adds_newest = adds_newest
    vectors = torch.randn(2, 5, 8)
    with torch.no_grad():
        found = network.encode(vectors, torch.zeros(2, 5, dtype=torch.long))
        x = vectors * 8**0.5 + network.positions.weight[:5]
        states = network.norm(network.blocks[0](x)).numpy()
        inner, outer, recency = (
            part.detach().numpy() for part in (network.inner.weight, network.outer.weight, network.recency)
        )
    for row in range(2):
        for t in range(5):
            for m in range(3):
                logits = [outer[m] @ np.tanh(inner @ states[row, j]) + recency[m, t - j] for j in range(t + 1)]
                shares = np.exp(logits) / np.exp(logits).sum()
                mean = shares @ states[row, : t + 1] + (states[row, t] if adds_newest else 0)
                np.testing.assert_allclose(found[row, t, m], mean, rtol=1e-4, atol=1e-5)


def test_interests_differ_from_the_beginning(network):
    with torch.no_grad():
        found = network(torch.arange(6)[None], torch.zeros(1, 6, dtype=torch.long))[0, -1]
    assert alikeness(found[None]) < 0.99


def test_alikeness_is_the_mean_squared_cosine_of_pairs():
    interests = torch.tensor([[[1.0, 0.0], [3.0, 0.0], [0.0, 2.0]], [[1.0, 1.0], [1.0, 0.0], [-1.0, 0.0]]])
    assert alikeness(interests).item() == pytest.approx(((1 + 0 + 0) / 3 + (0.5 + 0.5 + 1) / 3) / 2)
    assert alikeness(interests[:, :1]).item() == 0
    assert alikeness(interests[:0]).item() == 0
