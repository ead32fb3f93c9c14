import numpy as np

from models.ann.fingerprints import row_fingerprints


def by_hand(row, multipliers):
    number = sum(int(bits) * int(by) for bits, by in zip(row.view(np.uint32), multipliers, strict=True)) % 2**64
    return number ^ (number >> 32)


def test_they_are_what_the_equation_says():
    rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    multipliers = np.random.default_rng(20_260_101).integers(2**64, size=3, dtype=np.uint64) | np.uint64(1)
    assert row_fingerprints(rows).tolist() == [by_hand(row, multipliers) for row in rows]


def test_one_bit_of_one_vector_changes_its_number_alone():
    rows = np.random.default_rng(0).normal(size=(1_000, 8)).astype(np.float32)
    other = rows.copy()
    other[17, 5] = np.nextafter(other[17, 5], np.float32(9))
    assert np.flatnonzero(row_fingerprints(rows) != row_fingerprints(other)).tolist() == [17]
    assert len(set(row_fingerprints(rows).tolist())) == 1_000


def test_dimensions_that_change_places_are_another_vector():
    rows = np.array([[1, 2], [2, 1]], dtype=np.float32)
    first, second = row_fingerprints(rows).tolist()
    assert first != second
