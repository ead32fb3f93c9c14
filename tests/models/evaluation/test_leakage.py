from datetime import date

import polars as pl

from models.evaluation.leakage import leaked_rows


def test_clean_lists_and_training_have_no_offenders(make_list, before, items, as_of):
    assert leaked_rows({"ease": make_list(u="cd")}, before, items, as_of).is_empty()


def test_each_kind_of_leak_is_returned(make_list, before, after, items, as_of):
    found = leaked_rows({"ease": make_list(u="an", v="?")}, pl.concat([before, after.head(1)]), items, as_of)
    assert found.rows() == [
        ("item_first_known_later", "ease", "u", "n", date(2026, 4, 1)),
        ("item_not_in_catalogue", "ease", "v", "?", None),
        ("trained_on_later_interaction", None, "u", "a", date(2026, 4, 1)),
    ]


def test_no_lists_still_audit_the_training(after, items, as_of):
    assert len(leaked_rows({}, after, items, as_of)) == len(after)
