import numpy as np
import pytest

from models.ann import index_costs
from models.ann.config import AnnIndexConfig
from models.ann.index import AnnIndex
from models.ann.index_bytes import expected_bytes
from models.ann.index_costs import cpu_microseconds, estimated_cost

N_SAMPLED = 500


@pytest.fixture
def clock(monkeypatch):
    """A processor whose time passes as told, in seconds between two looks at it."""

    def set_to(*passes):
        times = iter(np.cumsum([0.0, *passes]).tolist())
        monkeypatch.setattr(index_costs.time, "process_time", lambda: next(times))

    monkeypatch.setattr(index_costs, "N_SAMPLED", N_SAMPLED)
    return set_to


def test_adding_grows_with_the_vectors_and_learning_with_those_it_learns_from(vectors, clock):
    clock(3.0, 2.0)
    few = AnnIndexConfig(kind="ivf_flat", ivf_clusters=10, ivf_training_vectors=75)
    assert estimated_cost(vectors, few).seconds == pytest.approx(3 * 750 / 500 + 2 * 2000 / 500)
    clock(3.0, 2.0)
    fewer = few.model_copy(update={"ivf_training_vectors": 20})
    assert estimated_cost(vectors, fewer).seconds == pytest.approx(3 + 2 * 2000 / 500)


def test_a_graph_grows_with_the_logarithm_too(vectors, clock):
    clock(0.0, 2.0)
    expected = 2 * 4 * np.log(2000) / np.log(500)
    cost = estimated_cost(vectors, AnnIndexConfig(kind="hnsw"))
    assert cost.seconds == pytest.approx(expected)
    assert cost.n_bytes == expected_bytes(2000, 16, AnnIndexConfig(kind="hnsw"))


class Searched(AnnIndex):
    """Counts its searches."""

    n_searches = 0

    def search(self, queries, k, allowed=None):
        self.n_searches += 1


def test_time_is_that_of_one_query_in_the_fastest_round(queries, clock):
    index = Searched(None, AnnIndexConfig())
    clock(*[0.5, 0, 0.2, 0, 0.4, 0])
    assert cpu_microseconds(index, queries, 3) == pytest.approx(0.2 * 1e6 / 100)
    assert index.n_searches == 3


def test_short_rounds_are_repeated_until_they_add_up(queries, clock):
    index = Searched(None, AnnIndexConfig())
    clock(*[0.004, 0] * 20)
    assert cpu_microseconds(index, queries, 3) == pytest.approx(0.004 * 1e6 / 100)
    assert index.n_searches == 8
