import numpy as np
import pytest

from models.profiles.quality.measure import mean_of, share_of


def test_a_share_has_wilsons_interval():
    found = share_of("s", np.array([True, False, False, False]))
    assert (found.metric, found.value, found.n) == ("s", 0.25, 4)
    assert found.ci_low == pytest.approx(0.0456, abs=1e-4) and found.ci_high == pytest.approx(0.6994, abs=1e-4)


def test_a_mean_lies_in_its_interval_and_one_value_has_none():
    found = mean_of("m", np.array([1.0, 2.0, 3.0, 6.0]))
    assert found.value == 3.0 and found.ci_low < 3.0 < found.ci_high and found.n == 4
    assert mean_of("m", np.array([2.0]))[1:4] == (2.0, 2.0, 2.0)


@pytest.mark.parametrize("measure", [share_of, mean_of])
def test_nothing_is_not_a_number(measure):
    found = measure("x", np.zeros(0))
    assert found.n == 0 and all(np.isnan(found[1:4]))
