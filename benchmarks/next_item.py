"""Sequential retrievers on Amazon Beauty, and what an epoch costs.

    python benchmarks/next_item.py beauty ../shared/data/amazon_beauty/sequences.parquet [NAME ...] [--seeds 3]
    python benchmarks/next_item.py speed beauty ../shared/data/amazon_beauty/sequences.parquet
    python benchmarks/next_item.py speed ml1m [FILE]

Beauty: leave-one-out (columns user, item, pos), every user ranked over the whole catalogue, seen items removed,
Recall@10 and NDCG@10; the epoch is chosen by NDCG@10 of the item before the last, and the model is not fitted again.
Settings were chosen by that too. Intervals are bootstrapped over users, of the mean over the seeds.

Speed: CPU seconds of an epoch and peak memory, SASRec of size 64, 2 blocks, 256 negatives. `ml1m` simulates sequences
of MovieLens-1M's shape: 6,040 users, 3,416 items, a million events, histories read up to 200.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

SHARED = {"embedding_size": 128, "n_negatives": 512, "max_epochs": 60, "patience": 6, "n_validation_users": 10_000}
COSINE = {"temperature": 0.07, "n_negatives": 2048, "averaging": 0.999}
FALLING = {"schedule": "linear", "learning_rate": 0.0015, "max_epochs": 24, "patience": 24}
LONGER = {"n_negatives": 4096, "max_epochs": 32, "patience": 32}
QUICK = {"n_negatives": 256, "averaging": 0.99, "learning_rate": 0.003, "max_epochs": 12, "n_validation_users": 2_000}
SETTINGS: dict[str, tuple[str, dict]] = {
    "popularity": ("popularity", {}),
    "item_knn": ("item_knn", {}),
    "item_knn_bm25": ("item_knn", {"similarity": "bm25"}),
    "slim": ("slim", {}),
    "ials": ("ials", {"embedding_size": 128, "unobserved_weight": 0.03, "l2": 0.0003}),
    "graph_filter": ("graph_filter", {}),
    "bpr_mf": ("bpr_mf", {"start": "spectral", "schedule": "linear", "learning_rate": 0.02}),
    "lightgcn": ("lightgcn", {}),
    "ngcf": ("ngcf", {}),
    "simplex": ("simplex", {}),
    "ultragcn": ("ultragcn", {}),
    "knn_embed": ("knn_embed", {"base_settings": {"embedding_size": 128, "unobserved_weight": 0.03, "l2": 0.0003}}),
    "ease": ("ease", {"l2": 100.0}),
    "gru4rec": ("gru4rec", SHARED),
    "bert4rec": ("bert4rec", SHARED | {"max_epochs": 200, "patience": 20}),
    "hstu": ("hstu", SHARED | COSINE | FALLING),
    "sasrec": ("sasrec", SHARED),
    "sasrec_cosine": ("sasrec", SHARED | COSINE | FALLING | LONGER),
    "sasrec_quick": ("sasrec", COSINE | FALLING | QUICK),
    "multi_interest": ("multi_interest", SHARED | COSINE | {"max_epochs": 16, "n_validation_users": 3_000}),
}
K = 10
SPEED = {"embedding_size": 64, "n_negatives": 256, "max_epochs": 3}
ML1M = {"n_users": 6_040, "n_items": 3_416, "n_events": 1_000_000}
DAY = 86_400


def beauty(path: str):
    """The leave-one-out split as models take it, and its test rows."""
    from models.evaluation.protocol_scores import split_data
    from models.evaluation.protocols import leave_one_out

    rows = pl.read_parquet(path).select(
        user_id=pl.col("user").cast(pl.Utf8),
        item_id=pl.col("item").cast(pl.Utf8),
        event_at=pl.from_epoch(pl.col("pos") * DAY, time_unit="s").cast(pl.Datetime("us")),
        event_id=pl.int_range(pl.len()).cast(pl.Utf8).str.zfill(12),
        weight=pl.lit(1.0),
    )
    split = leave_one_out(rows)
    return split_data(split, rows["item_id"].unique()), split.test.select("user_id", "item_id")


def measure(path: str, name: str, seed: int) -> dict:
    """Fit one retriever once; recall and NDCG of every user."""
    import torch  # noqa: F401, before the clock runs

    from models.evaluation.protocol_lists import ranked
    from models.evaluation.user_rows import user_values
    from models.retrieval import registry

    data, truth = beauty(path)
    retriever, settings = SETTINGS[name]
    config = registry.config_class(retriever)
    model = registry.new_retriever(retriever, settings | ({"seed": seed} if "seed" in config.model_fields else {}))
    users = np.searchsorted(data.past.user_ids, truth["user_id"].unique().sort().to_numpy())
    began = time.process_time()
    report = model.fit(data.train, data.validation)
    fitted = time.process_time()
    lists = ranked(model, data.past, users, K)
    done = time.process_time()
    values = user_values(lists, truth, [K]).sort("user_id")
    return {
        "values": values.select(f"recall@{K}", f"ndcg@{K}").to_numpy().tolist(),
        "fit_cpu_s": round(fitted - began, 1),
        "rank_cpu_s": round(done - fitted, 1),
        "best_epoch": report.best_epoch,
        "n_epochs": len(report.curve),
        "peak_gib": peak_gib(),
    }


def table(path: str, names: list[str], n_seeds: int) -> None:
    """A line of JSON for each retriever."""
    from models.evaluation.intervals import bootstrap_intervals
    from models.retrieval import registry

    for name in names:
        retriever, settings = SETTINGS[name]
        seeded = "seed" in registry.config_class(retriever).model_fields
        runs = [in_a_process("--one", path, name, str(seed)) for seed in range(n_seeds if seeded else 1)]
        found = bootstrap_intervals(np.mean([run["values"] for run in runs], axis=0))
        rounded = [[round(float(part), 4) for part in interval] for interval in found]
        line = {"retriever": name, f"recall@{K}": rounded[0], f"ndcg@{K}": rounded[1]}
        for key in ("fit_cpu_s", "rank_cpu_s", "best_epoch", "n_epochs", "peak_gib"):
            line[key] = [run[key] for run in runs]
        line["ndcg_by_seed"] = [round(float(np.mean(run["values"], axis=0)[1]), 4) for run in runs]
        print(json.dumps(line | {"settings": settings}), flush=True)


def speed(shape: str, path: str | None) -> None:
    """CPU seconds of the epochs after the first, without validation."""
    from models.sequential.sasrec import SASRec, SASRecConfig

    train = beauty(str(path))[0].train if shape == "beauty" else simulated()
    if shape != "beauty" and path:
        position = np.arange(len(train.items)) - np.repeat(train.offsets[:-1], train.lengths())
        sequences = {"user": train.user_of_position(), "item": train.items, "pos": position}
        pl.DataFrame(sequences).write_parquet(path)
    ends: list[float] = []

    def note(what: str, done: int, total: int) -> None:
        if done % (total // SPEED["max_epochs"]) == 0:
            ends.append(time.process_time())

    before = peak_gib()
    began = time.process_time()
    SASRec(SASRecConfig(**SPEED, max_length=50 if shape == "beauty" else 200)).fit(train, progress=note)
    seconds = np.diff([began, *ends]).round(2).tolist()
    print(json.dumps({"shape": shape, "epoch_cpu_s": seconds, "peak_gib": peak_gib(), "peak_gib_before": before}))


def simulated():
    """Sequences of MovieLens-1M's shape: lengths log-normal, items by a power law."""
    from models.retrieval.interactions import Interactions

    rng = np.random.default_rng(0)
    lengths = rng.lognormal(0, 1, ML1M["n_users"])
    lengths = np.maximum(20, lengths / lengths.sum() * ML1M["n_events"]).astype(np.int64)
    weights = 1 / np.arange(1, ML1M["n_items"] + 1) ** 0.8
    items = rng.choice(ML1M["n_items"], lengths.sum(), p=weights / weights.sum()).astype(np.int32)
    return Interactions(
        user_ids=np.array([f"u{user}" for user in range(len(lengths))], dtype=object),
        item_ids=np.array([f"i{item}" for item in range(ML1M["n_items"])], dtype=object),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        items=items,
        times=np.arange(len(items), dtype=np.int64),
        weights=np.ones(len(items), dtype=np.float32),
    )


def peak_gib() -> float:
    """Most memory this process has held."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


def in_a_process(*words: str) -> dict:
    """What this file prints with these words, run alone on one thread."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
    environment = {**os.environ, **threads, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, __file__, *words], check=True, env=environment, capture_output=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """One process per fit."""
    if sys.argv[1:2] == ["--one"]:
        path, name, seed = sys.argv[2:]
        print(json.dumps(measure(path, name, int(seed))))
        return
    if sys.argv[1:2] == ["--speed"]:
        speed(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["beauty", "speed"])
    parser.add_argument("words", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    if given.what == "speed":
        print(json.dumps(in_a_process("--speed", *given.words)))
        return
    table(given.words[0], given.words[1:] or list(SETTINGS), given.seeds)


if __name__ == "__main__":
    main()
