"""Indexes of nearest neighbours: recall, processor time of a query, of a build, size; and what the tuner chooses.

    python benchmarks/ann.py gaussian [--vectors N]
    python benchmarks/ann.py gowalla ../shared/data/gowalla/gowalla.parquet

`gaussian`: 64 dimensions, 2,000 centres of expected norm 1, noise of expected norm 1 around them, queries drawn alike.
`gowalla`: item and user vectors of `ials` with its defaults, fitted on LightGCN's split. Inner product, recall@100 of
1,000 queries, one thread; half of the queries choose, and the recall printed is that of the other half. hnswlib is
measured where it is installed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{library}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402

from models.ann.build import build_index  # noqa: E402
from models.ann.config import AnnIndexConfig  # noqa: E402
from models.ann.index_bytes import n_bytes  # noqa: E402
from models.ann.index_costs import cpu_microseconds, estimated_cost  # noqa: E402
from models.ann.recall import ExactAnswers  # noqa: E402
from models.ann.tuning import tune  # noqa: E402
from models.ann.tuning_points import Budget, Point  # noqa: E402
from models.ann.wording import built_with  # noqa: E402

K, N_QUERIES = 100, 1_000
SIZE, N_CENTRES = 64, 2_000
WANTED = 0.95
BUDGET = Budget(build_seconds=60, microseconds=200)
RECALLS = (0.9, 0.93, 0.95, 0.98)
GRAPHS = (("hnsw", 16, 100), ("hnsw_sq8", 16, 100))
BREADTHS = (100, 150, 200, 300, 400, 600, 800)


def gaussian(n_vectors: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors and queries around the same centres."""
    rng = np.random.default_rng(0)
    scale = np.float32(1 / np.sqrt(SIZE))
    centres = rng.normal(size=(N_CENTRES, SIZE)).astype(np.float32) * scale

    def drawn(n: int) -> np.ndarray:
        points = rng.normal(size=(n, SIZE)).astype(np.float32) * scale
        points += centres[rng.integers(N_CENTRES, size=n)]
        return points

    return drawn(n_vectors), drawn(N_QUERIES)


def trained(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Item vectors, and vectors of some users, of iALS on Gowalla."""
    from retrieval import gowalla

    from models.evaluation.protocol_scores import split_data
    from models.retrieval import registry

    split = gowalla(path)
    data = split_data(split, split.train["item_id"].unique())
    model = registry.new_retriever("ials", {})
    model.fit(data.train)
    users = np.linspace(0, data.train.n_users - 1, N_QUERIES).astype(np.int64)
    return model.item_vectors(), model.user_vectors(data.train, users)


def show(points: list[Point]) -> None:
    """For each index the fastest way to each recall, as rows of a table."""
    for name in dict.fromkeys(built_with(point.config) for point in points):
        of_index = [point for point in points if built_with(point.config) == name]
        cells = []
        for wanted in RECALLS:
            enough = [point.microseconds for point in of_index if point.held_out_recall >= wanted]
            cells.append(f"{min(enough):,.0f}" if enough else "")
        first = of_index[0]
        print(f"| {name} | {first.build_seconds:.1f} | {first.n_bytes / 1e6:.0f} | {' | '.join(cells)} |", flush=True)


def by_graphs(vectors: np.ndarray, queries: np.ndarray) -> None:
    """Graphs that the budget forbids, and how well their cost was estimated."""
    exact = ExactAnswers(vectors, queries[1::2], K)
    for kind, links, breadth in GRAPHS:
        config = AnnIndexConfig(kind=kind, hnsw_neighbours=links, hnsw_build_breadth=breadth, search_threads=1)
        estimate = estimated_cost(vectors, config)
        began = time.process_time()
        index = build_index(vectors, config)
        seconds = time.process_time() - began
        points = []
        for effort in BREADTHS:
            searched = index.searched_with(hnsw_search_breadth=effort)
            recall = float(exact.recalls(searched.search(exact.queries, K)[0]).mean())
            microseconds = cpu_microseconds(searched, exact.queries, K)
            points.append(Point(searched.config, recall, recall, microseconds, seconds, n_bytes(index.index)))
        show(points)
        print(f"  estimated: {estimate.seconds:.0f} s, {estimate.n_bytes / 1e6:.0f} MB", flush=True)
        del index, points, searched


def by_hnswlib(vectors: np.ndarray, queries: np.ndarray) -> None:
    """The library that graphs are known by."""
    try:
        import hnswlib
    except ImportError:
        print("hnswlib is not installed: not measured")
        return
    exact = ExactAnswers(vectors, queries[1::2], K)
    began = time.process_time()
    index = hnswlib.Index(space="ip", dim=vectors.shape[1])
    index.init_index(len(vectors), M=16, ef_construction=100)
    index.set_num_threads(1)
    index.add_items(vectors)
    print(f"hnswlib, 16 links, breadth 100: {time.process_time() - began:.1f} s to build")
    for effort in BREADTHS:
        index.set_ef(effort)
        began = time.process_time()
        found = index.knn_query(exact.queries, K)[0]
        microseconds = 1e6 * (time.process_time() - began) / len(exact.queries)
        print(f"  breadth {effort}: {exact.recalls(found.astype(np.int64)).mean():.4f}, {microseconds:.0f} us")


def main() -> None:
    """Tune within the budget, then measure what it forbids."""
    parser = argparse.ArgumentParser()
    parser.add_argument("world", choices=["gaussian", "gowalla"])
    parser.add_argument("path", nargs="?")
    parser.add_argument("--vectors", type=int, default=1_000_000)
    given = parser.parse_args()
    if given.world == "gowalla" and not given.path:
        sys.exit(__doc__)
    vectors, queries = gaussian(given.vectors) if given.world == "gaussian" else trained(given.path)
    print(f"{len(vectors):,} vectors of {vectors.shape[1]} dimensions, {len(queries):,} queries, recall@{K}")
    began = time.process_time()
    tuning = tune(vectors, queries, K, WANTED, BUDGET)
    spent = time.process_time() - began
    print("| index | CPU s to build | MB |" + "".join(f" us at {recall} |" for recall in RECALLS))
    show(tuning.points)
    for one in tuning.skipped:
        print(f"  not built: {built_with(one.config)}: {one.cost.seconds:.0f} s, {one.cost.n_bytes / 1e6:.0f} MB")
    chosen = tuning.chosen
    print(f"the tuner took {spent:.0f} CPU s for {len(tuning.points)} points; recall {WANTED}, {BUDGET}: {chosen}")
    if given.world == "gaussian":
        by_graphs(vectors, queries)
    by_hnswlib(vectors, queries)


if __name__ == "__main__":
    main()
