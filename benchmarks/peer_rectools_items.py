"""RecTools' EASE and item-kNN on Amazon Beauty, run with a Python that has RecTools (its own environment).

    OMP_NUM_THREADS=1 PEER/bin/python benchmarks/peer_rectools_items.py ease|bm25 SEQUENCES

SEQUENCES is ../shared/data/amazon_beauty/sequences.parquet, split as by `benchmarks/next_item.py`: fitted on all but
the last two items of a user, ten items ranked after all but the last, seen ones left out. Prints CPU seconds of both,
Recall@10, NDCG@10 and peak memory; `ease` and `item_knn_bm25` there are ours beside it.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import numpy as np
import pandas as pd
from implicit.nearest_neighbours import BM25Recommender
from rectools import Columns
from rectools.dataset import Dataset, Interactions
from rectools.models import EASEModel, ImplicitItemKNNWrapperModel
from threadpoolctl import threadpool_limits

K = 10


def main() -> None:
    """Fit, rank every user, score."""
    name, path = sys.argv[1:]
    rows = pd.read_parquet(path)
    left = rows.groupby("user")["pos"].transform("max") - rows["pos"]
    learned = rows[left >= 2]
    train = Dataset.construct(_interactions(learned))
    # With the ids of the training: a wider matrix crashes the look-up of neighbours.
    later = _interactions(rows[(left >= 1) & rows["item"].isin(learned["item"])])
    past = Dataset(
        train.user_id_map, train.item_id_map, Interactions.from_raw(later, train.user_id_map, train.item_id_map)
    )
    truth = rows[left == 0].set_index("user")["item"]
    models = {
        "ease": lambda: EASEModel(regularization=100, num_threads=1),
        "bm25": lambda: ImplicitItemKNNWrapperModel(BM25Recommender(K=100, num_threads=1)),
    }
    model = models[name]()
    with threadpool_limits(1):
        began = time.process_time()
        model.fit(train)
        fitted = time.process_time()
        lists = model.recommend(users=truth.index.to_numpy(), dataset=past, k=K, filter_viewed=True)
        done = time.process_time()
    hits = lists[lists[Columns.Item].to_numpy() == truth.loc[lists[Columns.User]].to_numpy()]
    line = {
        "model": name,
        "recall@10": round(len(hits) / len(truth), 4),
        "ndcg@10": round(float((1 / np.log2(hits[Columns.Rank] + 1)).sum()) / len(truth), 4),
        "fit_cpu_s": round(fitted - began, 1),
        "rank_cpu_s": round(done - fitted, 1),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }
    print(json.dumps(line))


def _interactions(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows as RecTools takes them."""
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(rows["pos"], unit="D")
    return pd.DataFrame(
        {Columns.User: rows["user"], Columns.Item: rows["item"], Columns.Weight: 1.0, Columns.Datetime: days}
    )


if __name__ == "__main__":
    main()
