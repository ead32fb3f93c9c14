import hashlib

import polars as pl
import pytest

from models.ranking.dataset import dataset_counts, ranking_dataset, split_of_users

FEATURES = pl.DataFrame(
    {"user_id": ["v", "u", "u", "w", "w"], "item_id": ["a", "b", "a", "a", "c"], "rank_ease": [1, 2, 1, 1, 2]}
)
LABELS = pl.DataFrame(
    {
        "user_id": ["u", "u", "w", "x", "v"],
        "item_id": ["b", "b", "a", "a", "z"],
        "weight": [1.0, 5.0, 3.0, 5.0, 5.0],
    }
)


def test_gain_is_the_strongest_weight_in_the_window_and_else_zero():
    dataset = ranking_dataset(FEATURES, LABELS)
    assert dataset.select("user_id", "item_id", "gain").rows() == [
        ("u", "a", 0.0),
        ("u", "b", 5.0),
        ("w", "a", 3.0),
        ("w", "c", 0.0),
    ]


def test_users_without_a_positive_candidate_are_dropped_and_counted():
    dataset = ranking_dataset(FEATURES, LABELS, validation_share=0.0)
    assert dataset_counts(FEATURES, dataset) == {
        "n_users": 2,
        "n_users_dropped": 1,
        "n_users_validation": 0,
        "n_rows": 4,
        "n_positives": 2,
    }


def test_nothing_positive_gives_no_rows():
    dataset = ranking_dataset(FEATURES, LABELS.clear())
    assert dataset.is_empty()
    assert {"gain", "split"} <= set(dataset.columns)


def test_the_split_depends_on_the_id_alone():
    users = [f"u{number}" for number in range(2000)]
    split = split_of_users(users, 0.2)
    subset = split_of_users(users[::-7], 0.2)
    assert subset.join(split, on=["user_id", "split"], how="anti").is_empty()
    assert (split["split"] == "validation").mean() == pytest.approx(0.2, abs=0.03)
    assert not split_of_users(users, 0.2, seed=1).equals(split)


def test_the_split_is_this_hash_on_every_machine():
    number = int.from_bytes(hashlib.blake2b(b"u1", digest_size=8, salt=bytes(8)).digest(), "little") / 2**64
    assert split_of_users(["u1"], number)["split"].item() == "train"
    assert split_of_users(["u1"], number + 1e-9)["split"].item() == "validation"


def test_input_order_does_not_matter():
    assert ranking_dataset(FEATURES.reverse(), LABELS.reverse()).equals(ranking_dataset(FEATURES, LABELS))


def test_a_share_outside_zero_to_one_is_refused():
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        ranking_dataset(FEATURES, LABELS, validation_share=1.0)
