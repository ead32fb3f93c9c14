"""The output folder may be moved: the catalogue then names a data folder that is no longer there."""

import pytest

pytestmark = pytest.mark.slow


def test_a_moved_lake_is_built_on(new_lake):
    lake = new_lake()
    event = {"user_id": "u", "item_id": "i"}
    lake.load_day("2025-01-01", [event | {"event_id": "a", "event_at": "2025-01-01 10:00:00"}])
    lake.run_days("2025-01-01")
    lake.folder = lake.folder.rename(lake.folder.with_name("moved"))
    lake.load_day("2025-01-02", [event | {"event_id": "b", "event_at": "2025-01-02 10:00:00"}])
    lake.run_days("2025-01-02")
    assert lake.sql("select event_id from core_events order by event_id") == [("a",), ("b",)]
