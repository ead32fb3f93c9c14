"""What verdicts come to: who wins, how surely, and whether people's own choices agree."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.evaluation.intervals import bootstrap_intervals, paired_difference, wilson_interval

SCHEMA = pl.Schema(
    {
        "way": pl.String(),
        "model": pl.String(),
        "against": pl.String(),
        "n_users": pl.Int32(),
        "n_sure": pl.Int32(),
        "n_no_answer": pl.Int32(),
        "value": pl.Float64(),
        "ci_low": pl.Float64(),
        "ci_high": pl.Float64(),
        "p_value": pl.Float64(),
        "n_with_clicks": pl.Int32(),
        "agreement": pl.Float64(),
        "agreement_low": pl.Float64(),
        "agreement_high": pl.Float64(),
    }
)


def summarise(judgements: pl.DataFrame, n_resamples: int = 1000, seed: int = 0) -> pl.DataFrame:
    """One row per way of judging and pair of models (or per model, for ratings).

    Only sure verdicts count in `value`: the share of people whose list of `model` is the better one, ties half, or the
    mean rating. Its interval is a bootstrap by person, its p-value the sign-flip test of a share of one half; a rating
    has none. `agreement` is the share of sure, untied verdicts between two lists that say what the person's own later
    choices say, among people of whose choices one list holds more than the other: NDCG decides.

    Args:
        judgements: Rows `way, model, against, user_id, word, score, ndcg, ndcg_against`.
        n_resamples: Of the bootstrap, and sign flips.
        seed: Of both.

    Returns:
        Rows of `SCHEMA`, sorted.
    """
    rows = []
    for (way, model, against), group in judgements.group_by("way", "model", "against"):
        sure = group.filter(pl.col("score").is_not_null()).sort("user_id")["score"].to_numpy()
        value, low, high = float("nan"), float("nan"), float("nan")
        p_value = None
        if len(sure):
            value, low, high = bootstrap_intervals(sure[:, None], n_resamples, seed=seed)[0]
        if len(sure) and against is not None:
            p_value = paired_difference(sure, np.full(len(sure), 0.5), n_resamples, seed=seed).p_value
        clicked = _with_clicks(group)
        n_clicked = clicked.height
        agreed = wilson_interval(int(clicked["agrees"].sum()) / n_clicked if n_clicked else float("nan"), n_clicked)
        counts = group.height, len(sure), int((group["word"] == "no answer").sum())
        rows.append(
            (
                way,
                model,
                against,
                *counts,
                value,
                low,
                high,
                p_value,
                n_clicked,
                *agreed,
            )
        )
    frame = pl.DataFrame(rows, SCHEMA, orient="row").sort("way", "model", "against", nulls_last=True)
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None))


def _with_clicks(group: pl.DataFrame) -> pl.DataFrame:
    """Sure verdicts that take a side, of people whose choices do, and whether both are the same."""
    told = group.filter(pl.col("word").is_in(["win", "loss"]) & (pl.col("ndcg") != pl.col("ndcg_against")))
    return told.with_columns(agrees=(pl.col("word") == "win") == (pl.col("ndcg") > pl.col("ndcg_against")))
