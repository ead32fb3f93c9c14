"""Measure the evaluation: `python benchmarks/evaluation.py [--users 1000000]`.

Each number in a process of its own, on synthetic lists of 100 items for a catalogue of 50,000 with string ids, of whose
users each took 1 to 9 items: NDCG, recall, MRR and MAP at 10 for 100,000 users, from the table of recommendations to
the four numbers, the best of seven runs, beside ranx (already compiled) where it is installed; then all ranking metrics
at five cut-offs for a million users, and 1,000 bootstrap resamples of their 30 columns. CPU seconds are those of all
threads; peak memory is that of the process and so includes the lists themselves.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import polars as pl
import psutil
from measuring import ROOT

from models.evaluation.intervals import bootstrap_intervals
from models.evaluation.metrics import per_user_table

LIST_LENGTH, ITEMS, MOST_TAKEN = 100, 50_000, 9
KS = [5, 10, 20, 50, 100]
FOUR = ["ndcg@10", "recall@10", "mrr@10", "map@10"]
PROMISES = {"four": 0.4, "resamples": 20.0}
Result = TypeVar("Result")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=1_000_000, help="Users of the second and third measurement.")
    parser.add_argument("--part", choices=["four", "ranx", "all", "resamples"], help="Only this one, in this process.")
    given = parser.parse_args()
    if given.part:
        {"four": four, "ranx": ranx_four, "all": all_metrics, "resamples": resamples}[given.part](given.users)
        return
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    for part in ("four", "ranx", "all", "resamples"):
        command = [sys.executable, __file__, "--part", part, "--users", str(given.users)]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)


def four(_: int) -> None:
    """Four metrics at 10 of 100,000 users."""
    lists, truth = shop(100_000)

    def run() -> list[float]:
        return [float(value) for value in per_user_table(lists, truth, [10]).select(pl.mean(*FOUR)).row(0)]

    seconds, values = min(measured(run) for _ in range(7))
    report("four metrics at 10, 100,000 users", seconds, PROMISES["four"])
    print("  " + ", ".join(f"{name} {value:.9f}" for name, value in zip(FOUR, values, strict=True)))


def ranx_four(_: int) -> None:
    """The same by ranx, whose own dictionaries are made outside the measured time."""
    try:
        from ranx import Qrels, Run, evaluate
    except ImportError:
        print("ranx is not installed: pip install -c constraints.txt '.[dev]'")
        return
    lists, truth = shop(100_000)
    ranked = lists.with_columns(score=-pl.col("rank").cast(pl.Float64)).to_pandas()
    run = Run.from_df(ranked, q_id_col="user_id", doc_id_col="item_id", score_col="score")
    relevant = truth.with_columns(score=pl.lit(1, pl.Int64)).to_pandas()
    qrels = Qrels.from_df(relevant, q_id_col="user_id", doc_id_col="item_id", score_col="score")
    run_metrics = lambda: evaluate(qrels, run, FOUR, make_comparable=True)  # noqa: E731
    seconds, values = min((measured(run_metrics) for _ in range(3)), key=lambda found: found[0])
    report("  ranx, without making its dictionaries", seconds)
    print("  " + ", ".join(f"{name} {value:.9f}" for name, value in values.items()))


def all_metrics(n_users: int) -> None:
    """Every ranking metric at five cut-offs."""
    lists, truth = shop(n_users)
    before = psutil.Process().memory_info().rss / 2**30
    seconds, table = measured(lambda: per_user_table(lists, truth, KS))
    report(f"{table.width - 1} columns of {len(table):,} users", seconds)
    print(f"  peak {peak():.2f} GiB, of which {before:.2f} were there before", flush=True)


def resamples(n_users: int) -> None:
    """1,000 bootstrap resamples of 30 columns."""
    generator = np.random.default_rng(0)
    values = generator.random((n_users, 30)) * (generator.random((n_users, 1)) < 0.3)
    seconds, _ = measured(lambda: bootstrap_intervals(values, 1000))
    report(f"1,000 resamples of {n_users:,} users", seconds, PROMISES["resamples"])
    print(f"  peak {peak():.2f} GiB, of which the values are {values.nbytes / 2**30:.2f}", flush=True)


def shop(n_users: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lists and truth; a third of the taken items stands somewhere on the user's list."""
    generator = np.random.default_rng(0)
    users = pl.Series([f"u{number:07d}" for number in range(n_users)])
    items = pl.Series([f"i{number:05d}" for number in range(ITEMS)])
    first = generator.integers(ITEMS, size=n_users)
    places = np.arange(LIST_LENGTH, dtype=np.int32)
    lists = pl.DataFrame(
        {
            "user_id": users.gather(np.repeat(np.arange(n_users), LIST_LENGTH)),
            "rank": np.tile(places + 1, n_users),
            "item_id": items.gather(((first[:, None] + 487 * places) % ITEMS).ravel()),
        }
    )
    taker = np.repeat(np.arange(n_users), generator.integers(1, MOST_TAKEN + 1, size=n_users))
    listed = (first[taker] + 487 * generator.integers(LIST_LENGTH, size=len(taker))) % ITEMS
    other = generator.integers(ITEMS, size=len(taker))
    taken = np.where(generator.random(len(taker)) < 1 / 3, listed, other)
    truth = pl.DataFrame({"user_id": users.gather(taker), "item_id": items.gather(taken)})
    return lists, truth.unique().sort("user_id", "item_id")


def measured(run: Callable[[], Result]) -> tuple[float, Result]:
    """CPU seconds of all threads, and what came of it."""
    before = time.process_time()
    result = run()
    return time.process_time() - before, result


def peak() -> float:
    """The most memory this process had resident, GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def report(name: str, seconds: float, promise: float | None = None) -> None:
    """One line."""
    print(f"{name:<40}{seconds:8.2f} CPU s" + (f"   promised at most {promise}" if promise else ""), flush=True)


if __name__ == "__main__":
    main()
