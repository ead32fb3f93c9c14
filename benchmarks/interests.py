"""What several vectors a user are for: recall of long lists, and how many kinds of items they hold.

    python benchmarks/interests.py gowalla ../shared/data/gowalla/gowalla.parquet [--users 5000]
    python benchmarks/interests.py beauty ../shared/data/amazon_beauty/sequences.parquet

Gowalla: `knn_embed` on `ials` against that very `ials`. Beauty: `multi_interest`, drawn in proportion, merged by the
largest score, and by the mean of a user's interests as if it were one vector. Splits and users as in retrieval.py and
next_item.py, or so many of the users, drawn. A line of JSON for each way to make lists of 100:

- recall and NDCG at 10, 20 and 100, with bootstrapped intervals for recall@100;
- `clusters_covered`: of the clusters that a user's test items lie in, the share of which the list holds an item;
- `clusters_in_list`: how many clusters a list holds.

Clusters for this are 200 of the item vectors' directions, drawn from another seed than the model's own.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

GOWALLA_BASE = {"unobserved_weight": 0.03, "l2": 0.0003}
N_CLUSTERS, K = 200, 100
CUTS = [10, 20, 100]


def gowalla_ways(path: str):
    """The split, its test rows, what was fitted, and models by name."""
    import retrieval

    from models.evaluation.protocol_scores import split_data
    from models.retrieval import registry

    split = retrieval.gowalla(path)
    data = split_data(split, pl.concat([split.train["item_id"], split.test["item_id"]]).unique())
    model = registry.new_retriever("knn_embed", {"base": "ials", "base_settings": GOWALLA_BASE})
    report = model.fit(data.train)
    ways = {"ials_64_tuned": model.base, "knn_embed": model}
    for name, change in (
        ("knn_embed, n_neighbours 0", {"n_neighbours": 0}),
        ("knn_embed, user_share 0", {"user_share": 0.0}),
    ):
        ways[name] = changed(model, change)
    return data, split.test.select("user_id", "item_id"), report, ways


def beauty_ways(path: str):
    """The same for Beauty."""
    import next_item

    from models.retrieval import registry

    data, truth = next_item.beauty(path)
    name, settings = next_item.SETTINGS["multi_interest"]
    model = registry.new_retriever(name, settings)
    report = model.fit(data.train, data.validation)
    merged = changed(model, {"merge": "max"})
    mean = changed(model, {"merge": "max"})
    mean.score_vectors = lambda histories, users: model.user_vectors(histories, users)[:, None]
    ways = {"multi_interest": model, "multi_interest, merge max": merged, "multi_interest, mean": mean}
    return data, truth, report, ways


def changed(model, change: dict):
    """A fitted retriever with other settings of how lists are made."""
    import copy

    other = copy.copy(model)
    other.config = model.config.model_copy(update=change)
    return other


def measured(lists: pl.DataFrame, truth: pl.DataFrame, cluster_of: pl.DataFrame) -> dict:
    """Recall, NDCG and clusters of some lists."""
    from models.evaluation.intervals import bootstrap_intervals
    from models.evaluation.user_rows import user_values

    values = user_values(lists, truth, CUTS)
    found = {f"{what}@{k}": round(float(values[f"{what}@{k}"].mean()), 4) for k in CUTS for what in ("recall", "ndcg")}
    interval = bootstrap_intervals(values.select(f"recall@{K}").to_numpy())[0]
    in_lists = lists.join(cluster_of, on="item_id").select("user_id", "cluster").unique()
    wanted = truth.join(cluster_of, on="item_id").select("user_id", "cluster").unique()
    covered = wanted.join(in_lists.with_columns(hit=pl.lit(1.0)), on=["user_id", "cluster"], how="left")
    shares = covered.group_by("user_id").agg(pl.col("hit").fill_null(0.0).mean())["hit"].to_numpy()
    share = bootstrap_intervals(shares[:, None])[0]
    return found | {
        f"recall@{K}_interval": [round(float(part), 4) for part in interval],
        "clusters_covered": [round(float(part), 4) for part in share],
        "clusters_in_list": round(len(in_lists) / in_lists["user_id"].n_unique(), 1),
    }


def main() -> None:
    """One fit, a line for each way to make lists."""
    from models.evaluation.protocol_lists import ranked
    from models.retrieval.clusters import find_clusters

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["gowalla", "beauty"])
    parser.add_argument("path")
    parser.add_argument("--users", type=int, help="users to rank for; all where not given")
    given = parser.parse_args()
    began = time.process_time()
    data, truth, report, ways = {"gowalla": gowalla_ways, "beauty": beauty_ways}[given.what](given.path)
    fit = round(time.process_time() - began, 1)
    vectors = np.asarray(next(iter(ways.values())).item_vectors())
    clusters = find_clusters(vectors, N_CLUSTERS, "cosine", 20, seed=7).of(vectors)
    cluster_of = pl.DataFrame({"item_id": data.past.item_ids.astype(str), "cluster": clusters})
    asked = truth["user_id"].unique().sort()
    if given.users:
        asked = asked.sample(min(given.users, len(asked)), seed=0).sort()
        truth = truth.join(asked.to_frame(), on="user_id", how="semi")
    users = np.searchsorted(data.past.user_ids, asked.to_numpy())
    print(json.dumps({"fit_cpu_s": fit, "best_epoch": report.best_epoch, "n_epochs": len(report.curve)}), flush=True)
    for name, model in ways.items():
        began = time.process_time()
        lists = ranked(model, data.past, users, K)
        line = {"lists": name, **measured(lists, truth, cluster_of)}
        peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
        print(json.dumps(line | {"rank_cpu_s": round(time.process_time() - began, 1), "peak_gib": peak}), flush=True)


if __name__ == "__main__":
    main()
