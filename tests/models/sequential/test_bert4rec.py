import numpy as np
import pytest
import torch

from models.sequential.bert4rec import BERT4Rec, BERT4RecConfig
from models.sequential.bert4rec_network import PADDING, BERT4RecNetwork
from models.sequential.pieces import whole_pieces


@pytest.fixture
def network():
    torch.manual_seed(0)
    return BERT4RecNetwork(n_items=9, max_length=6, embedding_size=8, n_blocks=2, n_heads=2, dropout=0.5).eval()


def states(network, rows):
    items = torch.tensor(rows)
    return network(items, torch.zeros_like(items))


def test_padding_changes_nothing_real(network):
    padded = states(network, [[4, 9, 2, PADDING, PADDING]])[:, :3]
    torch.testing.assert_close(padded, states(network, [[4, 9, 2]]), rtol=1e-5, atol=1e-6)


def test_a_hidden_item_sees_what_comes_before_and_after(network):
    base = states(network, [[4, 9, 2]])[0, 1]
    for changed in ([[5, 9, 2]], [[4, 9, 3]], [[2, 9, 4]]):
        assert not torch.allclose(base, states(network, changed)[0, 1], atol=1e-5)


class TestHiding:
    def hide(self, inside, **settings):
        torch.manual_seed(0)
        return BERT4Rec(BERT4RecConfig(**settings))._hide(inside)

    def test_the_share_is_hidden_and_never_padding(self):
        inside = torch.ones(2000, 20, dtype=torch.bool)
        inside[:, 15:] = False
        hidden = self.hide(inside, hidden_share=0.3, last_only_share=0.0)
        assert not hidden[:, 15:].any()
        assert hidden[:, :15].float().mean().item() == pytest.approx(0.3, abs=0.02)

    def test_at_least_one_in_each_row(self):
        inside = torch.tensor([[True, True, False]] * 500)
        assert self.hide(inside, hidden_share=0.01, last_only_share=0.0).any(1).all()

    def test_the_last_alone(self):
        inside = torch.tensor([[True, True, False], [True, True, True]])
        assert self.hide(inside, last_only_share=1.0).tolist() == [[False, True, False], [False, False, True]]
        mixed = self.hide(torch.ones(4000, 9, dtype=torch.bool), hidden_share=0.9, last_only_share=0.25)
        assert (mixed.sum(1) == 1).float().mean().item() == pytest.approx(0.25, abs=0.03)


def test_a_hidden_item_itself_is_not_shown(walks):
    """What the network is given in training: the same whatever stands where something is hidden."""
    shown = []
    retriever = BERT4Rec(BERT4RecConfig(embedding_size=8, max_epochs=1, hidden_share=0.5, batch_tokens=64))
    retriever.fit(walks[0])
    network = retriever.network

    def forward(items, times):
        shown.append(items)
        return network(items, times)

    sequences = retriever._sequences(walks[0].items, walks[0].times)
    batch = sequences.batch(whole_pieces(walks[0], 8), np.arange(5))
    retriever.loss(forward, batch)
    hidden = shown[0] == walks[0].n_items
    assert hidden.any(1).all() and not (hidden & ~batch.inside).any()
    assert (shown[0][~batch.inside] == PADDING).all()
    kept = batch.inside & ~hidden
    assert (shown[0][kept] == batch.items[kept]).all()


def test_pieces_hold_every_item_once(interactions):
    train = interactions([list(range(8)), [3], [1, 2]], n_items=8)
    pieces = whole_pieces(train, 3)
    found = sorted(zip(pieces.starts.tolist(), pieces.lengths.tolist(), strict=True))
    assert found == [(0, 2), (2, 3), (5, 3), (9, 2)]
