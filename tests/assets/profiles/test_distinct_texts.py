import polars as pl
import pytest

from assets.profiles.checks import distinct_texts, item_profile_checks

SUITE = "item_profiles_keep_their_suite"


def catalogue(titles: list[str | None]) -> pl.DataFrame:
    columns = {name: pl.Series([None] * len(titles), dtype=pl.Utf8) for name in ("description", "category", "brand")}
    return pl.DataFrame({"item_id": [f"i{n}" for n in range(len(titles))], "title": titles, **columns})


@pytest.mark.parametrize(
    ("titles", "share"), [(["a", "b"], 1.0), (["a", "a", "b", "b"], 0.5), ([None, None], 0.5), ([], 1.0)]
)
def test_items_that_share_their_texts(titles, share):
    frame = catalogue(titles).with_columns(pl.col("title").cast(pl.Utf8))
    assert distinct_texts(frame) == share


def test_summaries_may_repeat_as_often_as_texts_do_and_not_ten_times_as_often(built):
    """The same summary for all: right for a grocer with one text for everything, a collapse for the built shop."""
    profiles = built.warehouse.read("SELECT * FROM item_profiles WHERE as_of_day = '2025-09-20' ORDER BY item_id")
    same = profiles.with_columns(summary=pl.lit("An item."))
    known = catalogue(profiles["item_id"].to_list()).with_columns(item_id=profiles["item_id"])
    outcomes = {
        name: {result.check_name: result.passed for result in item_profile_checks(same, items)}[SUITE]
        for name, items in (("own texts", known), ("one text", known.with_columns(title=pl.lit("x"))))
    }
    assert outcomes == {"own texts": False, "one text": True}
