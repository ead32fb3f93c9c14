import numpy as np
import polars as pl
import pytest

from models.evaluation.comparisons import COMPARISONS_SCHEMA, compare_models, compare_users, holm, mean_intervals
from models.evaluation.intervals import bootstrap_intervals


@pytest.mark.parametrize(
    ("given", "adjusted"),
    [
        ([], []),
        ([0.04], [0.04]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),  # 3 * .01; 2 * .03; 1 * .04 stays at .06
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.02, 0.02], [0.04, 0.04]),
    ],
)
def test_holm_by_hand(given, adjusted):
    assert holm(given) == pytest.approx(adjusted)


@pytest.mark.parametrize("wrong", [[-0.1], [1.1], [float("nan")]])
def test_holm_refuses_what_is_no_p_value(wrong):
    with pytest.raises(ValueError, match="p-values are in"):
        holm(wrong)


def test_holm_keeps_the_chance_of_any_false_alarm():
    """Of 2,000 families of 10 comparisons without a difference, at most 5 % (and chance) hold an adjusted p below .05."""
    random = np.random.default_rng(0)
    alarms = np.mean([holm(random.uniform(size=10)).min() < 0.05 for _ in range(2000)])
    assert alarms < 0.065
    assert np.mean([random.uniform(size=10).min() < 0.05 for _ in range(2000)]) > 0.3, "unadjusted there are many"


def test_a_comparison_by_hand():
    a, b = np.array([1.0, 0.5, 0.5, 0.0]), np.array([0.5, 0.5, 0.0, 0.0])
    found = compare_users(a, b)
    assert (found.value, found.value_against, found.difference, found.n_users) == (0.5, 0.25, 0.25, 4)
    spread = np.sqrt((0.25**2 * 4) / 3)  # the differences are 1/2, 0, 1/2, 0
    assert found.effect_size == pytest.approx(0.25 / spread)
    assert found.smallest_detectable == pytest.approx((1.959964 + 0.841621) * spread / 2, rel=1e-5)


def test_what_has_no_spread_has_no_effect_size():
    same = compare_users(np.ones(3), np.ones(3))
    assert (same.difference, same.effect_size, same.smallest_detectable, same.p_value) == (0, None, 0, 1)
    one = compare_users(np.ones(1), np.zeros(1))
    assert (one.difference, one.effect_size, one.smallest_detectable) == (1, None, None)


def test_a_difference_of_the_smallest_detectable_is_found_four_times_in_five():
    random = np.random.default_rng(1)
    n_users, spread = 200, 0.3
    true = (1.959964 + 0.841621) * spread / np.sqrt(n_users)
    found = [
        compare_users(random.normal(true, spread, n_users), np.zeros(n_users), 400, seed=run).p_value < 0.05
        for run in range(300)
    ]
    assert 0.72 < np.mean(found) < 0.88


def values(**models: list[float]) -> dict[str, pl.DataFrame]:
    rows = {
        model: [(f"u{n}", metric, 5, value) for metric in ("ndcg", "recall") for n, value in enumerate(column)]
        for model, column in models.items()
    }
    schema = {"user_id": pl.Utf8, "metric": pl.Utf8, "k": pl.Int32, "value": pl.Float64}
    return {model: pl.DataFrame(found, schema=schema, orient="row") for model, found in rows.items()}


def test_pairs_of_one_metric_and_k_are_one_family():
    random = np.random.default_rng(2)
    base = random.uniform(size=60)
    given = values(ours=list(base + 0.05), same=list(base), noise=list(random.permutation(base)))
    found = compare_models(given, [("ours", "same"), ("ours", "noise")], ["ndcg"])
    assert dict(found.schema) == dict(COMPARISONS_SCHEMA)
    assert found.select("model", "against", "metric").rows() == [("ours", "noise", "ndcg"), ("ours", "same", "ndcg")]
    assert found["p_adjusted"].to_list() == pytest.approx(list(holm(found["p_value"].to_list())))
    sure = found.filter(pl.col("against") == "same").row(0, named=True)
    assert sure["ci_low"] == pytest.approx(0.05) and sure["p_adjusted"] == pytest.approx(2 / 1001)


def test_other_users_cannot_be_compared():
    given = values(a=[1.0, 0.0], b=[1.0, 0.0])
    given["b"] = given["b"].with_columns(user_id=pl.lit("x") + pl.col("user_id"))
    with pytest.raises(ValueError, match="a and b have values of different users"):
        compare_models(given, [("a", "b")], ["ndcg"])


def test_nothing_to_compare():
    assert compare_models({}, [], ["ndcg"]).is_empty()


def test_means_have_the_intervals_that_they_have_alone():
    def rows(values):
        return pl.DataFrame({"user_id": ["a", "b", "c"], "metric": "ndcg", "k": 5, "value": values})

    given = {"B": rows([0.0, 0.5, 1.0]), "A": rows([0.2, 0.2, 0.2])}
    found = mean_intervals(given, n_resamples=200)
    assert found.select("model", "metric", "k", "n_users").rows() == [("A", "ndcg", 5, 3), ("B", "ndcg", 5, 3)]
    a, b = found.select("value", "ci_low", "ci_high").rows()
    assert a == pytest.approx((0.2, 0.2, 0.2))
    assert b == tuple(bootstrap_intervals(np.array([[0.0], [0.5], [1.0]]), 200)[0])
    shuffled = {name: frame.reverse() for name, frame in given.items()}
    assert mean_intervals(shuffled, n_resamples=200).equals(found)
