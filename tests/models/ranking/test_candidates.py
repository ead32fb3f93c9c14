import polars as pl
import pytest

from models.ranking.candidates import merge_candidates, sources_of

ROWS = pl.DataFrame(
    {
        "user_id": ["u", "u", "u", "v", "u"],
        "item_id": ["a", "a", "b", "a", "c"],
        "source": ["sasrec", "ease", "ease", "ease", "sasrec"],
        "source_rank": [2, 1, 2, 1, 1],
        "source_score": [0.5, 9.0, 8.0, 7.0, 0.9],
    }
)


def test_one_row_per_pair_with_each_sources_rank_and_score():
    merged = merge_candidates(ROWS)
    assert merged.select("user_id", "item_id").rows() == [("u", "a"), ("u", "b"), ("u", "c"), ("v", "a")]
    assert merged["rank_ease"].to_list() == [1, 2, None, 1]
    assert merged["score_ease"].to_list() == [9.0, 8.0, None, 7.0]
    assert merged["rank_sasrec"].to_list() == [2, None, 1, None]
    assert merged["score_sasrec"].to_list() == [0.5, None, 0.9, None]
    assert merged["n_sources"].to_list() == [2, 1, 1, 1]
    assert merged["best_rank"].to_list() == [1, 2, 1, 1]
    assert merged["best_source"].to_list() == ["ease", "ease", "sasrec", "ease"]
    assert merged["sources"].to_list() == [["ease", "sasrec"], ["ease"], ["sasrec"], ["ease"]]


def test_row_order_does_not_matter():
    assert merge_candidates(ROWS.reverse()).equals(merge_candidates(ROWS))


def test_equal_ranks_go_to_the_name_that_sorts_first():
    tied = ROWS.head(2).with_columns(source_rank=pl.lit(3))
    assert merge_candidates(tied)["best_source"].to_list() == ["ease"]


def test_a_pair_offered_twice_keeps_its_better_rank():
    twice = pl.concat([ROWS, ROWS.head(1).with_columns(source_rank=pl.lit(9, pl.Int64), source_score=pl.lit(0.1))])
    assert merge_candidates(twice).equals(merge_candidates(ROWS))


def test_a_source_without_candidates_still_has_its_columns():
    merged = merge_candidates(ROWS, ["ease", "sasrec", "popularity"])
    assert sources_of(merged) == ["ease", "sasrec", "popularity"]
    assert merged["rank_popularity"].null_count() == len(merged)
    assert merged.schema["score_popularity"] == pl.Float64


def test_no_candidates_give_no_rows():
    assert merge_candidates(ROWS.clear(), ["ease"]).columns[:4] == ["user_id", "item_id", "rank_ease", "score_ease"]


@pytest.mark.parametrize(
    ("rows", "sources", "message"),
    [
        (ROWS, ["ease"], "sasrec"),
        (ROWS.with_columns(source_rank=pl.lit(0)), None, "1-based"),
        (ROWS.with_columns(source_rank=pl.lit(None, pl.Int64)), None, "1-based"),
        (ROWS.with_columns(source=pl.lit("Two Towers")), None, "snake_case"),
    ],
)
def test_what_cannot_be_merged_is_refused(rows, sources, message):
    with pytest.raises(ValueError, match=message):
        merge_candidates(rows, sources)
