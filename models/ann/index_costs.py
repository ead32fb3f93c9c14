"""What an index takes: processor seconds to build, bytes, processor time of a query; and what a larger one would."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from models.ann.config import GRAPHS, AnnIndexConfig
from models.ann.faiss_index import empty_index, train
from models.ann.index import AnnIndex
from models.ann.index_bytes import expected_bytes
from models.ann.metric import prepared
from models.training.threads import faiss_threads

N_SAMPLED = 20_000
LEAST_ROUNDS, LEAST_SECONDS = 3, 0.03


class BuildCost(NamedTuple):
    """Processor seconds and bytes of an index."""

    seconds: float
    n_bytes: int


def estimated_cost(vectors: np.ndarray, config: AnnIndexConfig) -> BuildCost:
    """What an index over many vectors would take, from one over 20,000 of them.

    Learning clusters grows with the vectors they are learned from, adding with all vectors, and for a graph also with
    their logarithm; what a processor's cache holds of the sample and not of the whole comes on top of that.

    Args:
        vectors: `[n, embedding_size]` float32.
        config: Which index, and how.
    """
    n, size = vectors.shape
    rows = np.unique(np.linspace(0, n - 1, min(N_SAMPLED, n)).astype(np.int64))
    sample, m = prepared(vectors[rows], config.metric), len(rows)
    with faiss_threads(1):
        index = empty_index(size, m, config)
        began = time.process_time()
        train(index, sample)
        trained = time.process_time()
        index.add(sample)
        added = time.process_time()
    most_trained = config.ivf_clusters * config.ivf_training_vectors
    training = (trained - began) * min(n, most_trained) / min(m, most_trained)
    adding = (added - trained) * n / m * (np.log(n) / np.log(m) if config.kind in GRAPHS else 1)
    return BuildCost(float(training + adding), expected_bytes(n, size, config))


def cpu_microseconds(index: AnnIndex, queries: np.ndarray, k: int) -> float:
    """Processor time of one query where all are searched at once: the fastest of at least three rounds.

    Args:
        index: What is searched, with its config's threads.
        queries: `[n, embedding_size]` float32.
        k: List length.
    """
    rounds: list[float] = []
    while len(rounds) < LEAST_ROUNDS or sum(rounds) < LEAST_SECONDS:
        began = time.process_time()
        index.search(queries, k)
        rounds.append(time.process_time() - began)
    return 1e6 * min(rounds) / len(queries)
