"""`policy_values` reads nothing later than its day, and every setting of its section is heard."""

import datetime as dt
import re

import polars as pl
import pytest

from assets.evaluation.policy_values import COLUMNS, check_mean_weight, values_between
from models.evaluation.off_policy.policy_values import SCHEMA
from resources.settings_sections import OffPolicy
from resources.warehouse import Warehouse

FIRST, LAST = dt.date(2025, 3, 1), dt.date(2025, 3, 4)
# 400 impressions a day for 6 days; two items are as likely; every tenth is clicked, every twentieth on the next day.
IMPRESSIONS = """CREATE TABLE core_impressions AS
    SELECT format('e{:03}', n) AS event_id, DATE '2025-03-01' + d::INTEGER AS event_day, 'u' || n AS user_id,
        'i' || (n % 2) AS item_id, 'l' || (n // 2) AS impression_id, 1 + n % 2 AS position, 0.5 AS propensity,
        CASE WHEN n % 10 < 2 THEN event_day + (n % 20 < 2)::INTEGER END AS click_event_day
    FROM range(400) AS numbers(n), range(6) AS days(d)"""
LISTS = """CREATE TABLE recommendations AS
    SELECT DATE '2025-02-28' + d::INTEGER AS as_of_day, 'u' || n AS user_id, r::INTEGER AS rank, 'i' || (r % 2) AS item_id
    FROM range(400) AS numbers(n), range(1, 3) AS ranks(r), range(6) AS days(d)"""


@pytest.fixture
def warehouse(tmp_path):
    warehouse = Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=str(tmp_path / "data"))
    with warehouse.connect() as connection:
        connection.execute(IMPRESSIONS)
        connection.execute(LISTS)
    return warehouse


def row(frame: pl.DataFrame, policy: str, estimator: str = "ips") -> dict:
    return frame.row(by_predicate=(pl.col("policy") == policy) & (pl.col("estimator") == estimator), named=True)


def test_impressions_of_the_window_and_clicks_up_to_its_end(warehouse):
    logged = row(values_between(warehouse, OffPolicy(), FIRST, LAST), "logged", "mean")
    assert logged["n_impressions"] == 4 * 400
    assert logged["n_clicks"] == 4 * 80 - 40  # Of the last day, those of the day after are not known yet.


def test_what_happens_later_changes_nothing(warehouse):
    before = values_between(warehouse, OffPolicy(), FIRST, LAST)
    with warehouse.connect() as connection:
        connection.execute(f"DELETE FROM core_impressions WHERE event_day > '{LAST}'")
        connection.execute(f"DELETE FROM recommendations WHERE as_of_day >= '{LAST}'")
        connection.execute(f"UPDATE core_impressions SET click_event_day = NULL WHERE click_event_day > '{LAST}'")
    assert values_between(warehouse, OffPolicy(), FIRST, LAST).equals(before)
    assert row(before, "recommendations")["n_impressions"] == 4 * 400


def test_a_day_whose_lists_are_for_others_hides_older_lists(warehouse):
    with warehouse.connect() as connection:
        connection.execute("DELETE FROM recommendations WHERE as_of_day > DATE '2025-03-01'")
        connection.execute("INSERT INTO recommendations VALUES (DATE '2025-03-02', 'somebody else', 1, 'i1')")
    found = row(values_between(warehouse, OffPolicy(), FIRST, LAST), "recommendations")
    assert found["n_impressions"] == 2 * 400  # Lists of 28 February and 1 March, for one day each.


def test_without_lists_there_is_a_reason(warehouse):
    with warehouse.connect() as connection:
        connection.execute("DROP TABLE recommendations")
    found = values_between(warehouse, OffPolicy(), FIRST, LAST)
    assert row(found, "recommendations")["refused_because"].startswith("no list was made")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"min_effective_sample": 100_000}, "effective sample size"),
        ({"min_effective_clicks": 100_000}, "clicks|rewards"),
    ],
)
def test_limits_are_those_of_the_settings(warehouse, changed, reason):
    assert row(values_between(warehouse, OffPolicy(), FIRST, LAST), "uniform")["refused_because"] is None
    found = row(values_between(warehouse, OffPolicy(**changed), FIRST, LAST), "uniform")["refused_because"]
    assert re.search(reason, found)


def test_above_so_many_impressions_whole_users_are_left_out(warehouse):
    found = values_between(warehouse, OffPolicy(max_impressions=1000), FIRST, LAST)
    n = row(found, "logged", "mean")["n_impressions"]
    assert found["user_share"].unique().to_list() == [1000 / 1600]
    assert 900 < n < 1100 and n % 4 == 0, "each user has one a day"
    assert values_between(warehouse, OffPolicy(max_impressions=1000), FIRST, LAST).equals(found)
    assert values_between(warehouse, OffPolicy(), FIRST, LAST)["user_share"].unique().to_list() == [1]


def test_max_weight_and_missing_mass_are_those_of_the_settings(warehouse):
    with warehouse.connect() as connection:
        connection.execute("UPDATE core_impressions SET propensity = 0.4, impression_id = NULL")
    clipped = row(values_between(warehouse, OffPolicy(max_weight=1.2), FIRST, LAST), "uniform", "clipped_ips")
    assert clipped["mean_weight"] == pytest.approx(1.2)
    assert clipped["refused_because"].endswith("propensities are not those of the log")
    loose = row(values_between(warehouse, OffPolicy(max_missing_mass=0.3), FIRST, LAST), "uniform")
    assert loose["refused_because"] is None


def test_what_a_propensity_is_given_is_that_of_the_settings(warehouse):
    with warehouse.connect() as connection:
        connection.execute("UPDATE core_impressions SET user_id = 'u' || (user_id[2:]::INTEGER // 2)")
    above = row(values_between(warehouse, OffPolicy(), FIRST, LAST), "uniform")
    anywhere = row(values_between(warehouse, OffPolicy(propensity_given="position"), FIRST, LAST), "uniform")
    # Below the other item only one is left, so half of the chances are 1; the log says 1/2.
    assert (above["mean_weight"], anywhere["mean_weight"]) == (1.5, 1)


def test_the_check_warns_of_propensities_that_are_too_small(warehouse):
    assert check_mean_weight(values_between(warehouse, OffPolicy(), FIRST, LAST)).passed
    with warehouse.connect() as connection:
        connection.execute("UPDATE core_impressions SET propensity = 0.2")
    found = check_mean_weight(values_between(warehouse, OffPolicy(), FIRST, LAST))
    assert not found.passed
    assert "propensity_given" in found.metadata["note"].value


def test_the_table_has_the_columns_of_the_values():
    assert list(COLUMNS) == ["as_of_day", "first_day", "user_share", *SCHEMA]


def test_lists_are_read_down_to_the_last_position_of_anyone(warehouse):
    """Each user is shown one position, and the list has what stood there at the other."""
    found = values_between(warehouse, OffPolicy(propensity_given="position"), FIRST, LAST)
    assert row(found, "recommendations")["zero_weight_share"] == 1
    exposed = row(found, "recommendations", "position_based")
    assert (exposed["n_impressions"], exposed["zero_weight_share"], exposed["unsupported_share"]) == (4 * 400, 0, 0)
    assert exposed["refused_because"] is None
