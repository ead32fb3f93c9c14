import numpy as np
import pytest


@pytest.fixture(scope="session")
def vectors():
    """Clustered, and of very different lengths: the hard case for inner products."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(20, 16))
    points = centres[rng.integers(20, size=2_000)] + 0.5 * rng.normal(size=(2_000, 16))
    return (points * rng.lognormal(sigma=0.5, size=(2_000, 1))).astype(np.float32)


@pytest.fixture(scope="session")
def queries():
    return np.random.default_rng(1).normal(size=(100, 16)).astype(np.float32)
