"""Features as of a day, worked out by hand; and nothing of a later day in them."""

import datetime as dt

import duckdb
import polars as pl
import pytest

from assets.features import features_as_of
from resources.as_of import define_macros
from resources.warehouse import Warehouse

DAY = dt.date(2025, 3, 9)  # A Sunday.
TABLES = {
    "feat_user_daily": "user_id VARCHAR, event_day DATE, n_interactions BIGINT",
    "feat_item_daily": "item_id VARCHAR, event_day DATE, n_interactions BIGINT",
    "feat_user_hour_daily": "user_id VARCHAR, event_day DATE, hour_of_day INTEGER, n_events BIGINT",
    "feat_user_category_daily": "user_id VARCHAR, category VARCHAR, event_day DATE, n_items BIGINT, weight DOUBLE",
    "core_item_versions": "item_id VARCHAR, valid_from DATE, valid_to DATE, is_current BOOLEAN, category VARCHAR, "
    "price DOUBLE, is_available BOOLEAN, origin VARCHAR, source_file VARCHAR, source_line BIGINT",
}


def ago(days: int) -> dt.date:
    return DAY - dt.timedelta(days=days)


ROWS = {
    "feat_user_daily": [
        ("ann", ago(0), 3),
        ("ann", ago(6), 1),
        ("ann", ago(7), 4),
        ("ann", ago(28), 8),
        ("ann", ago(35), 16),
        ("quiet", ago(2), 0),
    ],
    "feat_item_daily": [("lamp", ago(14), 2), ("lamp", ago(40), 1)],
    "feat_user_hour_daily": [
        ("ann", ago(0), 9, 2),
        ("ann", ago(1), 9, 1),
        ("ann", ago(2), 20, 3),
        ("ann", ago(83), 20, 1),
        ("ann", ago(84), 3, 50),
    ],
    "feat_user_category_daily": [
        ("ann", "Lamps", ago(0), 1, 3.0),
        ("ann", "Lamps", ago(14), 2, 2.0),
        ("ann", "Chairs", ago(28), 1, 16.0),
    ],
    "core_item_versions": [
        ("lamp", ago(50), ago(10), False, "Lamps", 90.0, True),
        ("lamp", ago(10), None, True, "Lamps", 20.0, True),
        ("cheap lamp", ago(50), None, True, "Lamps", 10.0, True),
        ("same lamp", ago(50), None, True, "Lamps", 20.0, False),
        ("dear lamp", ago(50), None, True, "Lamps", 30.0, True),
        ("free lamp", ago(50), None, True, "Lamps", 0.0, True),
        ("chair", ago(50), None, True, "Chairs", 5.0, True),
    ],
}
LATER = {
    "feat_user_daily": [("ann", ago(-1), 100), ("new", ago(-1), 1)],
    "feat_item_daily": [("lamp", ago(-1), 100)],
    "feat_user_hour_daily": [("ann", ago(-1), 4, 100)],
    "feat_user_category_daily": [("ann", "Lamps", ago(-1), 9, 9.0), ("ann", "Toys", ago(-2), 9, 9.0)],
    "core_item_versions": [
        ("toy", ago(-1), None, True, "Lamps", 1.0, True),
        ("cheap lamp", ago(-1), None, True, "Chairs", 99.0, False),
    ],
}
PAIRS = pl.DataFrame(
    [("ann", "lamp"), ("ann", "chair"), ("quiet", "free lamp"), ("nobody", "nothing"), ("ann", "toy"), ("new", "lamp")],
    schema=["user_id", "item_id"],
    orient="row",
)


def write(warehouse, rows):
    with warehouse.connect() as connection:
        for table, values in rows.items():
            for row in values:
                width = len(TABLES[table].split(", "))
                padded = [*row, *[None] * (width - len(row))]
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * width)})", padded)


def new_lake(folder):
    warehouse = Warehouse(catalog_path=str(folder / "catalog.sqlite"), data_path=str(folder / "data"))
    with warehouse.connect() as connection:
        for table, columns in TABLES.items():
            connection.execute(f"CREATE TABLE {table} ({columns})")
    write(warehouse, ROWS)
    return warehouse


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    return new_lake(tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def features(warehouse):
    found = features_as_of(warehouse, PAIRS, DAY)
    return {(row["user_id"], row["item_id"]): row for row in found.iter_rows(named=True)}


def test_counts_recency_trend_and_decay_of_a_user(features):
    ann = features["ann", "lamp"]
    assert (ann["user_n_interactions_7d"], ann["user_n_interactions_28d"], ann["user_n_interactions"]) == (4, 8, 32)
    assert (ann["user_recency_days"], ann["user_tenure_days"]) == (0, 35)
    assert ann["user_trend"] == pytest.approx(0.3219280948873623)  # log2((4 + 1) / ((4 + 8) / 4 + 1))
    half = [3, 1 / 2 ** (6 / 14), 4 / 2 ** (7 / 14), 8 / 4, 16 / 2 ** (35 / 14)]
    assert ann["user_decayed_interactions"] == pytest.approx(sum(half), abs=1e-8)
    quiet = features["quiet", "free lamp"]
    assert (quiet["user_n_interactions"], quiet["user_recency_days"], quiet["user_trend"]) == (0, None, 0.0)


def test_habits_of_twelve_weeks(features):
    """Hour 9 three times, hour 20 four times; two of the seven events on the Sunday and one on the Saturday."""
    ann = features["ann", "lamp"]
    assert ann["user_usual_hour"] == 20
    assert ann["user_usual_hour_share"] == pytest.approx(4 / 7)
    assert ann["user_weekend_share"] == pytest.approx(3 / 7)


def test_an_item_has_its_price_of_the_day_and_its_place_among_those_of_the_category(features):
    """Of 10, 20, 20 and 30 the two in the middle lie at the middle; a price of 0 says nothing."""
    lamp = features["ann", "lamp"]
    assert (lamp["item_price"], lamp["item_category"], lamp["item_price_position"]) == (20.0, "Lamps", 0.5)
    assert features["ann", "chair"]["item_price_position"] == 0.5
    assert features["quiet", "free lamp"]["item_price_position"] is None
    assert (lamp["item_n_interactions"], lamp["item_recency_days"]) == (3, 14)
    assert lamp["item_decayed_interactions"] == pytest.approx(1 + 0.5 ** (40 / 14), abs=1e-8)


def test_a_user_and_the_category_of_the_item(features):
    lamps, chairs = features["ann", "lamp"], features["ann", "chair"]
    assert (lamps["category_n_items_28d"], lamps["category_n_items"], lamps["category_recency_days"]) == (3, 3, 0)
    assert (lamps["category_decayed_weight"], chairs["category_decayed_weight"]) == (4.0, 4.0)
    assert lamps["category_share"] == 0.5 and chairs["category_n_items_28d"] == 0


def test_what_is_unknown_is_null_and_rows_keep_their_order(warehouse):
    found = features_as_of(warehouse, PAIRS, DAY)
    assert found.select("user_id", "item_id").equals(PAIRS)
    unknown = found.filter(user_id="nobody").drop("user_id", "item_id")
    assert all(value is None for value in unknown.row(0))


def test_nothing_after_a_day_changes_a_feature_of_it(warehouse, tmp_path):
    before = features_as_of(warehouse, PAIRS, DAY)
    planted = new_lake(tmp_path)
    with planted.connect() as connection:
        connection.execute(f"UPDATE core_item_versions SET valid_to = '{ago(-1)}' WHERE item_id = 'cheap lamp'")
    write(planted, LATER)
    assert features_as_of(planted, PAIRS, DAY).equals(before)
    assert not features_as_of(planted, PAIRS, ago(-1)).equals(features_as_of(warehouse, PAIRS, ago(-1)))


def test_a_macro_whose_tables_are_missing_is_left_out(tmp_path):
    warehouse = Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=str(tmp_path / "data"))
    with warehouse.connect() as connection:
        connection.execute(
            "CREATE TABLE core_item_versions AS SELECT 'i' AS item_id, DATE '2025-01-01' AS valid_from, "
            "NULL::DATE AS valid_to, true AS is_current, '' AS origin, '' AS source_file, 1 AS source_line"
        )
        define_macros(connection)
        with pytest.raises(duckdb.CatalogException, match="user_features_as_of"):
            connection.execute("FROM user_features_as_of(DATE '2025-01-01')")
        known = "SELECT item_id FROM items_as_of(DATE '{}')"
        assert connection.execute(known.format("2025-01-01")).fetchall() == [("i",)]
        assert connection.execute(known.format("2024-12-31")).fetchall() == []
