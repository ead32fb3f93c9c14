"""An epoch of RecTools' SASRec on the same sequences, run with a Python that has RecTools (its own environment).

    OMP_NUM_THREADS=1 PEER/bin/python benchmarks/peer_rectools.py beauty ../shared/data/amazon_beauty/sequences.parquet
    OMP_NUM_THREADS=1 PEER/bin/python benchmarks/peer_rectools.py ml1m SEQUENCES.parquet

Size 64, 2 blocks, 256 negatives, softmax over them, as in `benchmarks/next_item.py speed`, whose `ml1m` writes its
sequences to a file where one is named. Prints CPU seconds and peak memory.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import pandas as pd
import torch
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel


def main() -> None:
    """One epoch."""
    shape, path = sys.argv[1:]
    rows = pd.read_parquet(path)
    if shape == "beauty":
        last = rows.groupby("user")["pos"].transform("max")
        rows = rows[rows["pos"] <= last - 2]
    frame = pd.DataFrame(
        {
            Columns.User: rows["user"],
            Columns.Item: rows["item"],
            Columns.Weight: 1.0,
            Columns.Datetime: pd.Timestamp("2020-01-01") + pd.to_timedelta(rows["pos"], unit="D"),
        }
    )
    model = SASRecModel(
        n_factors=64,
        n_blocks=2,
        n_heads=2,
        session_max_len=50 if shape == "beauty" else 200,
        loss="sampled_softmax",
        n_negatives=256,
        batch_size=128,
        epochs=1,
        dataloader_num_workers=0,
        verbose=0,
    )
    torch.set_num_threads(1)
    dataset = Dataset.construct(frame)
    began = time.process_time()
    model.fit(dataset)
    seconds = round(time.process_time() - began, 1)
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    print(json.dumps({"shape": shape, "rows": len(rows), "epoch_cpu_s": seconds, "peak_gib": peak}))


if __name__ == "__main__":
    main()
