import dagster as dg
import numpy as np
import pytest

from assets.embeddings.retrievers import Trained, check, curve, metrics
from models.retrieval.contract import FitReport

ONES, ZEROS, NOBODY = np.ones(30), np.zeros(30), np.empty(0)
NOISE = np.random.default_rng(0).normal(0.5, 0.1, 30)


@pytest.mark.parametrize(
    ("score", "baseline", "passed"),
    [
        (ZEROS, ONES, False),
        (ONES, ZEROS, True),
        (ONES, ONES, True),
        (NOISE, NOISE[::-1], True),
        (NOISE - 0.3, NOISE, False),
        (NOBODY, NOBODY, True),
    ],
)
def test_a_retriever_fails_only_where_the_baseline_is_surely_better(score, baseline, passed):
    result = check(Trained(None, None, FitReport(), score, baseline), "a_check", "block")
    assert result.passed == passed
    assert result.severity == dg.AssetCheckSeverity.ERROR


def test_a_weak_retriever_can_be_a_mere_warning():
    result = check(Trained(None, None, FitReport(), ZEROS, ONES), "a_check", "warn")
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)


def test_without_validation_users_there_is_no_number():
    assert set(metrics(Trained(None, None, FitReport(), NOBODY, NOBODY))) == {
        "n_validation_users",
        "fit_seconds",
    }
    assert metrics(Trained(None, None, FitReport(best_epoch=3), NOBODY, NOBODY, "2025-09-17")).keys() == {
        "n_validation_users",
        "best_epoch",
        "continues_the_model_of",
        "fit_seconds",
    }
    assert metrics(Trained(None, None, FitReport(memory=3 * 2**19), NOBODY, NOBODY))["estimated_memory_mib"] == 1.5
    assert curve("ease", FitReport()) == {}
