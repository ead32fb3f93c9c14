import random
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from models.errors import UserError
from pipelines import table_diff as module
from pipelines.table_diff import CHANGE, table_diff
from resources.snapshots import snapshots_of
from resources.warehouse import Warehouse


class Lake:
    """A table `t` of a lake, written step by step."""

    def __init__(self, folder: Path):
        self.warehouse = Warehouse(catalog_path=str(folder / "catalog.sqlite"), data_path=str(folder / "data"))

    def commit(self, *statements: str) -> int:
        def transaction(connection) -> None:
            for statement in statements:
                connection.execute(statement)

        self.warehouse.write(transaction)
        return self.warehouse.snapshot()

    def diff(self, first: int, last: int, key=("id",), limit: int = 100, table: str = "t"):
        snapshots = snapshots_of(self.warehouse)
        states = (snapshots.numbered(number, "test") for number in (first, last))
        return table_diff(self.warehouse, snapshots, table, *states, key, limit)

    def counts(self, first: int, last: int, key=("id",), **more) -> tuple[int, int, int]:
        found = self.diff(first, last, key, **more)
        return found.added, found.removed, found.changed

    def rows(self, at: int) -> list[tuple]:
        return self.warehouse.read("SELECT * FROM t", snapshot=at).rows()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


@pytest.fixture
def start(lake: Lake) -> int:
    """Ids 0 to 9 on two days."""
    lake.commit("CREATE TABLE t (id INT, day INT, price DOUBLE, title VARCHAR)")
    return lake.commit("INSERT INTO t SELECT range, range // 5, range / 2, 'item ' || range FROM range(10)")


REWRITE = ("CREATE TEMP TABLE again AS FROM t WHERE day = 1", "DELETE FROM t WHERE day = 1")


class TestRows:
    def test_rows_that_came_went_and_changed(self, lake: Lake, start: int):
        last = lake.commit(
            "INSERT INTO t VALUES (10, 2, 5, 'new'), (11, 2, 6, 'new')",
            "DELETE FROM t WHERE id = 3",
            "UPDATE t SET price = 99 WHERE id IN (4, 5)",
            "UPDATE t SET title = 'x' WHERE id = 5",
        )
        found = lake.diff(start, last)
        assert (found.added, found.removed, found.changed) == (2, 1, 2)
        assert (found.n_before, found.n_after) == (10, 11)
        assert found.changed_by_column == {"price": 2, "title": 1}
        shown = found.examples.group_by(CHANGE, maintain_order=True).agg("id").rows()
        assert shown == [("added", [10, 11]), ("removed", [3]), ("changed_from", [4, 5]), ("changed_to", [4, 5])]
        prices = found.examples.filter(pl.col("id") == 5).select(CHANGE, "price").rows()
        assert prices == [("changed_from", 2.5), ("changed_to", 99.0)]

    def test_a_day_that_is_rewritten_with_the_same_rows_has_not_changed(self, lake: Lake, start: int):
        last = lake.commit(*REWRITE, "INSERT INTO t FROM again ORDER BY id DESC")
        assert lake.counts(start, last) == (0, 0, 0)
        assert lake.diff(start, last).examples.is_empty()

    def test_of_a_rewritten_day_only_what_differs_shows(self, lake: Lake, start: int):
        last = lake.commit(*REWRITE, "INSERT INTO t SELECT * REPLACE (if(id = 7, -1, price) AS price) FROM again")
        found = lake.diff(start, last)
        assert (found.added, found.removed, found.changed) == (0, 0, 1)
        assert found.changed_by_column == {"price": 1}

    def test_what_came_and_went_again_in_between_does_not_show(self, lake: Lake, start: int):
        lake.commit("INSERT INTO t VALUES (10, 2, 5, 'new')")
        lake.commit("UPDATE t SET price = 0 WHERE id = 1")
        lake.commit("DELETE FROM t WHERE id = 10")
        last = lake.commit("UPDATE t SET price = 0.5 WHERE id = 1")
        assert lake.counts(start, last) == (0, 0, 0)

    def test_backwards_it_is_the_other_way_round(self, lake: Lake, start: int):
        last = lake.commit("INSERT INTO t VALUES (10, 2, 5, 'new')", "UPDATE t SET price = 99 WHERE id = 4")
        assert lake.counts(start, last) == (1, 0, 1)
        assert lake.counts(last, start) == (0, 1, 1)
        assert lake.counts(last, last) == (0, 0, 0)

    def test_a_row_counts_as_often_as_it_stands_there(self, lake: Lake, start: int):
        last = lake.commit("INSERT INTO t FROM t WHERE id < 2", "INSERT INTO t FROM t WHERE id = 0")
        assert lake.counts(start, last, key=()) == (4, 0, 0)

    def test_null_and_not_a_number_are_values(self, lake: Lake, start: int):
        first = lake.commit("INSERT INTO t VALUES (10, NULL, 'NaN', NULL), (NULL, 3, 1, 'no id')")
        again = "INSERT INTO t VALUES (10, NULL, 'NaN', NULL), (NULL, 3, 2, 'no id')"
        last = lake.commit("DELETE FROM t WHERE id = 10 OR id IS NULL", again)
        found = lake.diff(first, last)
        assert (found.added, found.removed, found.changed) == (0, 0, 1)
        assert found.changed_by_column == {"price": 1}

    def test_examples_are_limited(self, lake: Lake, start: int):
        last = lake.commit("INSERT INTO t SELECT range + 10, 2, 0, '' FROM range(50)", "UPDATE t SET price = -1")
        found = lake.diff(start, last, limit=3)
        assert dict(found.examples[CHANGE].value_counts().iter_rows()) == {
            "added": 3,
            "changed_from": 3,
            "changed_to": 3,
        }
        assert found.added == 50
        assert lake.diff(start, last, limit=0).examples.is_empty()


class TestKeys:
    def test_without_a_key_a_changed_row_is_one_removed_and_one_added(self, lake: Lake, start: int):
        last = lake.commit("UPDATE t SET price = 99 WHERE id = 4")
        found = lake.diff(start, last, key=())
        assert (found.added, found.removed, found.changed, found.key) == (1, 1, 0, ())
        assert found.examples[CHANGE].to_list() == ["added", "removed"]

    def test_a_key_that_does_not_tell_the_rows_apart_is_not_used(self, lake: Lake, start: int):
        last = lake.commit("UPDATE t SET price = 99 WHERE id IN (1, 2)")
        found = lake.diff(start, last, key=("day",))
        assert (found.added, found.removed, found.changed, found.key) == (2, 2, 0, ())

    def test_a_key_of_which_a_column_came_is_not_used(self, lake: Lake, start: int):
        last = lake.commit("ALTER TABLE t ADD COLUMN sku INT", "UPDATE t SET price = 99, sku = id WHERE id = 1")
        assert lake.diff(start, last, key=("sku",)).key == ()

    def test_several_columns_together(self, lake: Lake, start: int):
        last = lake.commit("UPDATE t SET price = 99 WHERE id IN (1, 2)", "UPDATE t SET day = 7 WHERE id = 3")
        assert lake.counts(start, last, key=("id", "day")) == (1, 1, 2)


class TestSchemas:
    def test_columns_that_came_and_went_are_named_and_not_compared(self, lake: Lake, start: int):
        last = lake.commit(
            "ALTER TABLE t ADD COLUMN brand VARCHAR",
            "ALTER TABLE t DROP COLUMN title",
            "UPDATE t SET brand = 'b'",
            "UPDATE t SET price = 99 WHERE id = 4",
        )
        found = lake.diff(start, last)
        assert (found.columns_added, found.columns_dropped) == (["brand"], ["title"])
        assert (found.added, found.removed, found.changed) == (0, 0, 1)
        assert found.examples.columns == [CHANGE, "id", "day", "price"]

    def test_a_column_that_went_and_came_back_empty_has_changed(self, lake: Lake, start: int):
        lake.commit("ALTER TABLE t DROP COLUMN title")
        last = lake.commit("ALTER TABLE t ADD COLUMN title VARCHAR")
        assert lake.counts(start, last) == (0, 0, 10)

    def test_a_wider_type_is_no_change(self, lake: Lake, start: int):
        last = lake.commit("ALTER TABLE t ALTER COLUMN day TYPE BIGINT", "UPDATE t SET price = 99 WHERE id = 4")
        assert lake.counts(start, last) == (0, 0, 1)

    def test_a_table_that_was_not_there_yet_is_all_added(self, lake: Lake, start: int):
        found = lake.diff(0, start)
        assert (found.added, found.removed, found.changed, found.n_before) == (10, 0, 0, 0)
        assert found.columns_added == []
        found = lake.diff(start, lake.commit("DROP TABLE t"))
        assert (found.added, found.removed, found.n_after) == (0, 10, 0)

    def test_a_table_that_was_made_anew_is_compared_by_its_rows(self, lake: Lake, start: int):
        statement = "CREATE TABLE t AS FROM s WHERE id > 0"
        last = lake.commit("CREATE TABLE s AS FROM t", "DROP TABLE t", statement)
        assert lake.counts(start, last) == (0, 1, 0)

    def test_a_table_that_never_was_is_refused(self, lake: Lake, start: int):
        with pytest.raises(UserError, match="neither snapshot 0 nor snapshot 2 has this table"):
            lake.diff(0, start, table="nothing")

    def test_a_name_is_a_name_and_no_sql(self, lake: Lake, start: int):
        with pytest.raises(UserError, match="has this table"):
            lake.diff(0, start, table='t"; DROP TABLE t; --')

    def test_states_without_a_common_column_are_refused(self, lake: Lake, start: int):
        last = lake.commit("DROP TABLE t", "CREATE TABLE t (other INT)")
        with pytest.raises(UserError, match="no column in common"):
            lake.diff(start, last)


class TestFeed:
    """Where the change feed is used it gives what comparing all rows gives; where it would not, it is not used."""

    @pytest.fixture
    def feed(self, monkeypatch: pytest.MonkeyPatch):
        """Whether a comparison used the feed."""
        used = []
        original = module._Comparison._feed_is_whole

        def noted(self, snapshots):
            used.append(original(self, snapshots))
            return used[-1]

        monkeypatch.setattr(module._Comparison, "_feed_is_whole", noted)
        return used

    def test_it_is_used_where_it_has_everything(self, lake: Lake, start: int, feed: list[bool]):
        last = lake.commit("UPDATE t SET price = 99 WHERE id = 4")
        assert lake.counts(start, last) == (0, 0, 1)
        assert lake.counts(last, start) == (0, 0, 1)
        assert feed == [True, False]

    def test_it_is_not_used_past_merged_files(self, lake: Lake, start: int, feed: list[bool]):
        for number in range(3):
            lake.commit(f"INSERT INTO t SELECT range + {number}00, 2, 0, '' FROM range(20, 60)")
        last = lake.commit("CALL ducklake_merge_adjacent_files('lake')")
        assert lake.counts(start, last) == (120, 0, 0)
        assert feed == [False]

    def test_it_is_not_used_past_expired_snapshots(self, lake: Lake, start: int, feed: list[bool]):
        lake.commit("INSERT INTO t SELECT range + 100, 2, 0, '' FROM range(100)")
        gone = lake.commit("DELETE FROM t WHERE id >= 150 OR id = 5")
        last = lake.commit("INSERT INTO t VALUES (5, 1, 2.5, 'item 5'), (6, 1, 3, 'twice')")
        lake.commit(f"CALL ducklake_expire_snapshots('lake', versions => [{gone - 1}, {gone}])")
        assert lake.counts(start, last, key=()) == (51, 0, 0)
        assert feed == [False]

    @pytest.mark.parametrize("seed", range(3))
    def test_both_ways_agree_with_counting_rows(self, lake: Lake, start: int, seed: int, feed: list[bool]):
        chance = random.Random(seed)
        for number in range(12):
            low = chance.randrange(12)
            lake.commit(
                chance.choice(
                    [
                        f"INSERT INTO t SELECT range + {low}, range % 3, {low}, 'x' FROM range({chance.choice([3, 40])})",
                        f"DELETE FROM t WHERE id BETWEEN {low} AND {low + 3}",
                        f"UPDATE t SET price = {number} WHERE id = {low}",
                        f"INSERT INTO t FROM t WHERE id = {low}",
                    ]
                )
            )
        newest = lake.warehouse.snapshot()
        for _ in range(4):
            first, last = sorted(chance.sample(range(start, newest + 1), 2))
            before, after = Counter(lake.rows(first)), Counter(lake.rows(last))
            expected = ((after - before).total(), (before - after).total(), 0)
            assert lake.counts(first, last, key=()) == expected
            assert lake.counts(last, first, key=()) == (expected[1], expected[0], 0)
        assert feed == [True, False] * 4
