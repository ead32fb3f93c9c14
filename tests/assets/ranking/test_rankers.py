import numpy as np
import pytest

from assets.ranking.rankers import check

ONES, ZEROS = np.ones(30), np.zeros(30)


@pytest.mark.parametrize(
    ("ours", "best", "passed"),
    [
        (ZEROS, ONES, False),
        (ONES, ZEROS, True),
        (ONES, ONES, True),
        (np.empty(0), np.empty(0), True),
        (ZEROS[:29], ONES[:29], True),
    ],
)
def test_a_ranker_fails_only_where_a_source_is_surely_better(ours, best, passed):
    assert check("a_check", ours, best, "ease").passed == passed
