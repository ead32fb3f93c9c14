import numpy as np
import torch

from models.sequential.batches import Sequences
from models.sequential.pieces import training_pieces


def test_gathers_inputs_targets_and_times_with_padding_at_the_end(interactions):
    train = interactions([[5, 6, 7, 8], [3, 4]], n_items=9)
    pieces = training_pieces(train, max_length=10)
    batch = Sequences.on(torch.device("cpu"), train.items, train.times + 100).batch(pieces, np.array([0, 1]))
    assert batch.items.tolist() == [[5, 6, 7], [3, 0, 0]]
    assert batch.targets.tolist() == [[6, 7, 8], [4, 0, 0]]
    assert batch.times.tolist() == [[100, 101, 102], [104, 0, 0]]
    assert batch.inside.tolist() == [[True, True, True], [True, False, False]]


def test_only_real_leaves_padding_out(interactions):
    train = interactions([[5, 6, 7, 8], [3, 4], [1, 2]], n_items=9)
    sequences = Sequences.on(torch.device("cpu"), train.items, train.times)
    pieces = training_pieces(train, max_length=10)
    for rows, is_full in ((np.array([0, 1]), False), (np.array([1, 2]), True)):
        batch = sequences.batch(pieces, rows)
        assert batch.is_full == is_full == bool(batch.inside.all())
        states = torch.randn(*batch.items.shape, 4)
        assert torch.equal(batch.only_real(states), states[batch.inside])
        assert torch.equal(batch.only_real(batch.targets), batch.targets[batch.inside])
