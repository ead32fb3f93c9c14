import numpy as np
import pytest

from models.text.generation.batches import batches_by_length, shared_prefix


@pytest.mark.parametrize("max_rows,max_tokens", [(1, 10), (4, 100), (3, 1000), (100, 64)])
def test_every_row_is_in_one_batch_within_both_limits(max_rows: int, max_tokens: int):
    lengths = np.random.default_rng(3).integers(1, 60, 50).tolist()
    batches = batches_by_length(lengths, max_rows, max_tokens)
    assert sorted(index for batch in batches for index in batch) == list(range(50))
    for batch in batches:
        longest = max(lengths[index] for index in batch)
        assert len(batch) == 1 or (len(batch) <= max_rows and len(batch) * longest <= max_tokens)


def test_longest_first_and_equal_ones_in_order():
    assert batches_by_length([3, 9, 3, 8, 3], max_rows=2, max_tokens=100) == [[1, 3], [0, 2], [4]]


def test_a_row_beyond_the_limit_is_alone():
    assert batches_by_length([50, 2, 2], max_rows=8, max_tokens=10) == [[0], [1, 2]]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[1, 2, 3], [1, 2, 4]], 2),
        ([[1, 2, 3], [2, 2, 3]], 0),
        ([[1, 2, 3], [1, 2, 3]], 2),
        ([[1, 2, 3]], 2),
        ([[1, 2], [1, 2, 3]], 1),
        ([[7]], 0),
    ],
)
def test_what_rows_begin_with_leaves_each_a_token(rows: list[list[int]], expected: int):
    assert shared_prefix(rows) == expected
