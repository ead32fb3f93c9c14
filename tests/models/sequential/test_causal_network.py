import pytest
import torch

from models.sequential.causal_network import CausalNetwork
from models.sequential.sequence_network import SequenceNetwork


class Sums(CausalNetwork):
    def encode(self, vectors, times):
        return vectors.cumsum(1) + times[..., None]


@pytest.mark.parametrize("cosine", [False, True])
def test_states_are_made_of_the_items_vectors(cosine):
    torch.manual_seed(0)
    network = Sums(5, 3, cosine)
    items, times = torch.tensor([[0, 4, 2]]), torch.tensor([[1, 2, 3]])
    vectors = network.items.weight[items]
    if cosine:
        vectors = vectors / vectors.norm(dim=-1, keepdim=True)
    expected = vectors.cumsum(1) + torch.tensor([1.0, 2.0, 3.0])[:, None]
    if cosine:
        expected = expected / expected.norm(dim=-1, keepdim=True)
    torch.testing.assert_close(network(items, times), expected)
    torch.testing.assert_close(network.table()[items], network.read(items))


@pytest.mark.parametrize(("kind", "missing"), [(SequenceNetwork, "forward"), (CausalNetwork, "encode")])
def test_one_that_does_not_say_how_states_are_made_cannot_be_made(kind, missing):
    with pytest.raises(TypeError, match=f"abstract method '?{missing}"):
        kind(5, 3, False)
