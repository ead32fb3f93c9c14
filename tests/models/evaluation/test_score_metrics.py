from math import isnan, log

import numpy as np
import pytest
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.metrics import roc_auc_score

from models.evaluation.score_metrics import auc, calibration_error, grouped_auc, log_loss


def naive_auc(labels, scores):
    wins = pairs = 0
    for y, s in zip(labels, scores, strict=True):
        for z, t in zip(labels, scores, strict=True):
            if y == 1 and z == 0:
                pairs += 1
                wins += 1 if s > t else 0.5 if s == t else 0
    return wins / pairs if pairs else float("nan")


def naive_ece(labels, probabilities, n_bins):
    total = 0.0
    for b in range(n_bins):
        members = [(y, p) for y, p in zip(labels, probabilities, strict=True) if min(int(p * n_bins), n_bins - 1) == b]
        if members:
            happened, said = (sum(column) / len(members) for column in zip(*members, strict=True))
            total += len(members) / len(labels) * abs(happened - said)
    return total


@pytest.mark.parametrize(
    ("labels", "scores", "expected"),
    [
        ([0, 1], [0.1, 0.9], 1),
        ([1, 0], [0.1, 0.9], 0),
        ([1, 0, 1], [0.5, 0.5, 0.5], 1 / 2),
        # Pairs of positives {4, 2} and negatives {3, 2, 1}: 3 wins, then 1 win and 1 tie.
        ([1, 0, 1, 0, 0], [4, 3, 2, 2, 1], 4.5 / 6),
    ],
)
def test_auc_by_hand(labels, scores, expected):
    assert auc(np.array(labels), np.array(scores)) == pytest.approx(expected)


def test_auc_agrees_with_pairs_and_with_sklearn():
    generator = np.random.default_rng(0)
    for n in (2, 5, 40, 200):
        labels = np.r_[0, 1, generator.integers(2, size=n - 2)]
        scores = generator.integers(8, size=n) / 8
        assert auc(labels, scores) == pytest.approx(naive_auc(labels, scores))
        assert auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
        assert auc(labels == 1, np.exp(scores)) == pytest.approx(auc(labels, scores))


@pytest.mark.parametrize("labels", [[], [1], [0, 0]])
def test_auc_of_one_class_is_nan(labels):
    assert isnan(auc(np.array(labels), np.arange(len(labels))))


def test_grouped_auc_by_hand():
    # u: 1 of 2 pairs, 3 impressions; v: 1, 2 impressions; w and x have one class.
    users = np.array(["u", "v", "u", "w", "u", "v", "x"])
    labels = np.array([1, 1, 0, 1, 0, 0, 0])
    scores = np.array([2, 9, 1, 5, 3, 8, 7])
    found = grouped_auc(users, labels, scores)
    assert found == (pytest.approx((1 / 2 * 3 + 1 * 2) / 5), 2, 2)
    alone = grouped_auc(users[users == "u"], labels[users == "u"], scores[users == "u"])
    assert alone == (1 / 2, 1, 0)
    assert isnan(grouped_auc(np.array(["w"]), np.array([1]), np.array([5])).value)
    assert isnan(grouped_auc(np.array([]), np.array([]), np.array([])).value)


def test_grouped_auc_agrees_with_a_loop_and_ignores_levels():
    generator = np.random.default_rng(1)
    users, labels = generator.integers(30, size=400), generator.integers(2, size=400)
    scores = generator.integers(5, size=400).astype(float)
    values = {user: naive_auc(labels[users == user], scores[users == user]) for user in set(users)}
    weighed = [((users == user).sum(), value) for user, value in values.items() if not isnan(value)]
    expected = sum(n * value for n, value in weighed) / sum(n for n, _ in weighed)
    assert grouped_auc(users, labels, scores).value == pytest.approx(expected)
    assert grouped_auc(users, labels, scores + 100 * users).value == pytest.approx(expected)


def test_log_loss():
    labels, probabilities = np.array([1, 0, 1]), np.array([1 / 2, 1 / 4, 1])
    assert log_loss(labels, probabilities) == pytest.approx((log(2) + log(4 / 3)) / 3)
    assert log_loss(np.array([1]), np.array([0.0]), clip=1e-3) == pytest.approx(log(1000))
    generator = np.random.default_rng(2)
    labels, probabilities = generator.integers(2, size=50), generator.random(50)
    naive = -sum(log(p) if y else log(1 - p) for y, p in zip(labels, probabilities, strict=True)) / 50
    assert log_loss(labels, probabilities) == pytest.approx(naive)
    assert log_loss(labels, probabilities) == pytest.approx(sklearn_log_loss(labels, probabilities))
    assert isnan(log_loss(np.array([]), np.array([])))


def test_calibration_error_by_hand():
    labels, probabilities = np.array([0, 1, 1, 1]), np.array([0.1, 0.3, 0.6, 1.0])
    # Two bins: {0.1, 0.3} said 0.2 and had 1/2; {0.6, 1} said 0.8 and had 1.
    assert calibration_error(labels, probabilities, 2) == pytest.approx(2 / 4 * 0.3 + 2 / 4 * 0.2)
    assert calibration_error(labels, probabilities, 1) == pytest.approx(3 / 4 - 2 / 4)
    # 0.5 belongs to the upper of two bins.
    assert calibration_error(np.array([1, 0]), np.array([0.5, 0.4]), 2) == pytest.approx((0.5 + 0.4) / 2)
    # Equal mass parts what equal width holds together.
    low = np.array([0.01, 0.02, 0.03, 0.04])
    assert calibration_error(np.array([0, 0, 1, 1]), low, 2) == pytest.approx(2 / 4 - 0.1 / 4)
    mass = calibration_error(np.array([0, 0, 1, 1]), low, 2, equal_mass=True)
    assert mass == pytest.approx(2 / 4 * 0.015 + 2 / 4 * (1 - 0.035))
    assert isnan(calibration_error(np.array([]), np.array([])))


def test_calibration_error_agrees_with_a_loop():
    generator = np.random.default_rng(3)
    labels, probabilities = generator.integers(2, size=300), generator.random(300)
    for n_bins in (1, 7, 10, 400):
        found = calibration_error(labels, probabilities, n_bins)
        assert found == pytest.approx(naive_ece(labels, probabilities, n_bins))
    order = np.argsort(probabilities)
    parts = np.array_split(order, 4)
    expected = sum(len(p) / 300 * abs(labels[p].mean() - probabilities[p].mean()) for p in parts)
    assert calibration_error(labels, probabilities, 4, equal_mass=True) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: auc(np.array([0, 1]), np.array([0.5, np.nan])), "1 of 2 scores are NaN"),
        (lambda: auc(np.array([0, 2]), np.array([0, 1])), "labels are 0 or 1"),
        (lambda: auc(np.array([0, 1]), np.array([0])), "shape"),
        (lambda: grouped_auc(np.array(["u"]), np.array([0, 1]), np.array([0, 1])), "1 users"),
        (lambda: log_loss(np.array([0, 1]), np.array([0, 1.5])), r"in \[0, 1\], found 0 to 1.5"),
        (lambda: log_loss(np.array([0, 1]), np.array([0, 1]), clip=0), "clip"),
        (lambda: calibration_error(np.array([0, 1]), np.array([-1, 1])), "sigmoid"),
        (lambda: calibration_error(np.array([0, 1]), np.array([0, 1]), 0), "n_bins"),
    ],
)
def test_what_has_no_meaning_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
