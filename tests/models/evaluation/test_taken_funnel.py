import polars as pl
import pytest

from models.evaluation.take_rates import share_of
from models.evaluation.taken_funnel import SOURCES_SCHEMA, STAGES_SCHEMA, taken_funnel


def pairs(*rows: str) -> pl.DataFrame:
    """`a:x` is user a, item x."""
    return pl.DataFrame([tuple(row.split(":")) for row in rows], schema=["user_id", "item_id"], orient="row")


TAKEN = pairs("a:x", "a:y", "a:z", "b:x", "b:new", "c:x", "d:x")
CATALOGUE = pl.Series(["x", "y", "z", "w"])
SERVED = pl.DataFrame(
    [("ease", "a", 3), ("ease", "b", 1), ("sasrec", "a", 3), ("sasrec", "d", 2)],
    schema=["source", "user_id", "n_candidates"],
    orient="row",
)
OFFERED = pl.DataFrame(
    [("ease", "a", "x"), ("ease", "a", "y"), ("ease", "b", "x"), ("sasrec", "a", "x"), ("sasrec", "d", "w")],
    schema=["source", "user_id", "item_id"],
    orient="row",
)
LISTS = pl.DataFrame(
    [("a", 1, "w"), ("a", 2, "x"), ("a", 3, "y"), ("b", 1, "x")], schema=["user_id", "rank", "item_id"], orient="row"
)


@pytest.fixture
def funnel():
    return taken_funnel(TAKEN, CATALOGUE, SERVED, OFFERED, LISTS, k=2)


def test_every_step_loses_what_it_must(funnel):
    assert funnel.stages.rows() == [
        ("taken", 7, 4),
        ("known", 6, 4),  # b:new came after the as-of day
        ("served", 5, 3),  # c was given nothing
        ("offered", 3, 2),  # a:z and d:x were no candidates
        ("listed", 2, 2),  # a:y stands third
        ("first", 1, 1),  # b:x
    ]


def test_recall_of_each_retriever_and_what_only_it_found(funnel):
    found = funnel.sources.select("source", "n_offered_per_user", "n_found", "n_alone", "recall").rows()
    assert found == [("ease", 4 / 3, 3, 2, 3 / 5), ("sasrec", 5 / 3, 1, 0, 1 / 5)]
    ease = funnel.sources.row(0, named=True)
    assert (ease["ci_low"], ease["ci_high"]) == share_of([2, 1, 0], [3, 1, 1])[1:]


def test_a_retriever_that_found_nothing_is_listed_all_the_same():
    nothing = OFFERED.filter(pl.col("source") == "ease")
    sources = taken_funnel(TAKEN, CATALOGUE, SERVED, nothing, LISTS, 2).sources
    assert sources.select("source", "n_found", "recall").rows()[1] == ("sasrec", 0, 0.0)


def test_a_candidate_twice_counts_once():
    twice = pl.concat([OFFERED, OFFERED])
    assert taken_funnel(TAKEN, CATALOGUE, SERVED, twice, LISTS, 2).sources["n_found"].to_list() == [3, 1]


def test_with_nothing_taken_all_is_zero():
    funnel = taken_funnel(TAKEN.clear(), CATALOGUE, SERVED, OFFERED.clear(), LISTS, 2)
    assert funnel.stages["n_items"].to_list() == [0] * 6
    assert funnel.sources.is_empty()
    assert (funnel.stages.schema, funnel.sources.schema) == (STAGES_SCHEMA, SOURCES_SCHEMA)


def test_what_is_on_a_list_without_having_been_offered_is_no_gain():
    """Stages are parts of each other, whatever somebody has written into a table."""
    lists = pl.DataFrame({"user_id": ["d"], "rank": [1], "item_id": ["x"]})
    assert taken_funnel(TAKEN, CATALOGUE, SERVED, OFFERED, lists, 2).stages["n_items"].to_list() == [7, 6, 5, 3, 0, 0]
