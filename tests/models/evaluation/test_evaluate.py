from datetime import timedelta
from math import log2

import numpy as np
import polars as pl
import pytest

from models.evaluation.diversity import ItemVectors
from models.evaluation.evaluate import METRICS_SCHEMA, Resampling, evaluate
from models.evaluation.truth import window_truth
from models.evaluation.window import Window

QUICK = Resampling(n_resamples=200)
OF_ALL_LISTS = {"coverage", "gini", "entropy", "novelty", "epc", "aclt", "arp", "popularity_lift", "popreo"}
OF_ALL_LISTS |= {"personalisation", "repeat_rate", "serendipity"}
OF_ALL_LISTS |= {f"fair_{measure}" for measure in ("jain", "qf", "entropy", "fsat", "gini")}


@pytest.fixture
def lists(make_list):
    return {
        "recommendations": make_list(u="cd", v="bd", cold="ad"),
        "recent_popularity": make_list(u="dc", v="db", w="ab"),
    }


@pytest.fixture
def run(lists, before, after, items, as_of):
    def call(**changes):
        window = {"before": before, "after": after, "items": items, "as_of_day": as_of}
        window["scored_through"] = as_of + timedelta(days=7)
        names = {"interactions_before": "before", "interactions_after": "after"}
        changes = {names.get(name, name): value for name, value in changes.items()}
        window |= {name: changes.pop(name) for name in [*window, "taken_back"] if name in changes}
        arguments = {"lists": lists, "window": Window(**window), "ks": [1, 2], "resampling": QUICK}
        return evaluate(**(arguments | changes))

    return call


def value(frame: pl.DataFrame, model: str, metric: str, k: int, slice_: str = "all") -> float:
    chosen = (
        (pl.col("model") == model) & (pl.col("metric") == metric) & (pl.col("k") == k) & (pl.col("slice") == slice_)
    )
    return frame.filter(chosen)["value"].item()


def test_truth_is_what_warm_users_took_for_the_first_time(before, after, items, as_of):
    truth = window_truth(before, after, items, as_of)
    assert truth.relevant.rows() == [("u", "c"), ("v", "b"), ("v", "n")]
    assert (truth.n_window_users, truth.n_cold_users, truth.cold_user_share) == (4, 1, 1 / 4)
    assert truth.new_item_share == pytest.approx(1 / 3)


def test_what_was_taken_back_is_not_new_to_the_user(before, after, items, as_of):
    taken = pl.DataFrame({"user_id": ["v", "cold"], "item_id": ["b", "a"]})
    truth = window_truth(before, after, items, as_of, taken)
    assert truth.relevant.rows() == [("u", "c"), ("v", "n")]
    assert truth.n_cold_users == 1


def test_values_by_hand(run):
    found = run()
    # u: c at 1 of {c}; v: b at 1 of {b, n}.
    assert value(found, "recommendations", "ndcg", 2) == pytest.approx((1 + 1 / (1 + 1 / log2(3))) / 2)
    assert value(found, "recommendations", "recall", 1) == pytest.approx((1 + 1 / 2) / 2)
    assert value(found, "recent_popularity", "hit_rate", 1) == 0
    assert value(found, "recent_popularity", "mrr", 2) == pytest.approx(1 / 2)
    # The catalogue of the as-of day is a, b, c and d: d goes later, n comes later, gone is gone.
    assert value(found, "recommendations", "coverage", 1) == pytest.approx(3 / 4)
    assert value(found, "recommendations", "gini", 1) == pytest.approx((-3 * 0 - 1 / 3 + 1 / 3 + 3 * 1 / 3) / 3)
    assert value(found, "recommendations", "novelty", 1) == pytest.approx((log2(3) + log2(3) + log2(3 / 2)) / 3)


def test_values_of_all_lists_by_hand(run):
    found = run()

    def of(metric, k, model="recommendations"):
        return value(found, model, metric, k)

    # Takers: a 2, b 1, c 1 of 3 users; the head of the catalogue a, b, c, d is a. At 1 the lists hold c, b, a.
    assert of("epc", 1) == pytest.approx(1 - (1 + 1 + 2) / 3 / 3)
    assert of("aclt", 1) == pytest.approx(2 / 3)
    assert of("arp", 1) == pytest.approx((1 + 1 + 2) / 3)
    # u took a and b, v took a; the user `cold` has no past.
    assert of("popularity_lift", 1) == pytest.approx((1 + 1) / (3 / 2 + 2) - 1)
    assert of("entropy", 1) == pytest.approx(log2(3))
    assert of("personalisation", 2) == pytest.approx(1 - (3 * 1 / 2) / 3)
    assert of("repeat_rate", 2) == 0
    # At 1 u's c and v's b are hits, where the popular lists hold d and d; at 2 these hold c and b as well.
    assert of("serendipity", 1) == pytest.approx((1 + 1) / 2)
    assert of("serendipity", 2) == 0
    assert of("fair_qf", 1) == 1
    assert of("fair_fsat", 1) is None
    # v's n is in no catalogue and nothing relevant is of the head.
    assert of("popreo", 1) is None
    # u: c of {c}; v: b and d of two places for {b, n}.
    assert of("r_precision", 0) == pytest.approx((1 + 1 / 2) / 2)


def test_optional_inputs_add_their_rows(run):
    categories = pl.DataFrame({"item_id": ["a", "b", "c", "d"], "category": ["x", "x", "y", "y"]})
    vectors = ItemVectors(pl.Series(["a", "b", "c", "d"]), np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]]))
    found = run(categories=categories, vectors=vectors)
    # cd is alike, bd and ad are not.
    for metric in ("category_diversity", "vector_diversity"):
        assert value(found, "recommendations", metric, 2) == pytest.approx(2 / 3)
        assert value(found, "recommendations", metric, 1) is None
    added = {"category_diversity", "vector_diversity"}
    assert found.filter(~pl.col("metric").is_in(added)).equals(run())
    assert "serendipity" not in run(baseline="nothing_of_the_kind")["metric"]


def test_rows_have_the_tables_schema_and_are_unique(run, as_of):
    found = run()
    assert found.schema == METRICS_SCHEMA
    assert not found.select("model", "metric", "k", "slice").is_duplicated().any()
    assert found["n_test_days"].unique().to_list() == [7]
    assert found["as_of_day"].unique().to_list() == [as_of]
    assert found.filter(pl.col("metric") == "ndcg")["ci_low"].null_count() == 0


def test_many_rows_without_an_interval_come_before_the_first_with_one(run):
    found = run(ks=list(range(1, 12)))
    assert found["ci_low"].null_count() > 300
    assert found.filter((pl.col("metric") == "ndcg") & (pl.col("slice") == "all"))["ci_low"].null_count() == 0


def test_population_rows(run):
    found = run()
    assert value(found, "population", "n_cold_users", 0) == 1
    assert value(found, "population", "cold_user_share", 0) == 1 / 4
    assert value(found, "population", "new_item_share", 0) == pytest.approx(1 / 3)


def test_slices_cover_the_scored_users(run):
    sliced = run().filter((pl.col("model") == "recommendations") & (pl.col("metric") == "ndcg") & (pl.col("k") == 2))
    counts = dict(sliced.select("slice", "n_users").iter_rows())
    assert counts == {
        "all": 2,
        "activity=low": 1,
        "activity=high": 1,
        "tenure=under_7_days": 1,
        "tenure=28_days_or_more": 1,
    }


def test_comparison_with_the_baseline(run):
    found = run()
    difference = value(found, "recommendations", "ndcg", 2) - value(found, "recent_popularity", "ndcg", 2)
    assert value(found, "recommendations", "ndcg_minus_recent_popularity", 2) == pytest.approx(difference)
    assert 0 < value(found, "recommendations", "p_value_ndcg_minus_recent_popularity", 2) <= 1
    assert found.filter((pl.col("model") == "recent_popularity") & pl.col("metric").str.contains("minus")).is_empty()
    other = run(baseline="nothing_of_the_kind")
    assert other.filter(pl.col("metric").str.contains("minus")).is_empty()


def test_a_window_without_a_user_to_score_has_no_means(run, after):
    found = run(interactions_after=after.clear())
    assert set(found["metric"]) == {*OF_ALL_LISTS, "n_cold_users", "cold_user_share", "new_item_share"}
    assert found["ci_low"].null_count() == len(found)
    for metric in ("serendipity", "popreo"):
        assert value(found, "recommendations", metric, 2) is None
    assert value(found, "population", "n_cold_users", 0) == 0
    assert value(found, "population", "cold_user_share", 0) is None


def test_input_order_does_not_matter(run, before, after, items):
    again = run(interactions_before=before.reverse(), interactions_after=after.reverse(), items=items.reverse())
    assert again.equals(run())


def test_resampling_is_seeded_and_its_settings_matter(run, interaction_rows, make_list):
    users = [f"u{number}" for number in range(40)]
    many = {
        "lists": {"recommendations": make_list(**{user: "abcd"[number % 4 :] for number, user in enumerate(users)})},
        "interactions_before": interaction_rows([(user, "gone", 0) for user in users]),
        "interactions_after": interaction_rows([(user, "bcd"[number % 3], 1) for number, user in enumerate(users)]),
    }
    assert run(**many).equals(run(**many))
    for other in (Resampling(200, seed=1), Resampling(200, level=0.5), Resampling(30)):
        assert not run(**many, resampling=other).equals(run(**many))


def test_interactions_on_the_wrong_side_are_refused(run, before, after, as_of):
    with pytest.raises(ValueError, match="interactions_before"):
        run(interactions_before=pl.concat([before, after]))
    with pytest.raises(ValueError, match="interactions_after"):
        run(interactions_after=pl.concat([before, after]))
    with pytest.raises(ValueError, match="interactions_after"):
        run(scored_through=as_of + timedelta(days=1))
