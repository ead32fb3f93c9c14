import pytest

from assets.display import interval_text, rounded


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0731500563026903, 0.07315), (1.0, 1.0), (0.0, 0.0), (123.456, 123.5), (-0.000123456, -0.0001235)],
)
def test_four_significant_digits(value, shown):
    assert rounded(value) == shown


def test_an_interval_is_words():
    assert interval_text(0.06777781014, 0.07899610874) == "0.06778 to 0.079"
    assert interval_text(-0.01, 5) == "-0.01 to 5"
    assert interval_text(None, 0.5) == "unknown"
