"""A million users, 200,000 items and 100 million events on one machine.

    python benchmarks/scale.py simulate FOLDER MILLIONS       the events, as memory-mapped interactions
    python benchmarks/scale.py sasrec FOLDER [--whole]        what an epoch costs, by default not run to its end
    python benchmarks/scale.py ials FOLDER [--iterations 1]   fitted, and its item vectors kept in FOLDER
    python benchmarks/scale.py evaluate FOLDER [--users N]    NDCG@10 of these vectors over the whole catalogue

There are 100 events a user, whatever the number of events, and always 200,000 items, so 1 and 10 million are the same
shop with fewer users. Items are drawn by Zipf's law, seven in ten of them from one of 200 groups that is the user's
taste; histories are of log-normal length. Every command prints a line of JSON, with CPU seconds of all threads and the
peak memory of its process (memory-mapped pages that were read count as well).

`sasrec` measures in full what does not depend on how many steps are taken: opening the files, checking, cutting
histories into pieces, copying to the device, the digest of the data, an epoch's batches. Then it takes the first steps
of the epoch, two million events' worth, in the order that training has, and says what the whole epoch would take;
with `--whole` it takes them all.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

N_ITEMS = 200_000
EVENTS_PER_USER = 100
N_GROUPS = 200
TASTE = 0.7
BLOCK_USERS = 20_000
HOUR = 3600
SASREC = {"embedding_size": 64, "n_negatives": 256, "batch_tokens": 16_384, "max_length": 50, "max_epochs": 1}
MEASURED_EVENTS = 2_000_000
ITEM_VECTORS = "ials"


def simulate(folder: Path, n_users: int) -> dict:
    """Histories with a last event apart, written block by block as `Interactions.save` would."""
    from numpy.lib.format import open_memmap

    rng = np.random.default_rng(0)
    lengths = rng.lognormal(0, 0.8, n_users)
    lengths = np.maximum(3, np.rint(lengths / lengths.mean() * EVENTS_PER_USER)).astype(np.int64)
    groups = rng.integers(N_GROUPS, size=n_users)
    for part, n_of_user in (("train", lengths - 1), ("later", np.ones_like(lengths))):
        (folder / part).mkdir(parents=True, exist_ok=True)
        offsets = np.concatenate([[0], np.cumsum(n_of_user)])
        kinds = {"items": np.int32, "times": np.int64, "weights": np.float32}
        arrays = {
            name: open_memmap(folder / part / f"{name}.npy", "w+", kind, (int(offsets[-1]),))
            for name, kind in kinds.items()
        }
        for start in range(0, n_users, BLOCK_USERS):
            users = slice(start, start + BLOCK_USERS)
            here = slice(offsets[start], offsets[min(start + BLOCK_USERS, n_users)])
            position = np.arange(here.stop - here.start) - np.repeat(offsets[:-1][users] - here.start, n_of_user[users])
            arrays["items"][here] = drawn_items(rng, np.repeat(groups[users], n_of_user[users]))
            arrays["times"][here] = HOUR * (position + (0 if part == "train" else 10**6))
            arrays["weights"][here] = 1
        np.save(folder / part / "offsets.npy", offsets)
        ids = {"user_ids": [f"u{user}" for user in range(n_users)], "item_ids": [f"i{item}" for item in range(N_ITEMS)]}
        (folder / part / "ids.json").write_text(json.dumps(ids))
    return {"n_users": n_users, "n_events": int(lengths.sum()), "longest": int(lengths.max())}


def drawn_items(rng: np.random.Generator, groups: np.ndarray) -> np.ndarray:
    """An item for each entry: rank r with probability about 1 / r, of the group's items or of all."""
    of_group = rng.random(len(groups), dtype=np.float32) < TASTE
    n = np.where(of_group, N_ITEMS // N_GROUPS, N_ITEMS)
    rank = (np.exp(rng.random(len(groups), dtype=np.float32) * np.log(n + 1)) - 1).astype(np.int64).clip(0, n - 1)
    return np.where(of_group, groups + N_GROUPS * rank, rank).astype(np.int32)


class Enough(Exception):
    """Raised out of training when enough steps were timed."""


def sasrec(folder: Path, whole: bool) -> dict:
    """CPU seconds of everything before the first step, and of the first steps or all."""
    from models.retrieval.interactions import Interactions
    from models.sequential.sasrec import SASRec, SASRecConfig
    from models.training.batching import length_buckets

    began = time.process_time()
    train = Interactions.load(folder / "train")
    opened = time.process_time()
    retriever = SASRec(SASRecConfig(**SASREC))
    pieces = retriever.training_pieces(train)
    targets = int(pieces.lengths.sum())
    before_batches = time.process_time()
    batches = length_buckets(pieces.lengths, SASREC["batch_tokens"], np.random.default_rng(0))
    batching = time.process_time() - before_batches
    n_batches = len(batches)
    n_steps = min(n_batches, round(n_batches * MEASURED_EVENTS / targets))
    del batches
    times: list[float] = []

    def note(what: str, done: int, total: int) -> None:
        times.append(time.process_time())
        if done == n_steps and not whole:
            raise Enough

    fitting = time.process_time()
    with suppress(Enough):
        retriever.fit(train, progress=note)
    a_step = (times[-1] - times[0]) / (len(times) - 1)
    set_up = times[0] - fitting - a_step
    return {
        "events": len(train.items),
        "open_cpu_s": round(opened - began, 2),
        "set_up_cpu_s": round(set_up, 2),
        "of_it_batches_of_an_epoch_cpu_s": round(batching, 2),
        "steps_timed": len(times),
        "of_steps_in_an_epoch": n_batches,
        "set_up_us_an_event": round(set_up / len(train.items) * 1e6, 3),
        "steps_us_an_event": round(a_step * n_batches / targets * 1e6, 2),
        ("the_epoch_took_cpu_s" if whole else "an_epoch_would_take_cpu_s"): round(set_up + a_step * n_batches),
    }


def ials(folder: Path, n_iterations: int) -> dict:
    """CPU seconds of a fit."""
    from models.retrieval.ials import Ials
    from models.retrieval.ials_config import IalsConfig
    from models.retrieval.interactions import Interactions

    train = Interactions.load(folder / "train")
    model = Ials(IalsConfig(n_iterations=n_iterations))
    ends: list[float] = []
    began = time.process_time()
    report = model.fit(train, progress=lambda *_: ends.append(time.process_time()))
    ended = time.process_time()
    (folder / ITEM_VECTORS).mkdir(exist_ok=True)
    model.save(folder / ITEM_VECTORS)
    return {
        "events": len(train.items),
        "iterations": n_iterations,
        "fit_cpu_s": round(ended - began, 1),
        "us_an_event": round((ended - began) / len(train.items) * 1e6, 2),
        "iterations_after_the_first_cpu_s": np.diff(ends).round(1).tolist(),
        "estimated_gib": round(report.memory / 2**30, 2),
    }


def evaluate(folder: Path, n_users: int) -> dict:
    """CPU seconds to rank the whole catalogue for some users, beside what popularity reaches for a few of them."""
    from models.retrieval.ials import Ials
    from models.retrieval.interactions import Interactions
    from models.retrieval.popularity import Popularity, PopularityConfig
    from models.training.validation import Validation

    train, later = (Interactions.load(folder / part) for part in ("train", "later"))
    model = Ials.load(folder / ITEM_VECTORS)
    began = time.process_time()
    validation = Validation(train, later, n_users=n_users)
    prepared = time.process_time()
    ndcg = validation.ndcg(model)
    ranked = time.process_time()
    few = Validation(train, later, n_users=2_000)
    popular = Popularity(PopularityConfig())
    popular.fit(train)
    return {
        "users": len(validation.users),
        "prepare_cpu_s": round(prepared - began, 1),
        "rank_cpu_s": round(ranked - prepared, 1),
        "ms_a_user": round((ranked - prepared) / len(validation.users) * 1e3, 3),
        "ndcg_at_10": round(ndcg, 4),
        "popularity_ndcg_at_10_of_2000": round(few.ndcg(popular), 4),
    }


def main() -> None:
    """One command, one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["simulate", "sasrec", "ials", "evaluate"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("millions", type=int, nargs="?", default=100)
    parser.add_argument("--iterations", type=int, default=1)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--users", type=int, default=200_000)
    given = parser.parse_args()
    began = time.process_time()
    if given.what == "simulate":
        found = simulate(given.folder, given.millions * 1_000_000 // EVENTS_PER_USER)
    elif given.what == "sasrec":
        found = sasrec(given.folder, given.whole)
    elif given.what == "ials":
        found = ials(given.folder, given.iterations)
    else:
        found = evaluate(given.folder, given.users)
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    print(json.dumps({"what": given.what, **found, "cpu_s": round(time.process_time() - began, 1), "peak_gib": peak}))


if __name__ == "__main__":
    main()
