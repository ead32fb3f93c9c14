from math import log2

import numpy as np
import polars as pl
import pytest

from models.evaluation.metrics import METRICS, ideal_dcg, per_user_metrics, per_user_r_precision, per_user_table


def ranked(**lists: list[str]) -> pl.DataFrame:
    rows = [(user, place, item) for user, items in lists.items() for place, item in enumerate(items, 1)]
    return pl.DataFrame(rows, schema={"user_id": pl.String, "rank": pl.Int32, "item_id": pl.String}, orient="row")


def taken(**items: list[str]) -> pl.DataFrame:
    rows = [(user, item) for user, chosen in items.items() for item in chosen]
    return pl.DataFrame(rows, schema={"user_id": pl.String, "item_id": pl.String}, orient="row")


def values(frame: pl.DataFrame, k: int, user: str = "u") -> dict[str, float]:
    return dict(frame.filter((pl.col("k") == k) & (pl.col("user_id") == user)).select("metric", "value").iter_rows())


def naive(items: list[str], truth: set[str], k: int) -> dict[str, float]:
    """The definitions, one loop each."""
    top = items[:k]
    hits = [1 if item in truth else 0 for item in top]
    dcg = sum(hit / log2(place + 1) for place, hit in enumerate(hits, 1))
    ideal = sum(1 / log2(place + 1) for place in range(1, min(k, len(truth)) + 1))
    precision_at = [sum(hits[:place]) / place for place in range(1, len(hits) + 1)]
    return {
        "ndcg": dcg / ideal,
        "recall": sum(hits) / len(truth),
        "precision": sum(hits) / k,
        "mrr": next((1 / place for place, hit in enumerate(hits, 1) if hit), 0.0),
        "map": sum(p for p, hit in zip(precision_at, hits, strict=True) if hit) / min(k, len(truth)),
        "hit_rate": float(any(hits)),
    }


def test_hand_worked():
    # Hits at ranks 2 and 4, three relevant items, k = 4.
    found = values(per_user_metrics(ranked(u=["x", "a", "y", "b"]), taken(u=["a", "b", "c"]), [4]), 4)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["precision"] == pytest.approx(2 / 4)
    assert found["mrr"] == pytest.approx(1 / 2)
    assert found["map"] == pytest.approx((1 / 2 + 2 / 4) / 3)
    assert found["hit_rate"] == 1
    assert found["ndcg"] == pytest.approx((1 / log2(3) + 1 / log2(5)) / (1 + 1 / log2(3) + 1 / 2))


@pytest.mark.parametrize(
    ("items", "truth", "k", "ndcg"),
    [
        (["a"], ["a"], 10, 1),
        (["a", "b"], ["a", "b", "c", "d"], 2, 1),
        (["x", "a"], ["a"], 2, 1 / log2(3)),
        (["x", "y"], ["a"], 2, 0),
        (["a", "x"], ["a", "b"], 2, 1 / (1 + 1 / log2(3))),
    ],
    ids=["one of one", "more relevant than k", "second place", "no hit", "half"],
)
def test_ndcg_by_hand(items, truth, k, ndcg):
    assert values(per_user_metrics(ranked(u=items), taken(u=truth), [k]), k)["ndcg"] == pytest.approx(ndcg)


def test_a_short_list_scores_as_if_filled_with_misses():
    short = per_user_metrics(ranked(u=["a"]), taken(u=["a", "b"]), [5])
    filled = per_user_metrics(ranked(u=["a", "w", "x", "y", "z"]), taken(u=["a", "b"]), [5])
    assert short.equals(filled)
    assert values(short, 5)["precision"] == pytest.approx(1 / 5)


def test_a_user_without_a_list_counts_zero_and_one_without_truth_is_left_out():
    found = per_user_metrics(ranked(u=["a"], w=["a"]), taken(u=["a"], v=["a"]), [3])
    assert found["user_id"].unique().sort().to_list() == ["u", "v"]
    assert set(values(found, 3, "v").values()) == {0.0}


def test_repeated_truth_counts_once():
    once = per_user_metrics(ranked(u=["a", "b"]), taken(u=["a"]), [2])
    assert per_user_metrics(ranked(u=["a", "b"]), taken(u=["a", "a"]), [2]).equals(once)


def test_agrees_with_the_definitions_on_random_lists():
    generator = np.random.default_rng(7)
    catalogue = [f"i{number}" for number in range(30)]
    lists, truth = {}, {}
    for number in range(60):
        lists[f"u{number}"] = list(generator.permutation(catalogue)[: generator.integers(0, 15)])
        truth[f"u{number}"] = list(generator.permutation(catalogue)[: generator.integers(1, 12)])
    recommendations = ranked(**lists).sample(fraction=1, shuffle=True, seed=1)
    found = per_user_metrics(recommendations, taken(**truth), [1, 3, 10])
    assert len(found) == 60 * len(METRICS) * 3
    for user in truth:
        for k in (1, 3, 10):
            assert values(found, k, user) == pytest.approx(naive(lists[user], set(truth[user]), k))


def test_empty_truth_gives_no_rows():
    assert per_user_metrics(ranked(u=["a"]), taken(), [3]).is_empty()
    assert per_user_metrics(ranked(u=["a"]), taken(u=["a"]), []).is_empty()


def test_schema():
    found = per_user_metrics(ranked(u=["a"]), taken(u=["a"]), [3, 5])
    assert dict(found.schema) == {"user_id": pl.String, "metric": pl.String, "k": pl.Int32, "value": pl.Float64}
    assert per_user_metrics(ranked(u=["a"]), taken(u=["a"]), []).schema == found.schema


@pytest.mark.parametrize(
    ("recommendations", "ks", "message"),
    [
        (ranked(u=["a", "a"]), [3], "same item_id twice"),
        (ranked(u=["a", "b"]).with_columns(rank=pl.lit(1)), [3], "same rank twice"),
        (ranked(u=["a"]).with_columns(rank=pl.lit(0)), [3], "1-based"),
        (ranked(u=["a"]), [0], "at least 1"),
    ],
)
def test_what_is_no_ranked_list_is_refused(recommendations, ks, message):
    with pytest.raises(ValueError, match=message):
        per_user_metrics(recommendations, taken(u=["a"]), ks)


def test_ideal_dcg():
    assert ideal_dcg(2) == pytest.approx([0, 1, 1 + 1 / log2(3)])


def test_r_precision():
    # u: two relevant, one of them within the first 2; v: three relevant, a list of one; w: no list; x: no truth.
    lists = ranked(u=["x", "a", "b"], v=["a"], x=["a"])
    found = per_user_r_precision(lists, taken(u=["a", "b", "a"], v=["a", "b", "c"], w=["a"]))
    assert found.rows() == [("u", "r_precision", 0, 1 / 2), ("v", "r_precision", 0, 1 / 3), ("w", "r_precision", 0, 0)]
    assert found.schema == per_user_metrics(lists, taken(u=["a"]), [1]).schema
    assert per_user_r_precision(lists, taken()).is_empty()
    generator = np.random.default_rng(8)
    for _ in range(50):
        items = list(generator.permutation(list("abcdefgh"))[: generator.integers(1, 9)])
        truth = list(generator.permutation(list("abcdefgh"))[: generator.integers(1, 9)])
        naive = sum(item in truth for item in items[: len(truth)]) / len(truth)
        assert per_user_r_precision(ranked(u=items), taken(u=truth))["value"].item() == pytest.approx(naive)


def test_the_table_holds_the_same_numbers():
    lists, truth = ranked(u=["x", "a"], v=["b"]), taken(u=["a"], v=["a"])
    table = per_user_table(lists, truth, [2, 1, 2])
    assert table.columns == ["user_id"] + [f"{metric}@{k}" for k in (1, 2) for metric in METRICS]
    long = per_user_metrics(lists, truth, [2, 1, 2])
    for user, metric, k, value in long.iter_rows():
        assert table.filter(pl.col("user_id") == user)[f"{metric}@{k}"].item() == value


def test_a_k_beyond_the_catalogue_and_a_single_user():
    found = values(per_user_metrics(ranked(u=["a", "unknown"]), taken(u=["a"]), [10**6]), 10**6)
    assert found["ndcg"] == found["recall"] == found["map"] == 1
    assert found["precision"] == pytest.approx(1 / 10**6)
