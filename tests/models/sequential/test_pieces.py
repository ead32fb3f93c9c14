import numpy as np
import pytest

from models.sequential.pieces import extract, newest_pieces, training_pieces


@pytest.mark.parametrize("max_length", [1, 2, 3, 50])
def test_every_item_but_the_first_is_a_target_once(interactions, max_length):
    sequences = [list(range(n)) for n in (0, 1, 2, 3, 4, 7, 8)]
    train = interactions(sequences, n_items=8)
    pieces = training_pieces(train, max_length)
    assert (pieces.lengths <= max_length).all()
    targets = []
    for start, length in zip(pieces.starts, pieces.lengths, strict=True):
        user = np.searchsorted(train.offsets, start, side="right") - 1
        assert start + length < train.offsets[user + 1]
        targets.extend(range(start + 1, start + length + 1))
    expected = [p for user in range(7) for p in range(train.offsets[user] + 1, train.offsets[user + 1])]
    assert sorted(targets) == expected


def test_only_the_oldest_piece_is_short(interactions):
    pieces = training_pieces(interactions([list(range(8))], n_items=8), max_length=3)
    assert sorted(zip(pieces.starts.tolist(), pieces.lengths.tolist(), strict=True)) == [(0, 1), (1, 3), (4, 3)]


def test_newest_pieces(interactions):
    pieces = newest_pieces(interactions([[0, 1, 2], [], [3]], n_items=4), np.array([2, 1, 0]), max_length=2)
    assert pieces.starts.tolist() == [3, 3, 1]
    assert pieces.lengths.tolist() == [1, 0, 2]


def test_extracts_only_what_the_pieces_read(interactions):
    histories = interactions([[0, 1, 2], [], [3], [4, 5, 6, 7]], n_items=8)
    newest = newest_pieces(histories, np.array([3, 1, 0]), max_length=2)
    (items, times), pieces = extract((histories.items, histories.times), newest)
    assert items.tolist() == [6, 7, 1, 2]
    assert times.tolist() == histories.times[[6, 7, 1, 2]].tolist()
    assert (pieces.starts.tolist(), pieces.lengths.tolist()) == ([0, 2, 2], [2, 0, 2])
