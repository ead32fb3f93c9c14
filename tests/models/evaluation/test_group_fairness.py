from math import isnan

import numpy as np
import polars as pl
import pytest

from models.evaluation.group_fairness import group_fairness

VALUES = pl.DataFrame({"user_id": list("uvwxy"), "value": [1.0, 0.5, 0.25, 0.0, float("nan")]})
GROUPS = pl.DataFrame({"user_id": list("uvwyz"), "group": ["old", "old", "new", "new", "new"]})


def test_by_hand():
    found = group_fairness(VALUES, GROUPS)
    assert found.groups.rows() == [("old", 2, 3 / 4), ("new", 1, 1 / 4), ("unknown", 1, 0.0)]
    assert (found.difference, found.ratio, found.worst_group) == (3 / 4, 0, "unknown")
    found = group_fairness(VALUES.head(3), GROUPS)
    assert (found.difference, found.ratio, found.worst_group) == (1 / 2, pytest.approx(1 / 3), "new")


def test_agrees_with_a_loop():
    generator = np.random.default_rng(0)
    users = [f"u{number}" for number in range(200)]
    values = pl.DataFrame({"user_id": users, "value": generator.random(200)})
    groups = pl.DataFrame({"user_id": users, "group": generator.integers(4, size=200)})
    means = []
    for group in range(4):
        members = [value for value, name in zip(values["value"], groups["group"], strict=True) if name == group]
        means.append(sum(members) / len(members))
    found = group_fairness(values.sample(fraction=1, shuffle=True, seed=1), groups)
    assert found.difference == pytest.approx(max(means) - min(means))
    assert found.ratio == pytest.approx(min(means) / max(means))
    assert found.worst_group == str(np.argmin(means))


def test_small_groups_and_cases_without_a_comparison():
    found = group_fairness(VALUES, GROUPS, min_users=2)
    assert found.groups["group"].to_list() == ["old"]
    assert isnan(found.difference) and isnan(found.ratio) and found.worst_group == "old"
    nobody = group_fairness(VALUES.clear(), GROUPS)
    assert isnan(nobody.difference) and nobody.worst_group is None
    zeros = group_fairness(VALUES.with_columns(value=pl.lit(0.0)), GROUPS)
    assert zeros.difference == 0 and isnan(zeros.ratio) and zeros.worst_group == "new"


@pytest.mark.parametrize(
    ("values", "groups", "min_users", "message"),
    [
        (pl.concat([VALUES, VALUES]), GROUPS, 1, "values has two rows"),
        (VALUES, pl.concat([GROUPS, GROUPS]), 1, "attribute has two rows"),
        (VALUES, GROUPS, 0, "min_users"),
    ],
)
def test_refuses_what_cannot_be_compared(values, groups, min_users, message):
    with pytest.raises(ValueError, match=message):
        group_fairness(values, groups, min_users)
