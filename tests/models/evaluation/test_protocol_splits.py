import datetime as dt
import math

import polars as pl
import pytest
from pydantic import ValidationError

from models.errors import UserError
from models.evaluation.protocol_audit import audit_split
from models.evaluation.protocol_config import ProtocolConfig
from models.evaluation.protocol_scores import split_data
from models.evaluation.protocol_splits import (
    COLUMNS,
    leave_one_out_split,
    origins_of,
    read_fixed_split,
    split_at,
)

FIRST = dt.date(2026, 3, 1)
TEMPORAL = ProtocolConfig(kind="temporal")


def rows(*found: tuple[str, str, int]) -> pl.DataFrame:
    """Interactions of (user, item, day), in the order of their ids."""
    days = [FIRST + dt.timedelta(days=day) for _, _, day in found]
    return pl.DataFrame(
        {
            "user_id": [user for user, _, _ in found],
            "item_id": [item for _, item, _ in found],
            "event_day": pl.Series(days, dtype=pl.Date),
            "event_at": pl.Series([dt.datetime.combine(day, dt.time(9)) for day in days], dtype=pl.Datetime("us")),
            "event_id": [f"{number:04}" for number in range(len(found))],
            "weight": [1.0] * len(found),
        }
    ).select(COLUMNS)


def pairs(frame: pl.DataFrame) -> list[tuple[str, str]]:
    return frame.select("user_id", "item_id").rows()


class TestOrigins:
    def test_one_for_a_temporal_split(self):
        day = dt.date(2026, 5, 31)
        assert origins_of(TEMPORAL, day, 7) == [(dt.date(2026, 5, 24), day)]
        assert origins_of(ProtocolConfig(kind="temporal", test_days=14), day, 7) == [(dt.date(2026, 5, 17), day)]

    def test_a_rolling_origin_scores_every_day_once(self):
        found = origins_of(ProtocolConfig(kind="rolling_origin", n_origins=3), dt.date(2026, 5, 31), 7)
        assert found == [
            (dt.date(2026, 5, 31) - dt.timedelta(days=7 * n), end)
            for n, end in zip(
                (3, 2, 1), (dt.date(2026, 5, 17), dt.date(2026, 5, 24), dt.date(2026, 5, 31)), strict=True
            )
        ]

    def test_steps_may_overlap(self):
        config = ProtocolConfig(kind="rolling_origin", n_origins=2, step_days=1, test_days=5)
        assert [origin.day for origin, _ in origins_of(config, dt.date(2026, 5, 31), 7)] == [25, 26]


class TestSplitAt:
    def test_what_may_be_seen_and_what_is_scored(self):
        before = rows(("a", "x", 0), ("a", "y", 5), ("b", "x", 6))
        after = rows(("b", "z", 7), ("b", "z", 8), ("a", "x", 7), ("c", "x", 8))
        split = split_at(TEMPORAL, before, after, FIRST + dt.timedelta(days=6), validation_days=1)
        assert pairs(split.train) == [("a", "x"), ("a", "y")]
        assert pairs(split.validation) == [("b", "x")]
        assert pairs(split.test) == [("b", "z"), ("c", "x")], "seen before, and taken twice, count once or not at all"
        assert not split.leaks_future

    def test_what_was_given_back_is_not_scored(self):
        taken_back = rows(("b", "z", 2)).select("user_id", "item_id")
        split = split_at(TEMPORAL, rows(("a", "x", 0)), rows(("b", "z", 7), ("b", "y", 7)), FIRST, 0, taken_back)
        assert pairs(split.test) == [("b", "y")]

    def test_a_core_is_chosen_by_what_may_be_seen(self):
        before = rows(("a", "x", 0), ("a", "y", 0), ("b", "x", 0), ("b", "y", 0), ("c", "x", 0))
        after = rows(("c", "y", 2), ("c", "x", 2))
        split = split_at(ProtocolConfig(kind="temporal", core=2), before, after, FIRST, 0)
        assert {user for user, _ in pairs(split.train)} == {"a", "b"}
        assert pairs(split.test) == [("c", "y")], "outside the core, x is still what c has seen"


class TestAudit:
    def test_a_split_by_day_is_clean(self):
        split = split_at(TEMPORAL, rows(("a", "x", 0)), rows(("a", "y", 3)), FIRST, 0)
        audit = audit_split(split_data(split, ["x", "y"]).past, split)
        assert audit.problems == () and audit.later_training_share == 0

    def test_training_on_the_tested_days_is_a_problem(self):
        split = split_at(TEMPORAL, rows(("a", "x", 0)), rows(("a", "y", 3)), FIRST, 0)
        leaked = split_at(TEMPORAL, rows(("a", "x", 0), ("b", "x", 4)), rows(("a", "y", 3)), FIRST, 0)
        (problem,) = audit_split(split_data(leaked, ["x", "y"]).past, split).problems
        assert problem == "1 rows were learned from the tested days, e.g. user b and item x"

    def test_a_test_pair_that_was_learned_from_is_a_problem(self):
        split = leave_one_out_split(
            ProtocolConfig(kind="leave_one_out"), rows(*(("a", i, d) for d, i in enumerate("xyz")))
        )
        given = split_data(split, ["x", "y", "z"]).past
        assert audit_split(given, split).problems == ()
        everything = split_data(leave_one_out_split(ProtocolConfig(kind="leave_one_out"), split.test), ["x", "y", "z"])
        (problem,) = audit_split(everything.past, split).problems
        assert problem == "1 test pairs were learned from, e.g. user a and item z"

    def test_how_much_of_the_training_is_later(self):
        """Of the rows a-x, b-x, b-y and the validation rows a-y and b-z: none of them, and three, are later."""
        found = [
            ("a", "x", 0),
            ("a", "y", 1),
            ("a", "z", 2),
            ("b", "x", 3),
            ("b", "y", 4),
            ("b", "z", 5),
            ("b", "w", 6),
        ]
        split = leave_one_out_split(ProtocolConfig(kind="leave_one_out"), rows(*found))
        audit = audit_split(split_data(split, ["w", "x", "y", "z"]).past, split)
        assert split.leaks_future and audit.problems == ()
        assert audit.later_training_share == pytest.approx((3 / 5 + 0) / 2)

    def test_without_rows_no_share_is_known(self):
        split = split_at(TEMPORAL, rows(("a", "x", 0)), rows(("a", "x", 3)), FIRST, 0)
        assert math.isnan(audit_split(split_data(split, ["x"]).past, split).later_training_share)


class TestFixedSplit:
    FIXED = ProtocolConfig(kind="fixed", file="split.csv")
    HEAD = "user_id,item_id,split\n"

    def read(self, tmp_path, text: str, config: ProtocolConfig = FIXED, name: str = "split.csv"):
        path = tmp_path / name
        path.write_text(text)
        return read_fixed_split(config, path)

    def test_its_parts_in_the_order_of_the_file(self, tmp_path):
        text = self.HEAD + "1,b,train\n1,a,train\n1,c,validation\n1,d,test\n2,a,train\n"
        split = self.read(tmp_path, text)
        assert pairs(split.train) == [("1", "b"), ("1", "a"), ("2", "a")]
        assert split.train["event_at"].is_sorted()
        assert (pairs(split.validation), pairs(split.test)) == ([("1", "c")], [("1", "d")])
        assert split.leaks_future

    def test_parquet_tsv_and_times(self, tmp_path):
        frame = pl.DataFrame({"user_id": [1, 1], "item_id": [7, 8], "split": ["train", "test"]})
        frame = frame.with_columns(event_at=pl.Series([dt.datetime(2026, 1, 2), dt.datetime(2026, 1, 1)]))
        frame.write_parquet(tmp_path / "split.parquet")
        split = read_fixed_split(self.FIXED, tmp_path / "split.parquet")
        assert split.train["event_at"].to_list() == [dt.datetime(2026, 1, 2)] and pairs(split.test) == [("1", "8")]
        text = (
            "user_id\titem_id\tsplit\tevent_at\n1\t7\ttrain\t2026-01-02T00:00:00Z\n1\t8\ttest\t2026-01-03T00:00:00Z\n"
        )
        assert self.read(tmp_path, text, name="split.tsv").train["event_day"].to_list() == [dt.date(2026, 1, 2)]

    def test_a_core_is_of_all_rows(self, tmp_path):
        text = self.HEAD + "1,a,train\n1,b,test\n2,a,test\n2,b,train\n3,a,train\n"
        split = self.read(tmp_path, text, ProtocolConfig(kind="fixed", file="split.csv", core=2))
        assert {user for user, _ in pairs(split.train) + pairs(split.test)} == {"1", "2"}

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("user,item_id,split\n1,a,train\n", "no column user_id"),
            (HEAD + "1,a,training\n", "split is 'training' in some rows"),
            (HEAD + "1,a,train\n1,a,test\n", "1 pairs are in both parts, e.g. user 1 and item a"),
            (HEAD + "1,a,train\n", "found 1 and 0"),
        ],
    )
    def test_what_is_wrong_is_said(self, tmp_path, text, problem):
        with pytest.raises(UserError, match=problem):
            self.read(tmp_path, text)

    def test_files_that_cannot_be_read(self, tmp_path):
        with pytest.raises(UserError, match="there is no such file"):
            read_fixed_split(self.FIXED, tmp_path / "none.csv")
        with pytest.raises(UserError, match=".txt"):
            self.read(tmp_path, self.HEAD, name="split.txt")
        with pytest.raises(UserError, match=r"split\.parquet"):
            self.read(tmp_path, "no parquet", name="split.parquet")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"kind": "fixed"}, "needs it"),
        ({"kind": "temporal", "file": "x.csv"}, "belongs to kind `fixed`"),
        ({"kind": "leave_one_out", "n_origins": 2}, "only `rolling_origin`"),
        ({"kind": "leave_one_out", "test_days": 2}, "does not split days"),
        ({"kind": "k_fold"}, "Input should be"),
    ],
)
def test_settings_that_make_no_sense(settings, problem):
    with pytest.raises(ValidationError, match=problem):
        ProtocolConfig(**settings)
