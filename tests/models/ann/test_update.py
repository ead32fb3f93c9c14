import numpy as np
import pytest

from models.ann.build import build_index
from models.ann.compatibility import refuse_other_vectors
from models.ann.config import AnnIndexConfig
from models.ann.index import AnnIndex
from models.ann.recall import measured_recall
from models.ann.update import with_new_items
from models.errors import UserError

KINDS = ["flat", "hnsw", "hnsw_sq8", "ivf_flat", "ivf_sq8", "ivf_pq"]
HARD = {"ivf_probes": 48, "refine_factor": 8}


@pytest.fixture(scope="module")
def items(vectors):
    """All items of now, and which of them the index was built with: those of an earlier day, in their order."""
    ids = np.array([f"sku-{number:04}" for number in range(len(vectors))], dtype=object)
    return ids, np.random.default_rng(4).random(len(ids)) < 0.8


@pytest.fixture
def before(vectors, items):
    ids, was_there = items
    return lambda kind: build_index(vectors[was_there], AnnIndexConfig(kind=kind, **HARD), ids[was_there])


@pytest.mark.parametrize("kind", KINDS)
def test_new_items_are_found_at_their_positions_of_now(vectors, queries, items, before, kind):
    ids, was_there = items
    index = before(kind)
    grown = with_new_items(index, ids[was_there], ids, vectors)
    assert (grown.n_vectors, index.n_vectors) == (2_000, was_there.sum())
    assert measured_recall(grown, vectors, queries, 10) >= 0.9
    found, scores = grown.search(queries, 10)
    errors = np.abs(scores / np.take_along_axis(queries @ vectors.T, found, axis=1) - 1)
    assert np.quantile(errors, 0.95) < 0.03  # bytes cannot hold what lies beyond the range they were learned from
    assert not was_there[found].all()
    refuse_other_vectors(grown, vectors, ids)


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf_pq"])
def test_filters_are_by_position_of_now(vectors, queries, items, before, kind):
    ids, was_there = items
    grown = with_new_items(before(kind), ids[was_there], ids, vectors)
    for allowed in (~was_there, np.arange(len(ids)) < 50):
        found, _ = grown.search(queries, 10, allowed)
        assert (found >= 0).all() and allowed[found].all()


@pytest.mark.parametrize("kind", KINDS)
def test_items_are_added_twice_saved_and_loaded(vectors, queries, items, before, kind, tmp_path):
    ids, was_there = items
    then = was_there | (np.arange(len(ids)) % 2 == 0)
    grown = with_new_items(before(kind), ids[was_there], ids[then], vectors[then])
    grown.save(tmp_path)
    again = with_new_items(AnnIndex.load(tmp_path), ids[then], ids, vectors)
    assert measured_recall(again, vectors, queries, 10) >= 0.9
    assert sorted(again.positions.tolist()) == list(range(len(ids)))
    refuse_other_vectors(again, vectors, ids)


def test_the_index_of_before_stays_as_it_is(vectors, queries, items, before):
    ids, was_there = items
    index = before("hnsw")
    first = index.search(queries, 5)
    with_new_items(index, ids[was_there], ids, vectors)
    for answer, expected in zip(index.search(queries, 5), first, strict=True):
        np.testing.assert_array_equal(answer, expected)


def test_by_cosine_new_vectors_are_divided_by_their_length(vectors, queries, items):
    ids, was_there = items
    index = build_index(vectors[was_there], AnnIndexConfig(kind="flat", metric="cosine"))
    grown = with_new_items(index, ids[was_there], ids, vectors)
    assert measured_recall(grown, vectors, queries, 10) == 1


def test_nothing_new_changes_nothing(vectors, queries, items, before):
    ids, was_there = items
    index = before("flat")
    same = with_new_items(index, ids[was_there], ids[was_there], vectors[was_there])
    assert same.positions is None
    np.testing.assert_array_equal(same.search(queries, 5)[0], index.search(queries, 5)[0])


class TestRefused:
    def test_vectors_that_were_trained_again_are_named(self, vectors, items, before):
        ids, was_there = items
        retrained = vectors.copy()
        changed = np.flatnonzero(was_there)[:7]
        retrained[changed] += 1e-3
        with pytest.raises(UserError) as refusal:
            with_new_items(before("flat"), ids[was_there], ids, retrained)
        names = ", ".join(ids[changed[:5]])
        assert str(refusal.value) == (
            f"ANN index: 7 of {was_there.sum()} items have other vectors now than in it, so they were trained again: "
            f"{names} and 2 more. Materialise the index again, from the embeddings as they are now"
        )

    def test_items_that_are_gone_are_named(self, vectors, items, before):
        ids, was_there = items
        left = np.arange(len(ids)) != np.flatnonzero(was_there)[3]
        with pytest.raises(UserError, match=f"1 of its .* items are no longer there: {ids[~left][0]}"):
            with_new_items(before("flat"), ids[was_there], ids[left], vectors[left])

    def test_vectors_of_another_size(self, vectors, items, before):
        ids, was_there = items
        with pytest.raises(UserError, match="its vectors have 16 dimensions, those of now 8"):
            with_new_items(before("flat"), ids[was_there], ids, np.ascontiguousarray(vectors[:, :8]))

    def test_new_vectors_that_cannot_be_compared(self, vectors, items, before):
        ids, was_there = items
        broken = vectors.copy()
        new = np.flatnonzero(~was_there)[0]
        broken[new] = 0
        with pytest.raises(UserError, match=f"all zeros: {ids[new]}"):
            with_new_items(before("flat"), ids[was_there], ids, broken)

    def test_an_index_that_does_not_say_what_is_in_it(self, vectors, items, before):
        ids, was_there = items
        index = before("flat")
        index.fingerprints = None
        with pytest.raises(UserError, match="does not say of which vectors it is"):
            with_new_items(index, ids[was_there], ids, vectors)
        with pytest.raises(UserError, match="does not say of which vectors it is"):
            refuse_other_vectors(index, vectors[was_there], ids[was_there])
