import pytest

from models.training.schedule import share_of_learning_rate


@pytest.mark.parametrize(
    ("schedule", "through", "final_share", "expected"),
    [
        ("constant", 0.9, 0.1, 1.0),
        ("linear", 0.0, 0.1, 1.0),
        ("linear", 0.5, 0.2, 0.6),
        ("linear", 1.0, 0.1, 0.1),
        ("cosine", 0.0, 0.1, 1.0),
        ("cosine", 1 / 3, 0.0, 0.75),
        ("cosine", 0.5, 0.2, 0.6),
        ("cosine", 1.0, 0.1, 0.1),
    ],
)
def test_hand_worked(schedule, through, final_share, expected):
    assert share_of_learning_rate(schedule, through, final_share) == pytest.approx(expected)
