"""The estimate of a fit's memory: against the measured peak, and where it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.errors import UserError
from models.retrieval.available_memory import available_memory
from models.retrieval.contract import Retriever
from models.retrieval.data_shape import DataShape
from models.retrieval.memory import PREPARATION, check_memory, gib
from models.retrieval.registry import RETRIEVERS, new_retriever, retriever_class

FACTOR = 1.7
"""How far the estimate of a fit of some tens of MiB or more may be from what it takes, either way."""

ONE_EPOCH = {"max_epochs": 1}
CASES = {
    "a large catalogue": ("sasrec", ONE_EPOCH, (300, 100_000, 20)),
    "averaged": ("sasrec", ONE_EPOCH | {"averaging": 0.9}, (300, 100_000, 20)),
    "large batches": ("sasrec", ONE_EPOCH | {"batch_tokens": 16_384, "n_negatives": 64}, (1_000, 1_000, 20)),
    "the whole catalogue": ("sasrec", ONE_EPOCH | {"batch_tokens": 4096, "n_negatives": 9_000}, (300, 9_000, 20)),
    "bce": ("sasrec", ONE_EPOCH | {"batch_tokens": 8192, "loss": "bce", "n_negatives": 900}, (500, 1_000, 20)),
    "bert4rec": ("bert4rec", ONE_EPOCH | {"batch_tokens": 8192, "n_negatives": 64}, (600, 1_000, 20)),
    "hstu": ("hstu", ONE_EPOCH | {"batch_tokens": 8192, "n_negatives": 64}, (250, 1_000, 50)),
    "gru4rec": ("gru4rec", ONE_EPOCH | {"batch_tokens": 8192, "n_negatives": 64}, (600, 1_000, 20)),
    "m2trec": ("m2trec", ONE_EPOCH | {"batch_tokens": 8192, "n_negatives": 64}, (600, 1_000, 20)),
    "two_tower": ("two_tower", ONE_EPOCH | {"batch_tokens": 2048, "n_negatives": 64}, (300, 1_000, 20)),
    "multi_interest": ("multi_interest", ONE_EPOCH | {"batch_tokens": 8192, "n_negatives": 64}, (400, 1_000, 20)),
    "alpharec": ("alpharec", ONE_EPOCH | {"n_negatives": 64}, (10_000, 5_000, 5)),
    "knn_embed": ("knn_embed", {"base_settings": {"n_iterations": 1}}, (40_000, 10_000, 5)),
    "item_knn": ("item_knn", {}, (5_000, 4_000, 20)),
    "ease": ("ease", {}, (2_000, 1_800, 20)),
    "slim": ("slim", {"n_candidates": 50}, (6_000, 3_000, 30)),
    "graph_filter": ("graph_filter", {"n_factors": 32}, (20_000, 10_000, 10)),
    "ials": ("ials", {"n_iterations": 1}, (60_000, 20_000, 5)),
    "bpr_mf": ("bpr_mf", ONE_EPOCH, (30_000, 10_000, 5)),
    "lightgcn": ("lightgcn", ONE_EPOCH | {"n_negatives": 64}, (20_000, 10_000, 5)),
    "ngcf": ("ngcf", ONE_EPOCH | {"n_negatives": 64}, (5_000, 5_000, 5)),
    "simplex": ("simplex", ONE_EPOCH | {"n_negatives": 64}, (10_000, 10_000, 5)),
    "ultragcn": ("ultragcn", ONE_EPOCH | {"n_negatives": 64}, (10_000, 10_000, 5)),
}
TRAINED = sorted(name for name in RETRIEVERS if not retriever_class(name).is_baseline)


@pytest.fixture(scope="module")
def measured():
    program = Path(__file__).with_name("measure_memory.py")
    cases = json.dumps([(label, *case) for label, case in CASES.items()])
    done = subprocess.run([sys.executable, str(program), cases], check=True, capture_output=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("label", CASES)
def test_the_estimate_is_near_what_is_taken(measured, label):
    found = measured[label]
    if found["measured"] is None:
        pytest.skip("nobody counts a process's peak here")
    assert found["measured"] / FACTOR < found["estimated"] < found["measured"] * FACTOR


class TestEveryTrained:
    """The estimate needs no data, only their sizes, and each setting that is named as one to lower lowers it."""

    SHAPE = DataShape(n_users=100_000, n_items=20_000, n_interactions=300_000, longest=500)

    @pytest.mark.parametrize("name", TRAINED)
    def test_has_an_estimate(self, name, described_for):
        parts = described_for(name, self.SHAPE.n_items).memory_parts(self.SHAPE)
        assert sum(parts.values()) > 2**20
        assert min(parts.values()) >= 0

    @pytest.mark.parametrize("name", TRAINED)
    def test_settings_to_lower_lower_it(self, name, described_for):
        assert retriever_class(name).lowered_for_memory
        for setting in retriever_class(name).lowered_for_memory:
            whole = described_for(name, self.SHAPE.n_items)
            lower = max(1, getattr(whole.config, setting) // 4)
            less = described_for(name, self.SHAPE.n_items, **{setting: lower})
            most = 1.05 if setting == "max_length" else 1.0  # which cuts histories into more pieces
            assert sum(less.memory_parts(self.SHAPE).values()) <= most * sum(whole.memory_parts(self.SHAPE).values())
        most = described_for(name, self.SHAPE.n_items).memory_parts(self.SHAPE)
        least = described_for(name, self.SHAPE.n_items, **dict.fromkeys(retriever_class(name).lowered_for_memory, 2))
        assert sum(least.memory_parts(self.SHAPE).values()) < 0.9 * sum(most.values())


@pytest.fixture
def described_for(interactions, described):
    """`described_for(name, n_items, **settings)`: not fitted; where it reads what items are, it knows."""

    def make(name: str, n_items: int, **settings) -> Retriever:
        return described(new_retriever(name, settings), interactions([[0]], n_items))

    return make


class TestRefusal:
    """Configs that fit no machine."""

    def test_says_what_it_takes_what_there_is_and_what_to_lower_to(self, interactions):
        train = interactions([[0, 1, 2]] * 5, n_items=41)
        huge = new_retriever("sasrec", {"embedding_size": 2**20})
        with pytest.raises(UserError, match="5 users, 41 items and 15 interactions takes about") as caught:
            huge.fit(train)
        words = str(caught.value)
        assert "setting retrievers.sasrec" in words
        assert "of memory are available" in words
        assert "weights" in caught.value.found
        name, _, before, _, value = caught.value.mend.removeprefix("Lower ").split()
        assert (name, before) == ("embedding_size", str(2**20))
        lower = new_retriever("sasrec", {"embedding_size": int(value)})
        assert sum(lower.memory_parts(DataShape.of(train)).values()) <= available_memory()
        still = new_retriever("sasrec", {"embedding_size": 2 * int(value)})
        assert sum(still.memory_parts(DataShape.of(train)).values()) > 0.8 * available_memory()

    def test_the_setting_that_costs_least_is_named_first(self, interactions):
        train = interactions([[0, 1, 2]] * 5, n_items=41)
        with pytest.raises(UserError, match="Lower n_negatives from 1000000000000 to"):
            new_retriever("bpr_mf", {"n_negatives": 10**12}).fit(train)

    def test_all_together_where_none_is_enough_alone(self, interactions):
        train = interactions([[0, 1, 2]] * 5, n_items=41)
        huge = {"n_negatives": 10**14, "embedding_size": 10**12, "loss": "bpr"}
        with pytest.raises(UserError) as caught:
            new_retriever("bpr_mf", huge).fit(train)
        for setting in ("batch_tokens", "n_negatives", "embedding_size"):
            assert f"{setting} from" in caught.value.mend

    def test_without_anything_to_lower_it_says_so(self, interactions):
        shape = DataShape(n_users=10**9, n_items=10**9, n_interactions=10**13, longest=10**5)
        retriever = new_retriever("ials", {})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(DataShape, "of", lambda *_: shape)
            with pytest.raises(UserError, match="Take it out of the config, or run it where .* GiB are free"):
                check_memory(retriever, interactions([[0]], n_items=1))

    @pytest.mark.parametrize("name", TRAINED)
    def test_every_fit_asks_first_and_reports_it(self, name, interactions, described, monkeypatch):
        train = interactions([[0, 1, 2], [1, 2, 3]], n_items=5)
        report = described(new_retriever(name, {}), train).fit(train, n_epochs=1)
        assert report.memory == check_memory(described(new_retriever(name, {}), train), train) > 0
        monkeypatch.setattr("models.retrieval.memory.available_memory", lambda device: 10)
        with pytest.raises(UserError, match=f"setting retrievers.{name}"):
            described(new_retriever(name, {}), train).fit(train, n_epochs=1)


def test_on_a_gpu_what_the_machine_prepares_does_not_count(interactions, monkeypatch):
    train = interactions([[0, 1, 2], [1, 2, 3]], n_items=5)
    retriever = new_retriever("ials", {})
    parts = retriever.memory_parts(DataShape.of(train))
    monkeypatch.setattr("models.retrieval.memory.available_memory", lambda device: 2**40)
    assert parts[PREPARATION] > 0
    assert check_memory(retriever, train, device="cuda") == sum(parts.values()) - parts[PREPARATION]


@pytest.mark.parametrize(("n_bytes", "words"), [(2**31, "2.00 GiB"), (2**30 // 2, "0.50 GiB"), (3 * 2**19, "1.5 MiB")])
def test_bytes_in_words(n_bytes, words):
    assert gib(n_bytes) == words


def test_interactions_are_not_looked_at(interactions):
    assert DataShape.of(interactions([[0, 1], [], [2, 3, 4]], n_items=9)) == DataShape(3, 9, 5, 3)
    assert DataShape.of(interactions([], n_items=2)) == DataShape(0, 2, 0, 0)
    train, later = interactions([[0, 1]], n_items=2), interactions([[1]], n_items=2)
    assert DataShape.of(train, later).n_validation == 1


def test_pairs_of_items_are_no_more_than_there_can_be():
    dense = DataShape(n_users=10, n_items=100, n_interactions=100_000, longest=100)
    assert dense.pairs_of_items(20) == 20 * 100
    sparse = DataShape(n_users=1_000, n_items=100, n_interactions=2_000, longest=2)
    assert sparse.pairs_of_items(50) == np.floor(1_000 * 2 * 2 * 0.5)
