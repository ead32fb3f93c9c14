import numpy as np
import polars as pl
import pytest

from models.ranking.rank_fusion import RankFusion, _Likelihood

SOURCES = ["good", "noise"]


def lists(n_lists: int = 400, n_candidates: int = 30, seed: int = 0) -> pl.DataFrame:
    """One item of a list is taken, with a probability that falls with its rank at `good`."""
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(n_lists):
        good, noise = generator.permutation(n_candidates) + 1, generator.permutation(n_candidates) + 1
        share = (1.0 + good) ** -1.5
        taken = generator.choice(n_candidates, p=share / share.sum())
        for item in range(n_candidates):
            rows.append((f"u{number % 200:03d}", number // 200, item, int(good[item]), int(noise[item]), item == taken))
    columns = ["user_id", "window", "item_id", "rank_good", "rank_noise", "gain"]
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(pl.col("gain").cast(pl.Float64))


def test_finds_the_weights_that_made_the_lists():
    fusion = RankFusion.fit(lists(), SOURCES)
    assert fusion.weights["good"] == pytest.approx(1.5, abs=0.15)
    assert fusion.weights["noise"] == pytest.approx(0.0, abs=0.15)
    assert fusion.missing_rank == 31


def test_an_item_that_a_source_did_not_offer_stands_behind_all_that_it_offered():
    fusion = RankFusion({"good": 2.0, "noise": 0.0}, missing_rank=31)
    frame = pl.DataFrame({"rank_good": [1, 30, None], "rank_noise": [None, None, 1]})
    assert fusion.score(frame) == pytest.approx([-2 * np.log(2), -2 * np.log(31), -2 * np.log(32)])


def test_the_same_user_in_two_windows_is_two_lists():
    one_window = lists().with_columns(pl.lit(0).alias("window"))
    merged = one_window.sort("user_id", maintain_order=True)
    assert RankFusion.fit(merged, SOURCES).weights != RankFusion.fit(lists(), SOURCES).weights


def test_derivatives_are_those_of_the_value():
    frame = lists(40)
    x = RankFusion(dict.fromkeys(SOURCES, 0.0), 31)._features(frame)
    lengths = np.full(40, 30)
    likelihood = _Likelihood(x, frame["gain"].to_numpy(), np.arange(40) * 30, lengths, l2=0.01)
    at, h = np.array([0.7, -0.3]), 1e-5
    gradient, second = likelihood.derivatives(at)
    for axis in np.eye(2):
        slope = (likelihood.value(at + h * axis) - likelihood.value(at - h * axis)) / (2 * h)
        assert gradient @ axis == pytest.approx(slope, rel=1e-5)
        bend = (likelihood.derivatives(at + h * axis)[0] - likelihood.derivatives(at - h * axis)[0]) / (2 * h)
        assert second @ axis == pytest.approx(bend, rel=1e-4)


def test_nothing_taken_means_no_preference():
    nothing = lists(10).with_columns(gain=pl.lit(0.0))
    assert RankFusion.fit(nothing, SOURCES).weights == pytest.approx({"good": 0.0, "noise": 0.0}, abs=1e-9)


def test_a_source_that_offered_nothing_counts_for_nothing():
    silent = lists(50).with_columns(rank_noise=pl.lit(None, dtype=pl.Int32))
    weights = RankFusion.fit(silent, SOURCES).weights
    assert weights["good"] > 1
    assert weights["noise"] == pytest.approx(0.0, abs=1e-6)
