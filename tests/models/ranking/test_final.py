import polars as pl
import pytest

from models.ranking.final import final_list

SCORED = pl.DataFrame(
    {
        "user_id": ["v", "u", "u", "u"],
        "item_id": ["a", "c", "b", "a"],
        "score": [0.5, 2.0, 2.0, 1.0],
        "best_source": ["ease", "ease", "sasrec", "ease"],
        "sources": [["ease"], ["ease"], ["sasrec", "ease"], ["ease"]],
    }
)


def test_best_first_ties_by_item_id_and_short_lists_stay_short():
    assert final_list(SCORED, 2).rows() == [
        ("u", 1, "b", 2.0, "sasrec", ["sasrec", "ease"]),
        ("u", 2, "c", 2.0, "ease", ["ease"]),
        ("v", 1, "a", 0.5, "ease", ["ease"]),
    ]


def test_row_order_does_not_matter():
    assert final_list(SCORED.reverse(), 3).equals(final_list(SCORED, 3))


@pytest.mark.parametrize("score", [None, float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_refused(score):
    with pytest.raises(ValueError, match="finite"):
        final_list(SCORED.with_columns(score=pl.lit(score, pl.Float64)), 2)


def test_a_repeated_pair_and_a_bad_k_are_refused():
    with pytest.raises(ValueError, match="twice"):
        final_list(pl.concat([SCORED, SCORED]), 2)
    with pytest.raises(ValueError, match="at least 1"):
        final_list(SCORED, 0)
