import numpy as np
import pytest

from models.ann import index_costs, tuning
from models.ann.build import build_index
from models.ann.config import AnnIndexConfig
from models.ann.recall import measured_recall
from models.ann.tuning import tune
from models.ann.tuning_points import ENOUGH, Budget
from models.errors import UserError

K, WANTED = 10, 0.95
BASE = AnnIndexConfig(seed=7, search_threads=3, build_threads=2)


def built(point):
    config = point.config
    return (config.kind, config.ivf_clusters, config.hnsw_neighbours, config.refine)


def vectors_compared(index, queries, k):
    """A processor that needs a microsecond for each vector that a search looks at, codes counting a tenth."""
    config, n = index.config, index.n_vectors
    if config.kind == "flat":
        return float(n)
    if config.kind.startswith("hnsw"):
        return 2.0 * config.hnsw_search_breadth
    visited = n * config.ivf_probes / config.ivf_clusters
    return 0.1 * visited + config.refine_factor * k if config.kind == "ivf_pq" else visited


@pytest.fixture(scope="module", autouse=True)
def _steady_processor():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "cpu_microseconds", vectors_compared)
        yield


@pytest.fixture(scope="module")
def tuned(vectors, queries, _steady_processor):
    return tune(vectors, queries, K, WANTED, base=BASE)


def test_every_kind_is_tried_and_none_is_skipped(tuned):
    kinds = list(dict.fromkeys(point.config.kind for point in tuned.points))
    assert kinds[0] == "flat" and set(kinds) == {"flat", "ivf_pq", "ivf_sq8", "ivf_flat", "hnsw_sq8", "hnsw"}
    assert tuned.skipped == []


def test_the_better_inverted_file_is_tried_with_more_clusters(tuned):
    clusters = {point.config.ivf_clusters for point in tuned.points if point.config.kind.startswith("ivf")}
    assert clusters == {32, 128}
    assert {point.config.ivf_training_vectors for point in tuned.points if point.config.ivf_clusters == 128} == {64}


def test_recalls_are_those_of_the_even_and_of_the_odd_queries(tuned, vectors, queries):
    for kind in ("flat", "ivf_pq", "hnsw_sq8"):
        point = [point for point in tuned.points if point.config.kind == kind][-1]
        index = build_index(vectors, point.config.model_copy(update={"build_threads": 1}))
        assert point.recall == pytest.approx(measured_recall(index, vectors, queries[::2], K))
        assert point.held_out_recall == pytest.approx(measured_recall(index, vectors, queries[1::2], K))
    assert any(point.recall != point.held_out_recall for point in tuned.points)


def test_what_is_not_tuned_stays_as_it_was(tuned):
    for point in tuned.points:
        kept = (point.config.seed, point.config.search_threads, point.config.build_threads, point.config.metric)
        assert kept == (7, 3, 2, "inner_product")


def test_one_of_those_that_keep_the_limits_is_chosen(tuned):
    chosen = tuned.chosen
    kept = [point for point in tuned.points if min(point.recall, point.held_out_recall) >= WANTED]
    assert chosen in kept and chosen.microseconds == min(point.microseconds for point in kept)
    assert [point for point in tuned.points if point.is_chosen] == [chosen]


def test_a_branch_ends_where_all_is_found(tuned):
    found = {}
    for point in tuned.points:
        if point.config.kind.startswith("hnsw"):
            found.setdefault(built(point), []).append((point.config.hnsw_search_breadth, point.recall))
    complete = {
        name: next((breadth for breadth, recall in sorted(points) if recall >= ENOUGH), None)
        for name, points in found.items()
    }
    assert any(complete.values())
    assert all(max(found[name])[0] <= 2 * breadth for name, breadth in complete.items() if breadth)


def test_the_step_to_the_recall_asked_for_is_halved_twice(tuned):
    probes = [point.config.ivf_probes for point in tuned.points if built(point) == ("ivf_flat", 32, 32, "sq8")]
    doubled = [number for number in probes if number & (number - 1) == 0]
    between = [number for number in probes if number not in doubled]
    assert doubled == sorted(doubled) and doubled[0] == 1
    assert 1 <= len(between) <= 2
    reached = next(
        point.config.ivf_probes
        for point in tuned.points
        if built(point) == ("ivf_flat", 32, 32, "sq8") and point.recall >= WANTED
    )
    assert all(reached / 2 < number < reached for number in between)


def test_more_effort_finds_no_less(tuned):
    """In each branch of doubled efforts; codes may lose a place or two."""
    recalls = {}
    for point in tuned.points:
        config = point.config
        effort = config.hnsw_search_breadth if config.kind.startswith("hnsw") else config.ivf_probes
        recalls.setdefault((built(point), config.refine_factor), {})[effort] = point.recall
    for found in recalls.values():
        in_order = [found[effort] for effort in sorted(found)]
        assert all(later >= earlier - 0.005 for earlier, later in zip(in_order, in_order[1:], strict=False))


@pytest.mark.parametrize(("wanted", "refined"), [(0.9, ["sq8"]), (1.01, ["sq8", "exact"])])
def test_where_bytes_lose_too_much_codes_are_ranked_again_exactly(vectors, queries, wanted, refined):
    tuned = tune(vectors, queries, K, wanted)
    found = [point.config.refine for point in tuned.points if point.config.kind == "ivf_pq"]
    assert list(dict.fromkeys(found)) == refined
    assert (tuned.chosen is None) == (wanted > 1)


def test_a_branch_that_takes_far_too_long_ends_at_once(vectors, queries):
    tuned = tune(vectors, queries, K, WANTED, Budget(microseconds=1e-6))
    efforts = [(point.config.ivf_probes, point.config.hnsw_search_breadth) for point in tuned.points]
    assert {probes for probes, _ in efforts} <= {1, BASE.ivf_probes}
    assert {breadth for _, breadth in efforts} <= {16, BASE.hnsw_search_breadth}
    assert tuned.chosen is None


@pytest.fixture
def small_sample(monkeypatch):
    """As if this catalogue were large: costs are estimated from a tenth of it."""
    monkeypatch.setattr(index_costs, "N_SAMPLED", 200)
    monkeypatch.setattr(tuning, "N_SAMPLED", 200)


def test_what_costs_more_than_the_budget_is_not_built(vectors, queries, small_sample):
    tuned = tune(vectors, queries, K, WANTED, Budget(build_seconds=1e-9))
    assert {point.config.kind for point in tuned.points} == {"flat"}
    assert [one.config.kind for one in tuned.skipped] == ["ivf_pq", "ivf_sq8", "ivf_flat", "hnsw_sq8", "hnsw", "hnsw"]
    assert all(one.cost.seconds > 1e-9 and one.cost.n_bytes > 0 for one in tuned.skipped)


def test_what_is_larger_than_the_budget_is_not_built(vectors, queries, small_sample):
    tuned = tune(vectors, queries, K, 0.9, Budget(n_bytes=vectors.nbytes))
    built_kinds = {point.config.kind for point in tuned.points}
    assert built_kinds == {"flat", "ivf_pq", "ivf_sq8"}
    assert tuned.chosen is not None and tuned.chosen.config.kind != "flat"


def test_by_cosine_other_vectors_are_near(vectors, queries):
    base = AnnIndexConfig(metric="cosine")
    tuned = tune(vectors, queries, K, 0.9, Budget(microseconds=1e-6), base)
    point = next(point for point in tuned.points if point.config.kind == "ivf_sq8")
    assert point.config.metric == "cosine"
    index = build_index(vectors, point.config)
    assert point.recall == pytest.approx(measured_recall(index, vectors, queries[::2], K))


def test_queries_that_cannot_choose_are_refused(vectors, queries):
    with pytest.raises(UserError, match="one query cannot both choose and confirm"):
        tune(vectors, queries[:1], K, WANTED)
    broken = queries.copy()
    broken[0, 0] = np.nan
    with pytest.raises(UserError, match="queries of the tuner: 1 of 100 vectors are not finite: 0"):
        tune(vectors, broken, K, WANTED)


def test_vectors_that_cannot_be_compared_are_named(vectors, queries):
    broken = vectors.copy()
    broken[3] = 0
    with pytest.raises(UserError, match="all zeros: item-3"):
        tune(broken, queries, K, WANTED, ids=np.array([f"item-{i}" for i in range(len(vectors))]))


def test_a_tiny_catalogue_is_tuned_too(queries):
    few = np.random.default_rng(5).normal(size=(3, 16)).astype(np.float32)
    tuned = tune(few, queries[:6], 10, 1.0)
    assert tuned.chosen is not None and tuned.chosen.recall == 1.0
