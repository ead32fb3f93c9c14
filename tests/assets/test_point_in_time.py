"""What could be known at the end of a day, on a few rows that could be worked out by hand."""

import datetime as dt

import pytest

from assets.point_in_time import (
    available,
    daily_features_until,
    given_back_until,
    interactions_between,
    interactions_until,
    items_known,
    taken_back_until,
)
from resources.warehouse import Warehouse

DAY, ONE_DAY = dt.date(2025, 3, 5), dt.timedelta(days=1)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    warehouse = Warehouse(catalog_path=str(folder / "catalog.sqlite"), data_path=str(folder / "data"))
    with warehouse.connect() as connection:
        connection.execute(
            """CREATE TABLE core_item_versions AS SELECT *, valid_to IS NULL AS is_current, '' AS origin,
                '' AS source_file, 1 AS source_line FROM (VALUES
            ('old', DATE '2025-03-01', DATE '2025-03-05', 'Once', 1.0, NULL, true),
            ('old', DATE '2025-03-05', DATE '2025-03-06', 'Old', 2.0, NULL, true),
            ('old', DATE '2025-03-06', NULL, 'Later', 3.0, NULL, true),
            ('gone', DATE '2025-03-01', DATE '2025-03-05', 'Gone', 1.0, NULL, true),
            ('gone', DATE '2025-03-05', NULL, 'Gone', 1.0, TIMESTAMP '2025-03-05 23:59', false),
            ('going', DATE '2025-03-01', DATE '2025-03-06', 'Going', 1.0, NULL, true),
            ('going', DATE '2025-03-06', NULL, 'Going', 1.0, TIMESTAMP '2025-03-06 00:00', false),
            ('sold out', DATE '2025-03-01', NULL, 'Sold out', 1.0, NULL, false),
            ('new', DATE '2025-03-06', NULL, 'New', 1.0, NULL, true)
            ) AS rows (item_id, valid_from, valid_to, title, price, withdrawn_at, is_available)"""
        )
        connection.execute(
            """CREATE TABLE core_interactions AS SELECT * FROM (VALUES
            ('u', 'old', DATE '2025-03-05', 'b', TIMESTAMP '2025-03-05 10:00', 5.0),
            ('u', 'gone', DATE '2025-03-05', 'a', TIMESTAMP '2025-03-05 10:00', 5.0),
            ('u', 'new', DATE '2025-03-04', 'c', TIMESTAMP '2025-03-04 10:00', 5.0),
            ('u', 'old', DATE '2025-03-06', 'd', TIMESTAMP '2025-03-06 10:00', 5.0),
            ('u', 'old', DATE '2025-03-07', 'e', TIMESTAMP '2025-03-07 10:00', 5.0)
            ) AS rows (user_id, item_id, event_day, event_id, event_at, weight)"""
        )
        connection.execute(
            """CREATE TABLE core_undone_interactions AS SELECT * FROM (VALUES
            ('u', 'gone', DATE '2025-03-05', DATE '2025-03-06', 'a2', TIMESTAMP '2025-03-05 11:00', 1.0),
            ('u', 'gone', DATE '2025-03-05', DATE '2025-03-08', NULL, NULL, NULL),
            ('u', 'old', DATE '2025-03-06', DATE '2025-03-07', NULL, NULL, NULL)
            ) AS rows (user_id, item_id, event_day, undone_on, event_id, event_at, weight)"""
        )
        connection.execute("CREATE TABLE feat_user_daily AS SELECT user_id, event_day FROM core_interactions")
    return warehouse


def test_interactions_end_with_the_day_and_know_no_later_item(warehouse):
    assert interactions_until(warehouse, DAY)["event_id"].to_list() == ["a", "b"]


@pytest.mark.parametrize(
    ("day", "ids"),
    [(5, ["a", "b"]), (6, ["b", "a2", "c", "d"]), (7, ["b", "a2", "c", "e"]), (8, ["b", "c", "e"])],
)
def test_a_return_counts_from_its_own_day_on(warehouse, day, ids):
    found = interactions_until(warehouse, dt.date(2025, 3, day))
    assert sorted(found["event_id"]) == sorted(ids)
    assert found.columns == ["user_id", "item_id", "event_day", "event_id", "event_at", "weight"]


def test_truth_is_without_what_was_returned_in_its_window(warehouse):
    found = [interactions_between(warehouse, DAY, dt.date(2025, 3, day))["event_id"].to_list() for day in (6, 7)]
    assert found == [["d"], ["e"]]


def test_what_was_taken_back_is_known_from_the_day_of_the_return(warehouse):
    rows = {day: taken_back_until(warehouse, dt.date(2025, 3, day)).rows() for day in (6, 7, 8)}
    old, gone = ("u", "old", dt.datetime(2025, 3, 6, 10)), ("u", "gone", dt.datetime(2025, 3, 5, 10))
    assert rows == {6: [], 7: [old], 8: [gone, old]}


@pytest.mark.parametrize(
    ("day", "back"), [(5, []), (6, [("a", 6)]), (7, [("a", 6), ("d", 7)]), (8, [("a", 8), ("d", 7)])]
)
def test_what_was_given_back_is_told_as_it_was_also_where_something_is_left(warehouse, day, back):
    rows = given_back_until(warehouse, dt.date(2025, 3, day)).select("event_id", "undone_on").rows()
    assert rows == [(event, dt.date(2025, 3, undone)) for event, undone in back]


def test_truth_begins_after_the_day(warehouse):
    assert interactions_between(warehouse, DAY, dt.date(2025, 3, 6))["event_id"].to_list() == ["d"]


def test_a_later_item_is_unknown_and_a_later_withdrawal_too(warehouse):
    items = items_known(warehouse, DAY)
    assert items["item_id"].to_list() == ["going", "gone", "old", "sold out"]
    assert available(items).to_list() == [True, False, True, False]
    assert items["withdrawn_at"].is_null().to_list() == [True, False, True, True]


@pytest.mark.parametrize(
    ("day", "title", "price"), [(DAY - ONE_DAY, "Once", 1.0), (DAY, "Old", 2.0), (DAY + ONE_DAY, "Later", 3.0)]
)
def test_an_item_is_known_as_it_was_at_the_end_of_the_day(warehouse, day, title, price):
    row = items_known(warehouse, day).filter(item_id="old").row(0, named=True)
    assert (row["title"], row["price"]) == (title, price)
    assert row["first_seen_on"] == dt.date(2025, 3, 1), "known since its first version, whichever holds"


def test_daily_features_end_with_the_day(warehouse):
    assert daily_features_until(warehouse, "feat_user_daily", DAY).height == 3
    with pytest.raises(ValueError, match="no daily feature table"):
        daily_features_until(warehouse, "core_users", DAY)
