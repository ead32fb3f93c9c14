from dataclasses import replace
from datetime import date, datetime, timedelta
from math import log, log2, sqrt

import numpy as np
import polars as pl
import pytest

from models.ranking.features import FEATURES, candidate_features, described_features, feature_names


def row(frame: pl.DataFrame, user: str, item: str) -> dict:
    return frame.row(by_predicate=(pl.col("user_id") == user) & (pl.col("item_id") == item), named=True)


@pytest.fixture
def features(candidates, context):
    return candidate_features(candidates, context)


def test_columns_are_the_described_features_as_f32_after_the_candidates_own(features, candidates):
    names = feature_names(["ease", "sasrec"])
    assert [column for column in features.columns if column in names] == names
    assert all(features.schema[name] == pl.Float32 for name in names)
    assert features.select("user_id", "item_id", "sources").equals(candidates.select("user_id", "item_id", "sources"))
    assert all(feature.description.endswith(".") for feature in described_features(["ease"]))
    assert len(set(names)) == len(names) == 6 + len(FEATURES)


def test_rows_keep_the_candidates_order(candidates, context, features):
    assert candidate_features(candidates.reverse(), context).equals(features.reverse())


def test_source_features(features):
    found = row(features, "u", "c")
    assert (found["rank_ease"], found["reciprocal_rank_ease"], found["score_ease"]) == (4, 1 / 4, 2)
    assert (found["rank_sasrec"], found["reciprocal_rank_sasrec"], found["score_sasrec"]) == (None, 0, None)
    assert (found["n_sources"], found["best_rank"]) == (1, 4)


def test_item_features_count_windows_that_include_the_as_of_day(features):
    found = row(features, "u", "a")
    windows = [found[f"item_interactions_{name}"] for name in ("1d", "7d", "28d", "all")]
    assert windows == [1, 3, 5, 13]
    decayed = 1 + 2 * 0.5 ** (6 / 14) + 2 * 0.5 ** (7 / 14) + 8 * 0.5**2
    assert found["item_decayed_interactions"] == pytest.approx(decayed)
    assert found["item_trend"] == pytest.approx(log2((3 + 1) / (5 / 4 + 1)))
    assert found["item_click_through"] == pytest.approx(5 / 10)
    assert found["item_age_days"] == 30
    assert found["item_price"] == 10


def test_an_item_without_rows_has_zero_counts_and_unknown_rates(features):
    found = row(features, "w", "d")
    assert found["item_interactions_all"] == found["item_decayed_interactions"] == found["item_trend"] == 0
    assert found["item_click_through"] is None
    assert found["item_price"] is None
    assert found["item_age_days"] == 0


def test_user_features(features):
    found = row(features, "u", "a")
    assert (found["user_interactions_7d"], found["user_interactions_28d"]) == (0, 3)
    assert (found["user_tenure_days"], found["user_recency_days"]) == (30, 7)
    # Paid 12; the other two at catalogue prices 20 and 40.
    assert found["user_mean_price"] == 24
    assert found["price_position"] == pytest.approx(log(10 / 24))
    assert row(features, "v", "b")["user_recency_days"] is None


def test_a_user_without_a_past_has_no_affinities(features):
    found = row(features, "w", "d")
    assert found["user_interactions_28d"] == 0
    unknown = ["user_tenure_days", "user_mean_price", "price_position", "category_affinity", "brand_affinity"]
    unknown += ["last_category_match", "text_cosine_mean", "text_cosine_last"]
    assert {found[name] for name in unknown} == {None}


def test_affinities_are_decayed_shares(features):
    # Weights after decay with a half-life of 14 days: a 1/2, b 1, c 4/4 = 1; together 5/2.
    of_a, of_c = row(features, "u", "a"), row(features, "u", "c")
    assert of_a["category_affinity"] == pytest.approx(1 / 5)
    assert of_a["top_category_affinity"] == pytest.approx(3 / 5)
    assert of_a["brand_affinity"] == pytest.approx(3 / 5)
    assert of_c["category_affinity"] == pytest.approx(2 / 5)
    assert row(features, "v", "b")["category_affinity"] == 0
    assert row(features, "v", "b")["top_category_affinity"] == 1


def test_the_last_item_is_the_latest_by_time(features):
    assert row(features, "u", "b")["last_category_match"] == 1
    assert row(features, "u", "a")["last_category_match"] == 0


def test_text_cosines(features):
    # u's mean of a, b, c with weights 1/2, 1, 1 is (1.1, 1.8); all three are among the last three.
    of_a = row(features, "u", "a")
    assert of_a["text_cosine_mean"] == pytest.approx(1.1 / sqrt(1.1**2 + 1.8**2), rel=1e-6)
    assert of_a["text_cosine_last"] == pytest.approx(1)
    of_b = row(features, "v", "b")
    assert (of_b["text_cosine_mean"], of_b["text_cosine_last"]) == (0, 0)


def test_only_the_last_three_items_count_for_the_nearest(context, candidates, interaction_rows):
    later = interaction_rows([("u", item, 3 - number, 1.0, None) for number, item in enumerate("bbcd")])
    vectors = np.eye(4, dtype=np.float32)
    moved = replace(
        context, interactions=pl.concat([context.interactions, later]), item_vectors=(list("abcd"), vectors)
    )
    found = candidate_features(candidates, moved)
    # Distinct items by last use: a (14 days), c, d, b; a is the fourth back.
    assert row(found, "u", "a")["text_cosine_last"] == 0
    assert row(found, "u", "c")["text_cosine_last"] == 1


def test_an_item_taken_again_and_again_is_one_of_the_last_three(context, candidates, interaction_rows):
    later = interaction_rows([("u", "d", age, 1.0, None) for age in (3, 2, 1)])
    vectors = (list("abcd"), np.eye(4, dtype=np.float32))
    moved = replace(context, interactions=pl.concat([context.interactions, later]), item_vectors=vectors)
    assert row(candidate_features(candidates, moved), "u", "a")["text_cosine_last"] == 1


def test_without_vectors_the_text_features_are_null(candidates, context):
    found = candidate_features(candidates, replace(context, item_vectors=None))
    assert found["text_cosine_mean"].null_count() == found["text_cosine_last"].null_count() == len(found)


def test_the_half_life_matters(candidates, context, features):
    other = candidate_features(candidates, replace(context, half_life_days=1.0))
    for name in ("item_decayed_interactions", "category_affinity", "text_cosine_mean"):
        assert not other[name].equals(features[name])


def test_rows_of_the_next_day_change_nothing(candidates, context, features):
    tomorrow = context.as_of_day + timedelta(days=1)
    moment = datetime.combine(tomorrow, datetime.min.time())
    events = context.interactions.with_columns(
        event_day=pl.lit(tomorrow), event_at=pl.lit(moment), weight=pl.lit(5.0), price=pl.lit(999.0)
    )
    item = context.items.tail(1).with_columns(item_id=pl.lit("new"), first_seen_on=pl.lit(tomorrow))
    ids, vectors = context.item_vectors
    planted = replace(
        context,
        interactions=pl.concat([events, context.interactions]),
        items=pl.concat([item, context.items]),
        item_daily=pl.concat([context.item_daily.with_columns(event_day=pl.lit(tomorrow)), context.item_daily]),
        user_daily=pl.concat([context.user_daily.with_columns(event_day=pl.lit(tomorrow)), context.user_daily]),
        item_vectors=(["new", *ids], np.concatenate([np.ones((1, 2), dtype=np.float32), vectors])),
    )
    assert candidate_features(candidates, planted).equals(features)
    assert not candidate_features(candidates, replace(planted, as_of_day=tomorrow)).equals(features)


def test_an_item_first_known_tomorrow_has_no_catalogue_features_today(candidates, context):
    hidden = context.items.with_columns(first_seen_on=pl.lit(date(2026, 4, 1)))
    found = row(candidate_features(candidates, replace(context, items=hidden)), "u", "a")
    assert [found[name] for name in ("item_price", "item_age_days", "category_affinity", "text_cosine_mean")] == [
        None
    ] * 4


def test_the_order_of_the_tables_rows_changes_nothing(candidates, context, features):
    shuffled = replace(
        context,
        interactions=context.interactions.reverse(),
        items=context.items.reverse(),
        item_daily=context.item_daily.reverse(),
        user_daily=context.user_daily.reverse(),
    )
    assert candidate_features(candidates, shuffled).equals(features)


def test_no_candidates_give_no_rows(candidates, context, features):
    assert candidate_features(candidates.clear(), context).schema == features.schema


def test_vectors_and_ids_must_match(candidates, context):
    with pytest.raises(ValueError, match="2 ids for 3 vectors"):
        candidate_features(candidates, replace(context, item_vectors=(["a", "b"], context.item_vectors[1])))
