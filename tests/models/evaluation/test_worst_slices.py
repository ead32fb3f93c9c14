import numpy as np
import polars as pl
import pytest

from models.evaluation.worst_slices import FINDINGS_SCHEMA, MIN_USERS, difference_of_means, judge_slices, paired

N_USERS, N_ITEMS, K = 300, 60, 10


@pytest.fixture(scope="module")
def shop():
    """Each user takes three items; items are of six categories, users of five groups."""
    random = np.random.default_rng(7)
    taken = [(f"u{user}", f"i{item}") for user in range(N_USERS) for item in random.choice(N_ITEMS, 3, replace=False)]
    relevant = pl.DataFrame(taken, schema=["user_id", "item_id"], orient="row")
    categories = {"item_id": [f"i{n}" for n in range(N_ITEMS)], "slice": [f"category={n % 6}" for n in range(N_ITEMS)]}
    groups = {"user_id": [f"u{n}" for n in range(N_USERS)], "slice": [f"group={n % 5}" for n in range(N_USERS)]}
    return relevant, pl.DataFrame(categories), pl.DataFrame(groups)


def lists_of(relevant: pl.DataFrame, forgotten: pl.DataFrame, seed: int = 0) -> pl.DataFrame:
    """Lists that hold what users will take with a chance of 60 %, but nothing of `forgotten`; the rest are misses."""
    random = np.random.default_rng(seed)
    kept = relevant.filter(pl.Series(random.random(relevant.height) < 0.6))
    kept = kept.join(forgotten, on=[name for name in forgotten.columns if name != "slice"], how="anti")
    rows = []
    for (user,), items in kept.group_by("user_id", maintain_order=True):
        places = random.permutation(K)[: items.height] + 1
        rows += [(user, int(place), item) for place, item in zip(places, items["item_id"], strict=True)]
    return pl.DataFrame(rows, schema={"user_id": pl.Utf8, "rank": pl.Int32, "item_id": pl.Utf8}, orient="row")


def worse(found: pl.DataFrame) -> set[tuple[str, str]]:
    return set(found.filter("is_worse").select("slice", "against").iter_rows())


def test_a_retriever_that_forgets_a_category_is_found(shop):
    relevant, categories, groups = shop
    forgotten = categories.filter(pl.col("slice") == "category=4")
    lists = {
        "recommendations": lists_of(relevant, forgotten),
        "recent_popularity": lists_of(relevant, forgotten[:0], 1),
    }
    found = judge_slices(lists, relevant, groups, categories, K)
    assert dict(found.schema) == dict(FINDINGS_SCHEMA)
    assert worse(found) == {("category=4", "elsewhere"), ("category=4", "recent_popularity")}
    row = found.row(0, named=True)
    assert (row["metric"], row["value"]) == ("recall", 0) and row["ci_high"] < 0


def test_users_who_get_worse_lists_are_found(shop):
    relevant, categories, groups = shop
    members = groups.filter(pl.col("slice") == "group=2")
    found = judge_slices({"recommendations": lists_of(relevant, members)}, relevant, groups, categories[:0], K)
    assert worse(found) == {("group=2", "elsewhere")}
    assert set(found["metric"]) == {"ndcg"}


def test_noise_is_not_reported(shop):
    """Of 40 builds without any planted fault, about one in twenty may report something."""
    relevant, categories, groups = shop
    alarms = [
        judge_slices({"recommendations": lists_of(relevant, categories[:0], seed)}, relevant, groups, categories, K)
        for seed in range(40)
    ]
    assert sum(bool(worse(found)) for found in alarms) <= 5
    assert sum((found["p_value"] < 0.05).any() for found in alarms) > 10, "unadjusted there would be many"


def test_a_slice_of_three_users_says_nothing(shop):
    relevant, categories, _ = shop
    few = pl.DataFrame({"user_id": ["u1", "u2", "u3"], "slice": ["tiny=yes"] * 3})
    n_most = N_USERS - MIN_USERS + 1
    most = pl.DataFrame({"user_id": [f"u{n}" for n in range(n_most)], "slice": ["most=yes"] * n_most})
    lists = {"recommendations": lists_of(relevant, categories[:0])}
    found = judge_slices(lists, relevant, pl.concat([few, most]), categories[:0], K)
    assert found.is_empty()


def test_nothing_taken_of_a_slice_of_items(shop):
    relevant, _, groups = shop
    untouched = pl.DataFrame({"item_id": ["never"], "slice": ["category=never"]})
    lists = {"recommendations": lists_of(relevant, untouched)}
    assert judge_slices(lists, relevant, groups[:0], untouched, K).is_empty()


def test_a_paired_difference_by_hand():
    found = paired(np.array([1.0, 0.5, 0.0, 0.5]), np.array([0.5, 0.5, 0.0, 0.0]))
    assert (found["value"], found["value_against"], found["difference"]) == (0.5, 0.25, 0.25)
    error = np.sqrt((0.25**2 * 4) / 3) / 2  # the differences are 1/2, 0, 0, 1/2
    assert found["ci_low"] == pytest.approx(0.25 - 1.959964 * error, rel=1e-6)
    assert paired(np.ones(3), np.ones(3))["p_value"] == 1


def test_a_difference_by_hand():
    found = difference_of_means(np.array([1.0, 0.0]), np.array([0.5, 0.5, 0.5]))
    assert (found["value"], found["value_against"], found["difference"], found["p_value"]) == (0.5, 0.5, 0.0, 1.0)
    assert found["ci_high"] == pytest.approx(1.959964 * 0.5, rel=1e-6)  # sqrt(.5 / 2)
    assert difference_of_means(np.zeros(2), np.ones(2))["p_value"] == 0
    assert difference_of_means(np.ones(2), np.ones(2))["p_value"] == 1
