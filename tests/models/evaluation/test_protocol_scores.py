import datetime as dt

import numpy as np
import polars as pl
import pytest

from models.evaluation.protocol_config import ProtocolConfig
from models.evaluation.protocol_lists import ranked, sampled
from models.evaluation.protocol_scores import COLD_ITEMS, COLD_USERS, WARM_ITEMS, fit, score_split, split_data
from models.evaluation.protocol_splits import COLUMNS, leave_one_out_split, split_at
from models.evaluation.user_rows import MEANS_SCHEMA, Resampling
from models.retrieval import registry

FIRST = dt.date(2026, 3, 1)
FEW = Resampling(n_resamples=100)


def rows(*found: tuple[str, str, int]) -> pl.DataFrame:
    days = [FIRST + dt.timedelta(days=day) for _, _, day in found]
    return pl.DataFrame(
        {
            "user_id": pl.Series([user for user, _, _ in found], dtype=pl.Utf8),
            "item_id": pl.Series([item for _, item, _ in found], dtype=pl.Utf8),
            "event_day": pl.Series(days, dtype=pl.Date),
            "event_at": pl.Series([dt.datetime.combine(day, dt.time(9)) for day in days], dtype=pl.Datetime("us")),
            "event_id": [f"{number:05}" for number in range(len(found))],
            "weight": [1.0] * len(found),
        }
    ).select(COLUMNS)


def maker(name: str, **settings):
    return lambda: registry.retriever_class(name)(registry.config_class(name)(**settings))


def by_hand():
    """Popular before: x (3 users), y (2), z (1); w nobody. Afterwards warm users and a new one take something."""
    before = rows(("a", "x", 0), ("b", "x", 0), ("c", "x", 0), ("a", "y", 0), ("b", "y", 0), ("c", "z", 0))
    after = rows(("a", "z", 2), ("b", "w", 2), ("c", "y", 2), ("new", "y", 2))
    split = split_at(ProtocolConfig(kind="temporal"), before, after, FIRST, 0)
    return split, split_data(split, list("wxyz"))


def value(frame: pl.DataFrame, slice_name: str, metric: str = "mrr", model: str = "popularity") -> float:
    found = frame.filter((pl.col("slice") == slice_name) & (pl.col("metric") == metric) & (pl.col("model") == model))
    return found["value"].item()


class TestScores:
    def test_popularity_by_hand(self):
        """a's list is z, w; b's z, w; c's y, w; the new user's x, y, z, w."""
        split, data = by_hand()
        frame = score_split(split, data, {"popularity": maker("popularity")}, [4], resampling=FEW)
        assert frame.schema == MEANS_SCHEMA
        assert value(frame, "all") == pytest.approx((1 + 1 / 2 + 1) / 3)
        assert value(frame, COLD_USERS) == pytest.approx(1 / 2)
        assert value(frame, WARM_ITEMS) == pytest.approx(1)
        assert value(frame, COLD_ITEMS) == pytest.approx(1 / 2)
        assert frame.filter(pl.col("slice") == "all")["n_users"].unique().to_list() == [3]

    def test_models_are_compared_with_the_baseline(self):
        split, data = by_hand()
        models = {"popularity": maker("popularity"), "recent_popularity": maker("recent_popularity")}
        frame = score_split(split, data, models, [4], resampling=FEW)
        assert value(frame, "all", "ndcg_minus_recent_popularity") == pytest.approx(
            value(frame, "all", "ndcg") - value(frame, "all", "ndcg", "recent_popularity")
        )

    def test_what_was_given_back_is_in_no_list(self):
        split, _ = by_hand()
        back = rows(("a", "z", 0)).select("user_id", "item_id", "event_at")
        data = split_data(split, list("wxyz"), back)
        model = fit(maker("popularity"), data, "cpu", refit=True)
        lists = ranked(model, data.past, np.arange(4), 4)
        assert lists.filter(pl.col("user_id") == "a")["item_id"].to_list() == ["w"]

    def test_what_cannot_be_had_is_in_no_list(self):
        split, _ = by_hand()
        data = split_data(split, list("wxyz"), withdrawn=pl.Series(["z"]))
        model = fit(maker("popularity"), data, "cpu", refit=True)
        users = np.arange(4)
        assert "z" not in set(ranked(model, data.past, users, 4, allowed=data.allowed)["item_id"])
        chosen = sampled(data.past, users, split.test, 4, 0, data.allowed)
        assert chosen[1:].max() < 3, "only a took z"
        assert "z" not in set(ranked(model, data.past, users, 4, chosen, data.allowed)["item_id"])

    @pytest.mark.parametrize("name", ["popularity", "recent_popularity", "ease", "sasrec"])
    def test_every_retriever_serves_somebody_unknown(self, name):
        settings = {"max_epochs": 1} if name == "sasrec" else {}
        split, data = by_hand()
        frame = score_split(split, data, {name: maker(name, **settings)}, [4], resampling=FEW)
        cold = frame.filter((pl.col("slice") == COLD_USERS) & (pl.col("metric") == "recall"))
        assert cold["value"].to_list() == [1.0], "four places for four items"


class TestFit:
    class Counting:
        """Remembers what it was fitted on."""

        def __init__(self, log):
            self.log = log

        def fit(self, train, validation, device, n_epochs=None):
            self.log.append((len(train.items), None if validation is None else len(validation.items), n_epochs))
            return type("Report", (), {"best_epoch": 3})()

    def parts(self):
        before = rows(*(("a", item, day) for day, item in enumerate("pqrs")))
        return split_at(ProtocolConfig(kind="temporal"), before, rows(("a", "t", 9)), FIRST + dt.timedelta(days=3), 1)

    def test_by_day_a_model_is_fitted_again_on_all_there_was(self):
        log: list = []
        fit(lambda: self.Counting(log), split_data(self.parts(), list("pqrst")), "cpu", refit=True)
        assert log == [(3, 1, None), (4, None, 3)]

    def test_in_papers_it_is_not(self):
        log: list = []
        fit(lambda: self.Counting(log), split_data(self.parts(), list("pqrst")), "cpu", refit=False)
        assert log == [(3, 1, None)]


class TestSampled:
    def random_split(self, n_users: int = 40, n_items: int = 200):
        random = np.random.default_rng(0)
        found = [
            (f"u{user:02}", f"i{item:03}", day)
            for user in range(n_users)
            for day, item in enumerate(random.choice(n_items, 8, replace=False))
        ]
        split = leave_one_out_split(ProtocolConfig(kind="leave_one_out"), rows(*found))
        return split, split_data(split, [f"i{item:03}" for item in range(n_items)])

    def test_none_of_the_drawn_was_seen_and_the_own_is_there(self):
        split, data = self.random_split()
        users = np.arange(40)
        chosen = sampled(data.past, users, split.test, 20, seed=1)
        assert chosen.shape == (40, 21)
        for user, items in zip(users, chosen, strict=True):
            (own,) = split.test.filter(pl.col("user_id") == data.past.user_ids[user])["item_id"]
            assert data.past.item_ids[items[0]] == own
            assert len(set(items)) == 21 and not set(items) & set(data.past.history(user))
        assert (sampled(data.past, users, split.test, 20, seed=1) == chosen).all()
        assert (sampled(data.past, users, split.test, 20, seed=2) != chosen).any()

    def test_where_fewer_are_left_there_are_fewer(self):
        split, data = self.random_split(n_items=10)
        chosen = sampled(data.past, np.arange(40), split.test, 20, seed=1)
        assert (chosen >= 0).sum(axis=1).tolist() == [3] * 40, "ten items, seven of them seen"

    def test_numbers_are_higher_than_in_full(self):
        split, data = self.random_split()
        models = {"popularity": maker("popularity")}
        full = score_split(split, data, models, [10], resampling=FEW)
        few = score_split(split, data, models, [10], sampled_negatives=20, resampling=FEW)
        assert value(few, "all", "recall") > 2 * value(full, "all", "recall")
        all_of_them = score_split(split, data, models, [10], sampled_negatives=10_000, resampling=FEW)
        assert value(all_of_them, "all", "ndcg") == pytest.approx(value(full, "all", "ndcg"))
