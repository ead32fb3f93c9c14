import numpy as np
import polars as pl
import pytest

from models.evaluation.judging.summary import SCHEMA, summarise

SCORES = {"win": 1.0, "loss": 0.0, "tie": 0.5}


def judged(words: list[str], ndcg: list[float] | None = None, against: list[float] | None = None) -> pl.DataFrame:
    n = len(words)
    return pl.DataFrame(
        {
            "way": ["pairwise"] * n,
            "model": ["recommendations"] * n,
            "against": ["popularity"] * n,
            "user_id": [f"u{number:03}" for number in range(n)],
            "word": words,
            "score": [SCORES.get(word) for word in words],
            "ndcg": ndcg or [0.0] * n,
            "ndcg_against": against or [0.0] * n,
        },
        schema_overrides={"score": pl.Float64},
    )


def test_by_hand():
    """Five wins, two losses, a tie: 5.5 of 8; of four with clicks, three agree."""
    words = ["win"] * 5 + ["loss"] * 2 + ["tie", "unsure", "no answer"]
    ours = [1.0, 1.0, 0.0, 0.5, 0.5, 0.0, 0.5, 1.0, 1.0, 1.0]
    theirs = [0.0, 0.0, 1.0, 0.5, 0.5, 1.0, 0.5, 0.0, 0.0, 0.0]
    frame = summarise(judged(words, ours, theirs))
    assert frame.schema == SCHEMA
    row = frame.row(0, named=True)
    assert (row["n_users"], row["n_sure"], row["n_no_answer"]) == (10, 8, 1)
    assert row["value"] == pytest.approx(5.5 / 8) and row["ci_low"] < row["value"] < row["ci_high"]
    assert (row["n_with_clicks"], row["agreement"]) == (4, pytest.approx(3 / 4))


def test_a_coin_is_not_better_and_a_sure_win_is():
    random = np.random.default_rng(0)
    coin = summarise(judged(["win" if toss else "loss" for toss in random.random(200) < 0.5]))
    assert coin["p_value"][0] > 0.05 and coin["ci_low"][0] < 0.5 < coin["ci_high"][0]
    sure = summarise(judged(["win"] * 80 + ["loss"] * 20))
    assert sure["p_value"][0] < 0.01 and sure["ci_low"][0] > 0.5


def test_without_a_sure_verdict_nothing_is_said():
    row = summarise(judged(["unsure", "no answer"])).row(0, named=True)
    assert (row["n_sure"], row["value"], row["p_value"], row["agreement"]) == (0, None, None, None)


def test_ratings_have_a_mean_and_no_p_value():
    frame = judged(["tie", "tie", "unsure"]).with_columns(
        way=pl.lit("pointwise"), against=pl.lit(None, pl.Utf8), score=pl.Series([4.0, 3.0, None])
    )
    row = summarise(frame).row(0, named=True)
    assert (row["value"], row["p_value"], row["n_with_clicks"]) == (3.5, None, 0)


def test_no_rows():
    assert summarise(judged([])).is_empty()
