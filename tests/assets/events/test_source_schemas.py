import datetime as dt
from pathlib import Path

import dagster as dg
import pytest

from assets.events import raw_events
from assets.events.source_schemas import drifts_of, look_at, merged, remember
from assets.graph import Graph
from models.events.files import list_source_files
from models.quality.source_schema import SeenColumn
from resources.settings import Project, Settings
from resources.warehouse import Warehouse

DAYS = dg.DailyPartitionsDefinition("2025-09-01", end_date="2025-10-01")
HEADER = "user,item,type,at,price"


class Shop:
    """Files of a few days, and their tables."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "logs").mkdir()
        self.warehouse = Warehouse(catalog_path=str(folder / "catalog.sqlite"), data_path=str(folder / "data"))

    def deliver(self, day: int, header: str = HEADER, price: str = "9.5") -> None:
        rows = "".join(
            f"u{n},{n},click,2025-09-{day:02} 10:00:00,{price}{',' * (header.count(',') - 4)}\n" for n in range(30)
        )
        (self.folder / "logs" / f"2025-09-{day:02}.csv").write_text(f"{header}\n{rows}")

    def project(self, schema_drift: str = "block", **columns: str) -> Project:
        mapped = {"user_id": "user", "item_id": "item", "event_type": "type", "event_at": "at", "price": "price"}
        events = {"path": "logs", "format": "csv", "day_pattern": r"(\d{4}-\d{2}-\d{2})", "columns": mapped | columns}
        settings = Settings.model_validate(
            {
                "name": "shop",
                "output": "out",
                "events": events,
                "event_types": {"click": {"weight": 1}},
                "partitions": {"start": "2025-09-01", "end": "2025-09-30"},
                "checks": {"schema_drift": schema_drift},
                "retrievers": {"recent_popularity": {}},
            }
        )
        return Project(self.folder / "sluice.yaml", settings)

    def read(self, first: int, last: int | None = None, **settings: str):
        """The result of a run over some days, and the evaluation of its check."""
        keys = [f"2025-09-{day:02}" for day in (first, last or first)]
        result = dg.materialize(
            [raw_events.build(Graph(self.project(**settings), DAYS, DAYS))],
            resources={"warehouse": self.warehouse},
            tags=dict(zip((f"dagster/asset_partition_range_{end}" for end in ("start", "end")), keys, strict=True)),
            raise_on_error=False,
            instance=dg.DagsterInstance.ephemeral(),
        )
        (evaluation,) = result.get_asset_check_evaluations()
        return result.success, evaluation

    def days(self) -> list[int]:
        if not self.warehouse.has_table("raw_events"):
            return []
        found = self.warehouse.read("SELECT DISTINCT day(source_day) AS day FROM raw_events ORDER BY ALL")
        return found["day"].to_list()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    for day in (1, 2, 3):
        made.deliver(day)
    return made


def value(evaluation, name: str):
    return evaluation.metadata[name].value


def test_an_added_column_passes_with_a_warning_that_names_it(shop):
    shop.deliver(3, f"{HEADER},colour")
    success, found = shop.read(1, 3)
    assert (success, found.passed, found.severity) == (True, False, dg.AssetCheckSeverity.WARN)
    assert value(found, "added") == "colour (empty)"
    assert "2025-09-03" in value(found, "changes")
    assert shop.days() == [1, 2, 3]
    shop.deliver(4, f"{HEADER},colour")
    assert shop.read(4)[1].passed


@pytest.mark.parametrize(
    ("header", "price", "kind", "told"),
    [
        ("user,item,type,at,unit_price", "9.5", "renamed", "price (likely to 'unit_price')"),
        (HEADER, "nine", "retyped", "price (number became text)"),
        ("user,item,type,at,colour", "red", "dropped", "price (was number)"),
    ],
)
def test_a_mapped_column_that_changed_stops_the_run_before_anything_is_written(shop, header, price, kind, told):
    assert shop.read(1, 2)[0]
    before = shop.warehouse.snapshot()
    shop.deliver(3, header, price)
    success, found = shop.read(3)
    assert (success, found.passed, found.severity) == (False, False, dg.AssetCheckSeverity.ERROR)
    assert value(found, kind) == told
    assert (shop.days(), shop.warehouse.snapshot()) == ([1, 2], before)


def test_within_one_run_a_day_is_held_against_the_day_before(shop):
    shop.deliver(2, HEADER, "nine")
    success, found = shop.read(1, 3)
    assert not success
    assert "2025-09-02" in value(found, "changes")
    assert shop.days() == []


def test_a_day_without_a_record_is_passed_over(shop):
    (shop.folder / "logs" / "2025-09-02.csv").write_text("")
    assert shop.read(1, 2)[0]
    shop.deliver(3, HEADER, "nine")
    assert not shop.read(3)[0]


def test_an_older_day_is_held_against_the_one_before_it_not_against_later_ones(shop):
    for day in (2, 3):
        shop.deliver(day, f"{HEADER},colour")
    assert shop.read(1, 3)[0]
    assert value(shop.read(2)[1], "added") == "colour (empty)"
    assert shop.read(3)[1].passed


def test_the_first_day_is_held_against_itself_as_it_was_read_before(shop):
    assert shop.read(1)[1].passed
    shop.deliver(1, HEADER, "nine")
    assert value(shop.read(1)[1], "retyped") == "price (number became text)"


def test_asked_to_warn_the_day_is_read_and_its_columns_are_known_from_then_on(shop):
    assert shop.read(1, 2)[0]
    shop.deliver(3, HEADER, "nine")
    success, found = shop.read(3, schema_drift="warn")
    assert (success, found.severity) == (True, dg.AssetCheckSeverity.WARN)
    shop.deliver(4, HEADER, "ten")
    assert shop.read(4)[1].passed


def test_what_was_seen_is_remembered_once_a_file(shop):
    for _ in range(2):
        assert shop.read(1, 2)[0]
    rows = shop.warehouse.read("SELECT * EXCLUDE (source) FROM source_schemas ORDER BY source_day, place").rows()
    assert len(rows) == 10
    assert rows[4] == ("2025-09-01.csv", dt.date(2025, 9, 1), 5, "price", "number", 30, 30)


def test_a_file_that_may_hold_any_day_is_held_against_itself(shop):
    source = shop.project().settings.events.model_copy(update={"day_pattern": None})
    files = list_source_files(source, shop.folder)
    seen = look_at(files, source)
    assert drifts_of(shop.warehouse, "events", seen, source) == []
    remember(shop.warehouse, "events", seen, dt.date(2025, 9, 1), dt.date(2025, 9, 1))
    shop.deliver(2, HEADER, "nine")
    ((file, drift),) = drifts_of(shop.warehouse, "events", look_at(files, source), source)
    assert (file.name, drift.kind, drift.column) == ("2025-09-02.csv", "retyped", "price")


def test_of_several_files_only_what_all_of_them_have_can_be_missed():
    one = [SeenColumn("a", "number", 9, 9), SeenColumn("b", "text", 9, 9)]
    other = [SeenColumn("a", "text", 9, 9)]
    assert merged([one, other]) == [SeenColumn("a", "mixed", 18, 18), SeenColumn("b", "text", 0, 0)]
