"""The iALS of `implicit` on Gowalla, run with a Python that has it (its own environment).

    OMP_NUM_THREADS=1 PEER/bin/python benchmarks/peer_implicit.py ../shared/data/gowalla/gowalla.parquet [ALPHA [L2]]

64 factors and 15 iterations by conjugate gradients; then 20 items for every user of the test, items of the training
left out. Prints CPU seconds of both, Recall@20, NDCG@20 and peak memory; `python benchmarks/retrieval.py gowalla FILE
ials_64_tuned` is ours beside it.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import numpy as np
import pandas as pd
from implicit.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

K = 20


def main() -> None:
    """Fit once, rank every user, score."""
    path, alpha, l2 = (*sys.argv[1:], *("40", "0.01")[len(sys.argv) - 2 :])
    rows = pd.read_parquet(path)
    shape = rows["user"].max() + 1, rows["item"].max() + 1
    train, test = (_matrix(rows[rows["split"] == part], shape) for part in ("train", "test"))
    users = np.flatnonzero(np.diff(test.indptr))
    model = AlternatingLeastSquares(
        factors=64, iterations=15, alpha=float(alpha), regularization=float(l2), num_threads=1, random_state=0
    )
    with threadpool_limits(1):
        began = time.process_time()
        model.fit(train, show_progress=False)
        fitted = time.process_time()
        lists, _ = model.recommend(users, train[users], N=K, filter_already_liked_items=True)
        done = time.process_time()
    recall, ndcg = _scores(lists, users, test)
    line = {
        "alpha": float(alpha),
        "l2": float(l2),
        "recall@20": round(recall, 4),
        "ndcg@20": round(ndcg, 4),
        "fit_cpu_s": round(fitted - began, 1),
        "rank_cpu_s": round(done - fitted, 1),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }
    print(json.dumps(line))


def _matrix(rows: pd.DataFrame, shape: tuple[int, int]) -> csr_matrix:
    return csr_matrix((np.ones(len(rows), np.float32), (rows["user"], rows["item"])), shape)


def _scores(lists: np.ndarray, users: np.ndarray, test: csr_matrix) -> tuple[float, float]:
    """Mean recall and NDCG."""
    recall, ndcg = [], []
    discounts = 1 / np.log2(np.arange(2, K + 2))
    for found, user in zip(lists, users, strict=True):
        truth = test.indices[test.indptr[user] : test.indptr[user + 1]]
        hits = np.isin(found, truth)
        recall.append(hits.sum() / len(truth))
        ndcg.append(hits @ discounts / discounts[: len(truth)].sum())
    return float(np.mean(recall)), float(np.mean(ndcg))


if __name__ == "__main__":
    main()
