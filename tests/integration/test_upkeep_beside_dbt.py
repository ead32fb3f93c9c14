"""Maintenance merges files; dbt, which writes with a connection of its own, would not try again where the two collide."""

import datetime as dt

import pytest

pytestmark = pytest.mark.slow


def test_dbt_keeps_upkeep_away(copied, upkeep_during_dbt):
    assert upkeep_during_dbt(copied, dt.date(2025, 9, 20)) == "something has been writing to the lake for 0 s"
    with copied.warehouse.alone(patience_seconds=0):
        assert copied.warehouse.has_table("core_events")
