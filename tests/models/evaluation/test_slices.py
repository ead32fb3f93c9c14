import polars as pl

from models.evaluation.slices import user_slices


def slices_of(frame: pl.DataFrame, user: str) -> set[str]:
    return set(frame.filter(pl.col("user_id") == user)["slice"])


def test_terciles_and_tenure(interaction_rows, as_of):
    rows = [(f"u{length}", f"i{number}", -number) for length in range(1, 10) for number in range(length)]
    rows += [("old", "a", -28), ("new", "a", -6), ("week", "a", -7), ("month", "a", -27)]
    found = user_slices(pl.Series([f"u{length}" for length in range(1, 10)]), interaction_rows(rows), as_of)
    for length in range(1, 10):
        activity = ["low", "medium", "high"][(length - 1) // 3]
        tenure = "under_7_days" if length < 8 else "7_to_27_days"
        assert slices_of(found, f"u{length}") == {"all", f"activity={activity}", f"tenure={tenure}"}
    ages = user_slices(pl.Series(["old", "new", "week", "month"]), interaction_rows(rows), as_of)
    assert "tenure=28_days_or_more" in slices_of(ages, "old")
    assert "tenure=under_7_days" in slices_of(ages, "new")
    assert "tenure=7_to_27_days" in slices_of(ages, "week") & slices_of(ages, "month")


def test_equal_lengths_stay_together(interaction_rows, as_of):
    rows = [(user, item, 0) for user in "uvwxyz" for item in "ab"]
    found = user_slices(pl.Series(list("uvwxyz")), interaction_rows(rows), as_of)
    assert set(found.filter(pl.col("slice").str.starts_with("activity"))["slice"]) == {"activity=low"}


def test_users_without_a_past_are_in_all_only(before, as_of):
    assert slices_of(user_slices(pl.Series(["u", "nobody"]), before, as_of), "nobody") == {"all"}
    assert user_slices(pl.Series(["nobody"]), before, as_of).rows() == [("nobody", "all")]
