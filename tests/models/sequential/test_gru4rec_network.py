import torch

from models.sequential.gru4rec_network import GRU4RecNetwork


def test_states_equal_the_equations():
    torch.manual_seed(0)
    network = GRU4RecNetwork(n_items=9, embedding_size=4, hidden_size=3, n_layers=1, dropout=0.5).eval()
    items = torch.tensor([[1, 5, 8]])
    found = network(items, torch.zeros_like(items))[0]
    gru = network.layers[0]
    state = torch.zeros(3)
    for t, e in enumerate(network.items.weight[items[0]] * 2):
        of_item = (gru.weight_ih_l0 @ e + gru.bias_ih_l0).split(3)
        of_state = (gru.weight_hh_l0 @ state + gru.bias_hh_l0).split(3)
        r, z = (torch.sigmoid(a + b) for a, b in zip(of_item[:2], of_state[:2], strict=True))
        c = torch.tanh(of_item[2] + r * of_state[2])
        state = (1 - z) * c + z * state
        torch.testing.assert_close(found[t], network.norm(network.output(state)))
