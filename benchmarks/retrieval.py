"""Retrievers on published splits: quality with intervals, CPU seconds to fit and to rank everything, peak memory.

    python benchmarks/retrieval.py gowalla ../shared/data/gowalla/gowalla.parquet [NAME ...]

Gowalla is LightGCN's split (columns user, item, split): every user is ranked over the whole catalogue, training items
removed, Recall@20 and NDCG@20. Each retriever runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

FROM_SPECTRUM = {"start": "spectral", "schedule": "linear", "popularity_exponent": 0.1}
IN_BATCH = {"loss": "in_batch_softmax", "popularity_exponent": 0.0, "popularity_offset": 0.1, "averaging": 0.98}
SETTINGS: dict[str, tuple[str, dict]] = {
    "popularity": ("popularity", {}),
    "item_knn": ("item_knn", {}),
    "item_knn_bm25": ("item_knn", {"similarity": "bm25"}),
    "ials_64": ("ials", {}),
    "ials_64_tuned": ("ials", {"unobserved_weight": 0.03, "l2": 0.0003}),
    "ials_256": ("ials", {"embedding_size": 256, "unobserved_weight": 0.01}),
    "ials_512": ("ials", {"embedding_size": 512, "unobserved_weight": 0.01}),
    "gf_cf": ("graph_filter", {"form": "gf_cf", "n_factors": 256, "low_pass_weight": 0.3}),
    "bspm_early": ("graph_filter", {}),
    "lightgcn": ("lightgcn", {}),
    "lightgcn_falling": ("lightgcn", {"schedule": "cosine", "temperature": 0.08}),
    "lightgcn_in_batch": ("lightgcn", IN_BATCH | {"first_layer": 1, "max_epochs": 4}),
    "slim": ("slim", {}),
    "bpr_mf": ("bpr_mf", FROM_SPECTRUM | {"learning_rate": 0.02, "max_epochs": 20}),
    "lightgcn_0_layers": ("lightgcn", {"n_layers": 0}),
}
K = 20


def gowalla(path: str):
    """The split as the protocols take it: the order of the rows is that of time."""
    from models.evaluation.protocol_splits import COLUMNS
    from models.evaluation.protocols import fixed_split

    order = pl.int_range(pl.len(), dtype=pl.Int64)
    rows = pl.read_parquet(path).with_columns(
        user_id=pl.col("user").cast(pl.Utf8),
        item_id=pl.col("item").cast(pl.Utf8),
        event_at=pl.from_epoch(order, time_unit="s").cast(pl.Datetime("us")),
        event_id=order.cast(pl.Utf8).str.zfill(12),
        weight=pl.lit(1.0),
    )
    rows = rows.with_columns(event_day=pl.col("event_at").dt.date())
    return fixed_split(*(rows.filter(pl.col("split") == part).select(COLUMNS) for part in ("train", "test")))


def measure(path: str, name: str) -> dict:
    """Fit one retriever, rank every user, score; torch is imported before the clock runs, as peers' libraries are."""
    import torch  # noqa: F401

    from models.evaluation.intervals import bootstrap_intervals
    from models.evaluation.protocol_lists import ranked
    from models.evaluation.protocol_scores import split_data
    from models.evaluation.user_rows import user_values
    from models.retrieval import registry

    split = gowalla(path)
    items = pl.concat([split.train["item_id"], split.test["item_id"]]).unique()
    data = split_data(split, items)
    retriever, settings = SETTINGS[name]
    model = registry.new_retriever(retriever, settings)
    truth = split.test.select("user_id", "item_id")
    users = np.searchsorted(data.past.user_ids, truth["user_id"].unique().sort().to_numpy())
    began = time.process_time()
    model.fit(data.train)
    fitted = time.process_time()
    lists = ranked(model, data.past, users, K)
    done = time.process_time()
    values = user_values(lists, truth, [K])
    columns = [f"recall@{K}", f"ndcg@{K}"]
    found = bootstrap_intervals(values.select(columns).to_numpy())
    return {
        "retriever": name,
        **{
            column: [round(float(part), 4) for part in interval]
            for column, interval in zip(columns, found, strict=True)
        },
        "fit_cpu_s": round(fitted - began, 1),
        "rank_cpu_s": round(done - fitted, 1),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "settings": settings,
    }


def main() -> None:
    """One process per retriever, one line each."""
    what, path, *names = sys.argv[1:]
    if what == "--one":
        print(json.dumps(measure(path, names[0])))
        return
    if what != "gowalla":
        raise SystemExit(__doc__)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
    for name in names or SETTINGS:
        command = [sys.executable, __file__, "--one", path, name]
        environment = {**os.environ, **threads, "PYTHONPATH": str(Path(__file__).parents[1])}
        subprocess.run(command, check=True, env=environment)


if __name__ == "__main__":
    main()
