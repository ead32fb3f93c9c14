import datetime as dt
from pathlib import Path

import pytest

from assets.events.source_schemas import look_at, remember
from models.errors import UserError
from models.events.files import list_source_files
from pipelines.plan import plan_days
from pipelines.storage import warehouse_of
from resources.settings import load_project

COLUMNS = {"user_id": "user", "item_id": "item", "event_type": "type", "event_at": "at", "price": "price"}


def deliver(folder: Path, day: int, price: str) -> None:
    row = f"u,i,click,2025-09-{day:02} 10:00:00,9.5\n"
    (folder / "logs").mkdir(exist_ok=True)
    (folder / "logs" / f"2025-09-{day:02}.csv").write_text(f"user,item,type,at,{price}\n{row}")


def test_a_build_is_refused_with_the_likely_new_name_of_a_column(tmp_path: Path, configure):
    events = {"path": "logs", "format": "csv", "day_pattern": r"(\d{4}-\d{2}-\d{2})", "columns": COLUMNS}
    project = load_project(configure(tmp_path, events=events, catalogue=None))
    warehouse, source = warehouse_of(project), project.settings.events
    deliver(tmp_path, 1, "price")
    seen = look_at(list_source_files(source, project.base), source)
    remember(warehouse, "events", seen, dt.date(2025, 9, 1), dt.date(2025, 9, 1))
    deliver(tmp_path, 2, "unit_price")
    with pytest.raises(UserError, match="'price' was renamed: likely to 'unit_price'") as refused:
        plan_days(project, warehouse, None, None)
    assert refused.value.where.endswith("logs/2025-09-02.csv")
