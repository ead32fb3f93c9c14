"""EASE of a whole Gowalla by the Gram matrix of its users: the check that the protocol is the published one.

    OMP_NUM_THREADS=1 python benchmarks/ease_by_users.py ../shared/data/gowalla/gowalla.parquet [L2]

The retriever `ease` inverts `X'X + l2 I`, here 40,981 items wide: 6.7 GB in single precision and 7e13 operations. With
the fewer users, `K = X X' + l2 I` is 3.6 GB and takes 3e13; by the Woodbury identity `P = (X'X + l2 I)^-1` is
`(I - X' K^-1 X) / l2`, so `X P = K^-1 X`, and the scores `X B` of items that a user has not touched are
`-(K^-1 X)[u, j] / P[j, j]` (Steck, WWW 2019, eq. 8). That ranks the users of the training and nobody else, which is all
the check needs. 80 is the l2 of the published .1765/.1467 (BARS).
"""

from __future__ import annotations

import json
import resource
import sys
import time

import numpy as np
import polars as pl
from retrieval import K, gowalla
from scipy.linalg.lapack import spotrf, spotri

from models.evaluation.intervals import bootstrap_intervals
from models.evaluation.protocol_lists import ranked
from models.evaluation.protocol_scores import split_data
from models.evaluation.user_rows import user_values
from models.retrieval.ease import Ease, EaseConfig
from models.retrieval.history_matrix import history_matrix
from models.retrieval.interactions import Interactions

BLOCK = 2048


class EaseByUsers(Ease):
    """Scores of the training's own users."""

    def fit(self, train: Interactions) -> None:
        """`K^-1` and the diagonal of P."""
        matrix = history_matrix(train, np.arange(train.n_users)).astype(np.float32)
        gram = np.asfortranarray((matrix @ matrix.T).toarray())
        gram[np.diag_indices(len(gram))] += self.config.l2
        factor, failed = spotrf(gram, lower=1, clean=1, overwrite_a=1)
        assert not failed, "the Gram matrix is not positive definite"
        self.inverse = spotri(factor, lower=1, overwrite_c=1)[0]
        for start in range(0, len(self.inverse), BLOCK):  # only the lower half is filled
            stop = start + BLOCK
            lower = np.tril(self.inverse[start:stop, start:stop])
            self.inverse[start:stop, start:stop] = lower + np.tril(lower, -1).T
            self.inverse[start:stop, stop:] = self.inverse[stop:, start:stop].T
        self.by_item = matrix.T.tocsr()
        users_of = np.split(self.by_item.indices, self.by_item.indptr[1:-1])
        shared = [self.inverse[np.ix_(users, users)].sum(dtype=np.float64) for users in users_of]
        self.diagonal = ((1 - np.array(shared)) / self.config.l2).astype(np.float32)

    def scores(self, histories: Interactions, users: np.ndarray) -> np.ndarray:
        """`-(K^-1 X)[u, j] / P[j, j]`, `[n, n_items]`; right where the user has not touched j."""
        return -np.ascontiguousarray((self.by_item @ self.inverse[users].T).T) / self.diagonal


def main() -> None:
    """Fit, rank every user, score."""
    path, l2 = (*sys.argv[1:], "80")[:2]
    split = gowalla(path)
    data = split_data(split, pl.concat([split.train["item_id"], split.test["item_id"]]).unique())
    truth = split.test.select("user_id", "item_id")
    users = np.searchsorted(data.past.user_ids, truth["user_id"].unique().sort().to_numpy())
    model = EaseByUsers(EaseConfig(l2=float(l2)))
    began = time.process_time()
    model.fit(data.train)
    fitted = time.process_time()
    values = user_values(ranked(model, data.past, users, K), truth, [K])
    done = time.process_time()
    recall, ndcg = bootstrap_intervals(values.select(f"recall@{K}", f"ndcg@{K}").to_numpy())
    line = {
        "retriever": "ease_by_users",
        f"recall@{K}": [round(float(part), 4) for part in recall],
        f"ndcg@{K}": [round(float(part), 4) for part in ndcg],
        "fit_cpu_s": round(fitted - began, 1),
        "rank_cpu_s": round(done - fitted, 1),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "l2": float(l2),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
