"""Tables of comparisons and slices of the built shop, with a fault planted in its lists."""

import datetime as dt

import polars as pl
import pytest

from assets.evaluation.comparisons import compare
from assets.evaluation.slice_findings import check, judge, read_columns, slice_columns
from models.errors import UserError

AS_OF, LAST = dt.date(2025, 9, 17), dt.date(2025, 9, 20)


def graph_of(shop):
    from pipelines.definitions import graph_of as make

    return make(shop.project)


def test_the_final_lists_are_compared_with_every_model(built):
    rows = built.warehouse.read("SELECT * FROM comparisons WHERE partition_day = ?", [LAST])
    pairs = set(rows.select("model", "against").iter_rows())
    others = {"popularity", "recent_popularity", "ease", "sasrec"}
    assert {("recommendations", other) for other in others} <= pairs
    assert {(other, "recent_popularity") for other in others - {"recent_popularity"}} <= pairs
    assert (rows["p_adjusted"] >= rows["p_value"]).all()
    assert set(rows["as_of_day"]) == {AS_OF}
    metrics = built.warehouse.read(
        "SELECT value FROM metrics WHERE model = 'ease' AND metric = 'ndcg' AND k = 5 AND slice = 'all'"
    )
    one = rows.filter((pl.col("model") == "ease") & (pl.col("metric") == "ndcg") & (pl.col("k") == 5))
    assert one["value"][0] == pytest.approx(metrics["value"][0])


def test_a_rebuilt_table_is_the_same_to_the_last_digit(built):
    kept = built.warehouse.read("SELECT * EXCLUDE (partition_day, as_of_day) FROM comparisons")
    again = compare(graph_of(built), built.warehouse, AS_OF)
    assert again.equals(kept.select(again.columns).sort("metric", "k", "model", "against"))


def test_popularity_dressed_up_as_a_model_is_not_better_than_popularity(copied):
    """The final lists are replaced by recent popularity's: no difference, and the p-value says so."""
    copied.sql(
        f"DELETE FROM recommendations WHERE as_of_day = '{AS_OF}'",
        f"""INSERT INTO recommendations BY NAME SELECT as_of_day, user_id, item_id, source_rank AS rank
            FROM candidates WHERE as_of_day = '{AS_OF}' AND source = 'recent_popularity' AND source_rank <= 10""",
    )
    rows = compare(graph_of(copied), copied.warehouse, AS_OF)
    ours = rows.filter((pl.col("model") == "recommendations") & (pl.col("against") == "recent_popularity"))
    assert (ours["difference"] == 0).all() and (ours["p_value"] == 1).all()


def test_lists_that_forget_what_users_take_are_worse_than_the_baseline(copied):
    """Half the users get lists of items nobody takes, the baseline's are perfect; a column says which half."""
    copied.configure(evaluation={"slices": {"part": "parts.part"}, "n_resamples": 2000})
    copied.sql(
        "CREATE TABLE parts AS SELECT user_id, CASE WHEN hash(user_id) % 2 = 0 THEN 'kept' ELSE 'lost' END AS part"
        " FROM core_users",
        f"""UPDATE recommendations SET item_id = 'nothing-' || rank WHERE as_of_day = '{AS_OF}'
            AND user_id IN (SELECT user_id FROM parts WHERE part = 'lost')""",
        "CREATE TEMP TABLE one AS FROM candidates WHERE source = 'recent_popularity' LIMIT 1",
        f"DELETE FROM candidates WHERE source = 'recent_popularity' AND as_of_day = '{AS_OF}'",
        f"""INSERT INTO candidates BY NAME
            SELECT one.* REPLACE (t.user_id AS user_id, t.item_id AS item_id, t.place AS source_rank,
                DATE '{AS_OF}' AS as_of_day)
            FROM one CROSS JOIN (
                SELECT user_id, item_id, row_number() OVER (PARTITION BY user_id ORDER BY item_id)::INT AS place
                FROM (SELECT DISTINCT user_id, item_id FROM core_interactions WHERE event_day > '{AS_OF}') AS later
                ANTI JOIN (FROM core_interactions WHERE event_day <= '{AS_OF}') AS before USING (user_id, item_id)
            ) AS t""",
    )
    found = judge(graph_of(copied), copied.warehouse, AS_OF)
    worse = set(found.filter("is_worse").select("slice", "against").iter_rows())
    assert ("part=lost", "recent_popularity") in worse
    assert not check(found).passed


def test_the_check_names_the_worst_slice():
    row = {"slice": "a=b", "against": "recent_popularity", "value": 0.1, "value_against": 0.2, "is_worse": True}
    result = check(pl.DataFrame([row]))
    assert not result.passed
    assert result.metadata["worst_slice"].value == "a=b: 0.1, theirs 0.2"
    assert check(pl.DataFrame([{**row, "against": "elsewhere"}])).passed


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("core_users.nothing", "core_users has no column nothing"),
        ("nowhere.country", "nowhere has no column country"),
        ("recommendations.rank", "recommendations has 2 of"),
        ("core_users.country.de", "core_users.country is no map, so it has no de"),
        ("event_funnel.n_lines", "event_funnel has 0 of"),
    ],
)
def test_a_column_that_cannot_be_sliced_by_is_refused(built, place, words):
    with pytest.raises(UserError, match=words) as refusal:
        read_columns(built.warehouse, {"x": place}, AS_OF)
    assert refusal.value.where == "evaluation.slices.x"


def test_users_by_where_most_of_their_events_came_from(copied):
    """The context says so; what it says after the as-of day does not count, nor do events without it."""
    copied.configure(events={"context": {"source": "utm"}})
    copied.sql(
        "UPDATE core_events SET context = map {'source': 'mail'} WHERE hash(user_id) % 2 = 0 AND event_type <> 'search'",
        "UPDATE core_events SET context = map {'source': 'search'} WHERE hash(user_id) % 2 = 1",
        f"UPDATE core_events SET context = map {{'source': 'later'}} WHERE event_day > '{AS_OF}'",
    )
    sources = read_columns(copied.warehouse, slice_columns(copied.project.settings), AS_OF)["user_id"]["user_source"]
    assert set(sources["value"]) == {"mail", "search"} and sources["user_id"].is_unique().all()
    found = judge(graph_of(copied), copied.warehouse, AS_OF)
    assert "user_source=search" in set(found["slice"])  # mail has fewer than 20 users to judge
    copied.configure(events={"context": {}})
    without = judge(graph_of(copied), copied.warehouse, AS_OF)
    assert without.filter(pl.col("slice").str.starts_with("user_source=")).is_empty()
