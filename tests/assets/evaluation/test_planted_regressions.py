"""What must not go out, planted in the lists of a built shop."""

import datetime as dt

import polars as pl
import pytest

from assets.evaluation.checks import check_gate, tolerances
from assets.evaluation.scoring import read_window, score_lists
from assets.evaluation.slice_findings import judge
from pipelines.definitions import graph_of
from resources.warehouse import insert

AS_OF, LAST = dt.date(2025, 9, 17), dt.date(2025, 9, 20)


@pytest.fixture
def shop(copied):
    """Its final lists as of a day hold what the users took next: there is something to lose."""
    taken = read_window(copied.warehouse, AS_OF, LAST).truth.relevant
    ranked = taken.with_columns(rank=pl.int_range(1, pl.len() + 1).over("user_id"))
    serve(copied, ranked.filter(pl.col("rank") <= 10))
    return copied


def serve(shop, lists: pl.DataFrame) -> None:
    """Make `user_id, rank, item_id` the final lists."""

    def transaction(connection) -> None:
        connection.execute("DELETE FROM recommendations WHERE as_of_day = ?", [AS_OF])
        insert(connection, "recommendations", lists.with_columns(as_of_day=pl.lit(AS_OF)))

    shop.warehouse.write(transaction)


def score(shop) -> pl.DataFrame:
    return score_lists(graph_of(shop.project), shop.warehouse, AS_OF, LAST)


def of_final(metrics: pl.DataFrame) -> pl.DataFrame:
    return metrics.filter(pl.col("model") == "recommendations")


def test_popularity_dressed_up_as_a_model_does_not_pass_the_gate(shop):
    """Everybody gets the same ten items, in valid lists of the right length: only what users did tells."""
    released = of_final(score(shop))
    allowed = tolerances(shop.project.settings.checks)
    assert check_gate(score(shop), released, allowed).passed, "the same lists again"
    users = shop.warehouse.read("SELECT DISTINCT user_id FROM recommendations WHERE as_of_day = ?", [AS_OF])
    popular = shop.warehouse.read(
        """SELECT item_id FROM core_interactions WHERE event_day <= ?
        GROUP BY item_id ORDER BY count(*) DESC, item_id LIMIT 10""",
        [AS_OF],
    ).with_row_index("rank", offset=1)
    serve(shop, users.join(popular, how="cross"))
    result = check_gate(score(shop), released, allowed)
    assert not result.passed
    assert "ndcg" in result.metadata["fallen"].value and "fell" in result.metadata["fallen"].value


def test_a_retriever_that_forgets_an_aisle_is_found_in_it(shop):
    """Half of the shop vanishes from the lists and the others move up. A line of config names the halves."""
    shop.configure(evaluation={"slices": {"aisle": "aisles.aisle"}})
    halves = "CASE WHEN hash(item_id) % 2 = 0 THEN 'left' ELSE 'right' END"
    shop.sql(f"CREATE TABLE aisles AS SELECT item_id, {halves} AS aisle FROM core_items")
    graph = graph_of(shop.project)
    sql = """SELECT r.user_id, r.item_id, row_number() OVER (PARTITION BY r.user_id ORDER BY r.rank)::INT AS rank
        FROM recommendations AS r JOIN aisles USING (item_id) WHERE as_of_day = ? AND aisle = 'left'"""
    kept = shop.warehouse.read(sql, [AS_OF])
    assert worse(judge(graph, shop.warehouse, AS_OF)) == set()
    serve(shop, kept)
    assert worse(judge(graph, shop.warehouse, AS_OF)) == {"aisle=right"}


def worse(findings: pl.DataFrame) -> set[str]:
    """Aisles in which the final lists are worse than elsewhere, or than the baseline's."""
    return set(findings.filter(pl.col("is_worse") & pl.col("slice").str.starts_with("aisle="))["slice"])
