"""The ranker's training set: candidate features at the cut of each label window, labelled with what followed."""

from __future__ import annotations

import hashlib

import polars as pl


def ranking_dataset(
    features_frame: pl.DataFrame,
    labels_frame: pl.DataFrame,
    window: int = 0,
    validation_share: float = 0.2,
    seed: int = 0,
) -> pl.DataFrame:
    """Label the candidates of one window and split their users.

    Only users with at least one positive candidate are kept, as the others say nothing about order;
    `dataset_counts` tells how many were dropped. The label's gain is the strongest event weight of the pair in the
    window, 0 without an interaction.

    Args:
        features_frame: What `candidate_features` returned for the cut day.
        labels_frame: Interactions of the window after the cut: rows `user_id, item_id, weight`.
        window: Number of the window; windows are concatenated.
        validation_share: Share of users whose rows are for validation, in [0, 1).
        seed: Another seed splits the users otherwise.

    Returns:
        The features' columns with `gain` f64, `window` i32 and `split` (`train` or `validation`), sorted by user and
        item, so that a user's rows are contiguous. A user's split depends on the id and the seed alone, so it is the
        same in every window.

    Raises:
        ValueError: `validation_share` is outside [0, 1).
    """
    if not 0 <= validation_share < 1:
        raise ValueError(f"validation_share is in [0, 1), found {validation_share}")
    gains = labels_frame.group_by("user_id", "item_id").agg(pl.col("weight").max().cast(pl.Float64).alias("gain"))
    labelled = features_frame.join(gains, on=["user_id", "item_id"], how="left").with_columns(
        pl.col("gain").fill_null(0.0)
    )
    kept = labelled.filter((pl.col("gain") > 0).any().over("user_id")).sort("user_id", "item_id")
    splits = split_of_users(kept["user_id"].unique().to_list(), validation_share, seed)
    split = kept.join(splits, on="user_id", how="left", maintain_order="left")
    return split.with_columns(pl.lit(window, dtype=pl.Int32).alias("window"))


def split_of_users(user_ids: list[str], validation_share: float, seed: int = 0) -> pl.DataFrame:
    """Rows `user_id, split`: `validation` where the user's hash, a number in [0, 1), is below the share."""
    in_validation = [_unit_hash(user_id, seed) < validation_share for user_id in user_ids]
    return pl.DataFrame(
        {"user_id": user_ids, "split": ["validation" if chosen else "train" for chosen in in_validation]},
        schema={"user_id": pl.String, "split": pl.String},
    )


def dataset_counts(features_frame: pl.DataFrame, dataset: pl.DataFrame) -> dict[str, int]:
    """What became of the candidates: users kept, dropped for want of a positive, and rows by kind."""
    n_users = dataset["user_id"].n_unique()
    validation = dataset.filter(pl.col("split") == "validation")
    return {
        "n_users": n_users,
        "n_users_dropped": features_frame["user_id"].n_unique() - n_users,
        "n_users_validation": validation["user_id"].n_unique(),
        "n_rows": len(dataset),
        "n_positives": int((dataset["gain"] > 0).sum()),
    }


def _unit_hash(user_id: str, seed: int) -> float:
    digest = hashlib.blake2b(user_id.encode(), digest_size=8, salt=seed.to_bytes(8, "little", signed=True)).digest()
    return int.from_bytes(digest, "little") / 2**64
