"""Fits retrievers one after the other and prints the estimate and the measured peak of each; run by test_memory.py."""

import ctypes
import json
import re
import sys
from pathlib import Path

import numpy as np
import torch

from models.retrieval.interactions import Interactions
from models.retrieval.item_features import ItemFeatures
from models.retrieval.registry import new_retriever
from models.tuning.peak_memory import PeakMemory


def data(n_users, n_items, length, seed):
    """Uniform histories of one length."""
    n = n_users * length
    return Interactions(
        user_ids=np.array([f"u{user}" for user in range(n_users)], dtype=object),
        item_ids=np.array([f"i{item}" for item in range(n_items)], dtype=object),
        offsets=np.arange(n_users + 1, dtype=np.int64) * length,
        items=np.random.default_rng(seed).integers(n_items, size=n).astype(np.int32),
        times=np.arange(n, dtype=np.int64),
        weights=np.ones(n, dtype=np.float32),
    )


def resident():
    """Bytes this process holds, after it has given back what it can."""
    if hasattr(ctypes.CDLL(None), "malloc_trim"):
        ctypes.CDLL(None).malloc_trim(0)
    return int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024


def fit(name, settings, n_users, n_items, length):
    retriever = new_retriever(name, settings)
    if retriever.reads_item_features:
        text = np.ones((n_items, 32), dtype=np.float32)
        retriever.describe_items(ItemFeatures(text, np.zeros((n_items, 1), np.int32), 1))
    train, validation = data(n_users, n_items, length, 0), data(n_users, n_items, 1, 1)
    before = resident()
    with PeakMemory() as peak:
        report = retriever.fit(train, validation)
    return {"estimated": report.memory, "measured": peak.n_bytes - before if peak.n_bytes else None}


def main():
    torch.set_num_threads(1)
    found = {}
    for label, name, settings, sizes in json.loads(sys.argv[1]):
        short = {key: settings[key] for key in ("max_epochs", "n_iterations") if key in settings}
        fit(name, short, 20, 30, 5)  # libraries are loaded
        found[label] = fit(name, settings, *sizes)
    print(json.dumps(found))


main()
