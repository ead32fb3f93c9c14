import datetime as dt
import json
import os
import shutil
from pathlib import Path

import polars as pl
import pytest
from tiny_days import add_day, day, logs, stale

from assets.fingerprints import day_fingerprints
from models.errors import UserError
from pipelines import plan
from pipelines.plan import plan_days
from pipelines.storage import warehouse_of
from resources.settings import load_project
from resources.warehouse import Warehouse


class TestStaleDays:
    def test_after_a_build_nothing_is(self, tiny):
        made = plan_days(tiny.project, tiny.warehouse, None, None)
        assert (made.first, made.last, made.stale) == (day(1), day(14), [])
        assert made.snapshot == tiny.warehouse.snapshot()

    def test_before_the_first_build_every_day_is(self, unbuilt: Path):
        project = load_project(unbuilt)
        assert stale(project) == [(1, 14)]
        assert plan_days(project, warehouse_of(project), None, None).snapshot is None
        assert sorted(os.listdir(unbuilt.parent)) == ["shop", "sluice.yaml"], "planning writes nothing"

    def test_a_changed_file(self, copy):
        with logs(copy, 5).open("a") as file:
            file.write("{}\n")
        assert stale(copy.project) == [(5, 5)]

    def test_a_file_that_was_only_touched_is_not(self, copy):
        os.utime(logs(copy, 5))
        assert stale(copy.project) == []

    def test_a_new_day(self, copy):
        add_day(copy, 15)
        assert stale(copy.project) == [(15, 15)]

    def test_a_second_file_of_a_day(self, copy):
        shutil.copy(logs(copy, 3), copy.folder / "shop" / "events" / "2025-09-03-late.jsonl")
        assert stale(copy.project) == [(3, 3)]

    def test_a_day_whose_file_is_gone(self, copy):
        logs(copy, 5).unlink()
        assert stale(copy.project) == [(5, 5)]

    def test_the_newest_day_whose_file_is_gone_is_emptied_too(self, copy):
        logs(copy, 14).unlink()
        made = plan_days(copy.project, copy.warehouse, None, None)
        assert made.last == day(13), "the release is of the newest day with a file"
        assert made.stale == [(day(14), day(14))]

    def test_nothing_is_emptied_beyond_the_last_day_asked_for(self, copy):
        logs(copy, 14).unlink()
        assert stale(copy.project, last=13) == []

    def test_a_removed_file_that_came_back(self, copy):
        content = logs(copy, 5).read_bytes()
        logs(copy, 5).unlink()
        logs(copy, 5).write_bytes(content)
        assert stale(copy.project) == []

    def test_a_changed_cleaning_setting_reaches_every_day(self, copy, configure):
        configure(copy.folder, cleaning={"session_gap_minutes": 31})
        assert stale(copy.project) == [(1, 14)]

    def test_a_setting_that_no_table_reads_reaches_none(self, copy, configure):
        configure(copy.folder, evaluation={"n_resamples": 200}, recommendations={"k": 5})
        assert stale(copy.project) == []

    def test_a_changed_catalogue_reaches_every_day(self, copy):
        with (copy.folder / "shop" / "catalogue.jsonl").open("a") as file:
            file.write('{"item_id": "new", "title": "New"}\n')
        assert stale(copy.project) == [(1, 14)]

    def test_changed_code_reaches_every_day(self, copy, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("assets.fingerprints.code_digest", lambda *folders: "other")
        assert stale(copy.project) == [(1, 14)]

    def test_only_days_asked_for_are_looked_at(self, copy):
        for number in (2, 5, 9):
            logs(copy, number).write_text("{}\n")
        assert stale(copy.project, first=3) == [(5, 5), (9, 9)]
        assert stale(copy.project, last=5) == [(2, 2), (5, 5)]
        assert stale(copy.project, first=3, last=5) == [(5, 5)]

    def test_the_fingerprint_in_the_table_is_that_of_the_files(self, tiny):
        made = day_fingerprints(tiny.warehouse, tiny.project, day(1), day(14))
        assert made.rows() == plan.source_fingerprints(tiny.project, day(1), day(14)).rows()


def test_a_warehouse_without_tables_has_no_days(tmp_path: Path, tiny):
    empty = Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=str(tmp_path / "data"))
    empty.ensure_table("other", {"x": ("INTEGER", "x")}, "x")
    assert plan_days(tiny.project, empty, None, None).stale == [(day(1), day(14))]
    assert isinstance(empty.read("SELECT 1"), pl.DataFrame)


class TestBounds:
    @pytest.mark.parametrize(
        ("first", "last", "expected"),
        [
            (dt.date(2025, 8, 31), None, "--from: 2025-08-31 lies outside the partitions, 2025-09-01 to 2025-09-30"),
            (None, dt.date(2025, 10, 1), "--until: 2025-10-01 lies outside the partitions"),
            (day(9), day(3), "--until: 2025-09-03 is before 2025-09-09. Swap the two days."),
            (day(20), None, "--from: 2025-09-20 is after the newest file's day 2025-09-14"),
        ],
    )
    def test_days_outside_are_refused(self, tiny, first, last, expected: str):
        with pytest.raises(UserError) as caught:
            plan_days(tiny.project, tiny.warehouse, first, last)
        assert expected in str(caught.value)

    def test_files_that_lie_outside_the_partitions(self, unbuilt: Path, configure):
        configure(unbuilt.parent, partitions={"start": "2024-01-01", "end": "2024-02-01"})
        with pytest.raises(UserError, match="the files are of 2025-09-01 to 2025-09-14, the partitions of 2024-01-01"):
            stale(load_project(unbuilt))

    def test_files_after_the_end_are_not_looked_at(self, unbuilt: Path, configure):
        configure(unbuilt.parent, partitions={"start": "2025-09-03", "end": "2025-09-10"})
        assert stale(load_project(unbuilt)) == [(3, 10)]

    def test_an_open_shop_ends_yesterday(self, unbuilt: Path, configure):
        today = dt.datetime.now(dt.UTC).date()
        configure(unbuilt.parent, partitions={"start": "2025-09-01"})
        shutil.copy(unbuilt.parent / "shop/events/2025-09-14.jsonl", unbuilt.parent / f"shop/events/{today}.jsonl")
        project = load_project(unbuilt)
        assert plan_days(project, warehouse_of(project), None, None).last == day(14)
        with pytest.raises(UserError, match="lies outside"):
            plan_days(project, warehouse_of(project), None, today)

    def test_partitions_that_have_not_begun(self, unbuilt: Path, configure):
        configure(unbuilt.parent, partitions={"start": dt.datetime.now(dt.UTC).date()})
        with pytest.raises(UserError, match="has not passed yet"):
            stale(load_project(unbuilt))


class TestSourceFiles:
    def test_a_shop_that_is_not_simulated_yet(self, tmp_path: Path, configure):
        with pytest.raises(UserError, match="Write the simulated shop first: `sluice simulate`"):
            stale(load_project(configure(tmp_path)))

    def test_a_missing_folder_of_a_real_one(self, tmp_path: Path, configure):
        file = configure(tmp_path, simulate=None, simulate_into=None)
        with pytest.raises(UserError, match="does not exist. Correct `path` in sluice.yaml"):
            stale(load_project(file))

    def test_a_stale_file_that_lacks_a_column_is_refused(self, copy):
        lines = [{"event_id": str(n), "user_id": "u", "item_id": "i", "type": "click"} for n in range(1000)]
        logs(copy, 5).write_text("".join(json.dumps(line) + "\n" for line in lines))
        with pytest.raises(UserError, match=r"2025-09-05.jsonl: none of the first 1000 objects has a key 'ts'"):
            stale(copy.project)

    def test_a_catalogue_that_lacks_a_column_is_refused(self, copy):
        (copy.folder / "shop" / "catalogue.jsonl").write_text('{"id": "i1"}\n' * 1000)
        with pytest.raises(UserError, match=r"catalogue.jsonl: column 'item_id' was renamed: likely to 'id'"):
            stale(copy.project)
