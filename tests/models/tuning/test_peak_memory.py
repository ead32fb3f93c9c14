import numpy as np
import pytest

from models.tuning import peak_memory
from models.tuning.peak_memory import PROCESS, PeakMemory


@pytest.mark.skipif(not (PROCESS / "clear_refs").exists(), reason="only Linux counts")
def test_counts_what_is_held_within_and_not_before():
    np.ones(40_000_000).sum()
    with PeakMemory() as small:
        pass
    with PeakMemory() as large:
        np.ones(20_000_000).sum()
    assert large.n_bytes - small.n_bytes > 100_000_000


def test_elsewhere_nothing_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(peak_memory, "PROCESS", tmp_path / "none")
    with PeakMemory() as peak:
        pass
    assert peak.n_bytes is None
