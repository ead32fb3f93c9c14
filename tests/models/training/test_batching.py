import numpy as np
import pytest

from models.training.batching import length_buckets


@pytest.mark.parametrize("batch_tokens", [1, 64, 1024])
def test_every_sequence_once_and_no_batch_too_large(batch_tokens):
    lengths = np.random.default_rng(0).geometric(0.1, size=500).clip(1, 100)
    batches = length_buckets(lengths, batch_tokens, np.random.default_rng(1))
    assert sorted(np.concatenate(batches)) == list(range(500))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= batch_tokens


def test_little_is_padding():
    lengths = np.random.default_rng(0).geometric(0.1, size=5_000).clip(1, 50)
    batches = length_buckets(lengths, 1024, np.random.default_rng(1))
    computed = sum(len(batch) * lengths[batch].max() for batch in batches)
    assert computed < 1.05 * lengths.sum()
    unsorted = sum(len(part) * lengths[part].max() for part in np.array_split(np.arange(5_000), len(batches)))
    assert unsorted > 3 * lengths.sum()


def test_generator_draws_partners_and_order():
    lengths = np.full(40, 8)

    def batches(seed):
        return [batch.tolist() for batch in length_buckets(lengths, 80, np.random.default_rng(seed))]

    assert batches(0) == batches(0)
    assert batches(0) != batches(1)


def test_without_a_generator_longest_come_first_in_order():
    batches = length_buckets(np.array([2, 5, 2, 5]), batch_tokens=10)
    assert [batch.tolist() for batch in batches] == [[1, 3], [0, 2]]


def test_no_sequences_no_batches():
    assert length_buckets(np.zeros(0, dtype=int), 10) == []
