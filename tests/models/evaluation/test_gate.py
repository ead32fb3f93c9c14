import polars as pl
import pytest

from models.evaluation.gate import compare_with_release


def rows(*values: tuple) -> pl.DataFrame:
    """Rows of (model, metric, value, ci_high)."""
    return pl.DataFrame(
        [(model, metric, 10, "all", value, high) for model, metric, value, high in values],
        schema={
            "model": pl.String,
            "metric": pl.String,
            "k": pl.Int32,
            "slice": pl.String,
            "value": pl.Float64,
            "ci_high": pl.Float64,
        },
        orient="row",
    )


THEN = rows(("recommendations", "ndcg", 0.100, 0.110))


@pytest.mark.parametrize(
    ("value", "ci_high", "fails"),
    [
        (0.094, 0.099, True),
        (0.094, 0.101, False),
        (0.094, 0.100, False),
        (0.096, 0.0999, False),
        (0.120, 0.130, False),
        (0.094, None, True),
    ],
    ids=["large and sure", "large, may be chance", "the end touches", "small", "better", "no interval"],
)
def test_fails_only_where_the_fall_is_large_and_sure(value, ci_high, fails):
    failed = compare_with_release(rows(("recommendations", "ndcg", value, ci_high)), THEN)
    assert len(failed) == fails
    if fails:
        assert failed.row(0, named=True) == {
            "model": "recommendations",
            "metric": "ndcg",
            "k": 10,
            "slice": "all",
            "value_then": 0.1,
            "value_now": value,
            "ci_high_now": ci_high,
            "tolerance": 0.05,
            "reason": "fell",
        }


def test_tolerances_by_slice():
    """Slices are not looked at unless they are named, with a limit of their own."""
    then, now = (
        pl.concat([rows(("recommendations", "recall", 0.2, 0.21)), low.with_columns(slice=pl.lit("activity=low"))])
        for low in (rows(("recommendations", "recall", 0.2, 0.21)), rows(("recommendations", "recall", 0.15, 0.16)))
    )
    assert compare_with_release(now, then).is_empty()
    assert compare_with_release(now, then, {"recall[activity=low]": 0.3}).is_empty()
    assert compare_with_release(now, then, {"recall[activity=high]": 0.1}).is_empty()
    found = compare_with_release(now, then, {"recall[activity=low]": 0.2})
    assert found.select("metric", "slice", "tolerance").rows() == [("recall", "activity=low", 0.2)]


def test_tolerances_by_metric():
    now = rows(("recommendations", "ndcg", 0.094, 0.095))
    assert compare_with_release(now, THEN, {"ndcg": 0.1}).is_empty()
    assert len(compare_with_release(now, THEN, {"recall": 0.1})) == 1
    assert len(compare_with_release(rows(("recommendations", "ndcg", 0.0999, 0.0999)), THEN, {"ndcg": 0.0})) == 1


def test_only_named_list_metrics_are_gated():
    then, now = rows(("recommendations", "coverage", 0.5, None)), rows(("recommendations", "coverage", 0.2, None))
    assert compare_with_release(now, then).is_empty()
    assert len(compare_with_release(now, then, {"coverage": 0.2})) == 1


def test_only_the_slice_of_all_users_is_gated():
    now = pl.concat([THEN, rows(("recommendations", "ndcg", 0.01, 0.02)).with_columns(slice=pl.lit("activity=low"))])
    then = pl.concat([THEN, THEN.with_columns(slice=pl.lit("activity=low"))])
    assert compare_with_release(now, then).is_empty()


def test_retrievers_may_come_and_go_but_the_required_model_may_not():
    then = pl.concat([THEN, rows(("ease", "ndcg", 0.2, 0.3))])
    now = pl.concat([THEN, rows(("sasrec", "ndcg", 0.001, 0.002))])
    assert compare_with_release(now, then).is_empty()
    failed = compare_with_release(rows(("sasrec", "ndcg", 0.5, 0.6)), then)
    assert failed.select("model", "reason", "value_now").rows() == [("recommendations", "missing", None)]
    assert compare_with_release(rows(("sasrec", "ndcg", 0.5, 0.6)), then, required_model="none").is_empty()


def test_the_first_release_passes():
    assert compare_with_release(THEN, THEN.clear()).is_empty()


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        compare_with_release(THEN, THEN, {"ndcg": 1.0})
    with pytest.raises(ValueError, match="two rows"):
        compare_with_release(pl.concat([THEN, THEN]), THEN)
