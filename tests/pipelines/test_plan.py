import datetime as dt
import itertools
import json
import os
import shutil
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from assets.fingerprints import day_fingerprints
from models.errors import UserError
from models.events.files import SourceFile
from pipelines import plan
from pipelines.partitions import event_axis
from pipelines.plan import as_of_targets, as_ranges, in_portions, plan_days
from pipelines.storage import warehouse_of
from resources.settings import Project, load_project
from resources.warehouse import Warehouse, insert

CONFIGS = Path(__file__).parents[2] / "configs"


def day(number: int) -> dt.date:
    return dt.date(2025, 9, number)


def stale(project: Project, first: int | None = None, last: int | None = None) -> list[tuple[int, int]]:
    made = plan_days(project, warehouse_of(project), first and day(first), last and day(last))
    return [(begin.day, end.day) for begin, end in made.stale]


def logs(copy, number: int) -> Path:
    return copy.folder / "shop" / "events" / f"2025-09-{number:02}.jsonl"


def add_day(copy, number: int) -> None:
    shutil.copy(logs(copy, 14), logs(copy, number))


def mark_as_made(project: Project, first: int, last: int) -> None:
    """What a run of the tables would record of these days: the fingerprints of the funnel."""
    warehouse = warehouse_of(project)
    rows = plan.source_fingerprints(project, day(first), day(last))

    def transaction(connection) -> None:
        connection.execute("DELETE FROM event_funnel WHERE source_day BETWEEN ? AND ?", [day(first), day(last)])
        insert(connection, "event_funnel", rows)

    warehouse.write(transaction)


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


class TestRanges:
    @pytest.mark.parametrize(
        ("days", "expected"),
        [
            ([], []),
            ([1], [(1, 1)]),
            ([1, 2, 3], [(1, 3)]),
            ([1, 3, 4], [(1, 1), (3, 4)]),
            ([1, 3, 5], [(1, 1), (3, 3), (5, 5)]),
            ([1, 3, 5, 7], [(1, 7)]),
        ],
    )
    def test_neighbours_are_merged_and_many_ranges_become_one(self, days: list[int], expected: list):
        found = as_ranges([day(number) for number in days])
        assert [(begin.day, end.day) for begin, end in found] == expected

    def test_months_do_not_part_neighbours(self):
        assert as_ranges([dt.date(2025, 9, 30), dt.date(2025, 10, 1)]) == [(dt.date(2025, 9, 30), dt.date(2025, 10, 1))]


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


def _write(frame: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        path.write_bytes(pa.compress(frame.write_csv().encode(), "zstd", asbytes=True))


class TestMonths:
    @pytest.fixture
    def movielens(self, tmp_path: Path) -> Project:
        text = (CONFIGS / "movielens.yaml").read_text()
        text = text.replace("../../shared/data/movielens_latest_small", ".").replace("../out", "out")
        (tmp_path / "sluice.yaml").write_text(text.replace("2018-09-24", "1996-05-20"))
        (tmp_path / "ratings.csv.gz").write_text("userId,movieId,rating,timestamp\n1,1,4,830000000\n")
        (tmp_path / "movies.csv.gz").write_text("movieId,title,genres\n1,Toy Story,Animation\n")
        for name in ("ratings", "movies"):
            (tmp_path / f"{name}.csv.gz").rename(tmp_path / f"{name}.csv")
        file = tmp_path / "sluice.yaml"
        file.write_text(file.read_text().replace(".csv.gz", ".csv"))
        return load_project(file)

    @pytest.mark.parametrize(("kind", "suffix"), [("parquet", "parquet"), ("csv", "csv.zst")])
    def test_a_missing_column_is_refused_before_anything_is_built(self, movielens: Project, kind: str, suffix: str):
        file = movielens.base / "sluice.yaml"
        file.write_text(file.read_text().replace("ratings.csv", f"ratings.{suffix}").replace("csv", kind, 1))
        good = pl.DataFrame({"userId": [1], "movieId": [1], "rating": [4.0], "timestamp": [830_000_000]})
        for frame, refused in ((good, False), (good.rename({"movieId": "film"}), True)):
            _write(frame, movielens.base / f"ratings.{suffix}")
            project = load_project(file)
            assert project.settings.events.format == kind and project.settings.events.path.endswith(suffix)
            if refused:
                with pytest.raises(UserError, match=r"no column 'movieId'; .* 'userId', 'film', 'rating', 'timestamp'"):
                    plan_days(project, warehouse_of(project), None, None)
            else:
                assert len(plan_days(project, warehouse_of(project), None, None).stale) == 1

    def test_a_file_without_a_day_counts_for_every_day(self, movielens: Project):
        made = plan_days(movielens, warehouse_of(movielens), None, None)
        assert made.stale == [(dt.date(1996, 3, 1), dt.date(1996, 5, 20))]

    def test_days_that_a_month_has_after_the_end_are_not_stale(self, movielens: Project):
        warehouse = warehouse_of(movielens)
        prints = plan.source_fingerprints(movielens, dt.date(1996, 3, 1), dt.date(1996, 5, 31))
        columns = {"source_day": ("DATE", "d"), "fingerprint": ("VARCHAR", "f")}
        warehouse.ensure_table("event_funnel", columns, "x")
        warehouse.write(lambda connection: insert(connection, "event_funnel", prints))
        assert plan_days(movielens, warehouse, None, None).stale == []
        with (movielens.base / "ratings.csv").open("a") as file:
            file.write("2,1,5,830000001\n")
        changed = plan_days(movielens, warehouse, None, None)
        assert changed.stale == [(dt.date(1996, 3, 1), dt.date(1996, 5, 20))]
        assert changed.last == dt.date(1996, 5, 20)


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
        with pytest.raises(UserError, match=r"catalogue.jsonl: none of the first 1000 objects has a key 'item_id'"):
            stale(copy.project)


class TestAsOfDays:
    def targets(self, project: Project, last: int) -> list[tuple[int, str]]:
        return [(when.day, stage) for when, stage in as_of_targets(project, warehouse_of(project), day(last))]

    def test_after_a_build_there_is_nothing_to_learn(self, tiny):
        assert self.targets(tiny.project, 14) == []

    def test_the_first_build_makes_lists_to_judge_and_a_release(self, copy):
        copy.warehouse.write(lambda connection: connection.execute("DROP TABLE fingerprints"))
        assert self.targets(copy.project, 14) == [(12, "recommendations"), (14, "release")]

    def test_too_early_for_lists_to_judge_there_is_only_a_release(self, copy):
        copy.warehouse.write(lambda connection: connection.execute("DROP TABLE fingerprints"))
        assert self.targets(copy.project, 4) == [(4, "release")], "2 days of validation need a third before them"
        assert self.targets(copy.project, 5) == [(3, "recommendations"), (5, "release")]

    def test_the_next_day_needs_no_second_training(self, copy):
        add_day(copy, 15)
        mark_as_made(copy.project, 15, 15)
        assert self.targets(copy.project, 15) == [(15, "release")]

    def test_lists_too_old_to_be_judged_now_are_made_again(self, copy):
        for number in (15, 16, 17, 18, 19):
            add_day(copy, number)
        mark_as_made(copy.project, 15, 19)
        assert self.targets(copy.project, 19) == [(17, "recommendations"), (19, "release")]

    def test_a_changed_day_before_the_lists_makes_both_again(self, copy):
        logs(copy, 5).write_text("{}\n")
        mark_as_made(copy.project, 5, 5)
        assert self.targets(copy.project, 14) == [(12, "recommendations"), (14, "release")]

    def test_a_day_whose_late_events_reach_the_lists_counts_as_before_them(self, copy):
        logs(copy, 14).write_text("{}\n")
        mark_as_made(copy.project, 14, 14)
        assert self.targets(copy.project, 14) == [(12, "recommendations"), (14, "release")]

    def test_a_day_after_their_reach_leaves_the_lists(self, copy):
        add_day(copy, 15)
        mark_as_made(copy.project, 15, 15)
        assert plan.is_current(copy.project, copy.warehouse, "recommendations", day(12))
        assert not plan.is_current(copy.project, copy.warehouse, "recommendations", day(14))

    def test_changed_model_settings_make_both_again(self, copy, configure):
        configure(copy.folder, recommendations={"k": 5})
        assert self.targets(copy.project, 14) == [(12, "recommendations"), (14, "release")]

    def test_a_setting_that_changes_no_result_makes_none(self, copy, configure):
        configure(copy.folder, compute={"n_threads": 1}, schedule={"cron": "0 4 * * *"})
        assert self.targets(copy.project, 14) == []


def test_a_warehouse_without_tables_has_no_days(tmp_path: Path, tiny):
    empty = Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=str(tmp_path / "data"))
    empty.ensure_table("other", {"x": ("INTEGER", "x")}, "x")
    assert plan_days(tiny.project, empty, None, None).stale == [(day(1), day(14))]
    assert isinstance(empty.read("SELECT 1"), pl.DataFrame)


class TestPortions:
    """A run holds its events in memory, so a long range is cut where its files are too much for one run."""

    @pytest.fixture
    def sized(self, tmp_path: Path):
        def write(name: str, number: int, n_bytes: int) -> SourceFile:
            (tmp_path / name).write_bytes(b"x" * n_bytes)
            return SourceFile(tmp_path / name, name, day(number))

        return write

    @pytest.fixture(autouse=True)
    def small_runs(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(plan, "MOST_BYTES", 100)

    def test_days_go_together_up_to_the_limit(self, tiny, sized):
        files = [sized(f"{number}.jsonl", number, 40) for number in range(1, 6)]
        axis = event_axis(tiny.project.settings)
        assert in_portions([(day(1), day(5))], files, axis) == [(day(1), day(2)), (day(3), day(4)), (day(5), day(5))]

    def test_a_day_that_is_too_much_alone_is_a_run_of_its_own(self, tiny, sized):
        files = [sized("1.jsonl", 1, 10), sized("2.jsonl", 2, 500), sized("3.jsonl", 3, 10)]
        axis = event_axis(tiny.project.settings)
        assert in_portions([(day(1), day(3))], files, axis) == [(day(n), day(n)) for n in (1, 2, 3)]

    def test_packed_files_count_for_what_is_in_them(self, tiny, sized):
        files = [sized("1.jsonl.gz", 1, 10), sized("2.parquet", 2, 10)]
        axis = event_axis(tiny.project.settings)
        assert in_portions([(day(1), day(2))], files, axis) == [(day(1), day(1)), (day(2), day(2))]

    def test_a_month_that_is_a_partition_is_not_cut(self, sized):
        axis = event_axis(load_project(CONFIGS / "movielens.yaml").settings)
        file = SourceFile(sized("3.csv", 3, 90).path, "3.csv", dt.date(2015, 10, 3))
        files = [SourceFile(file.path, "x", dt.date(2015, 9, number)) for number in (1, 2)]
        first, last, middle = dt.date(2015, 9, 1), dt.date(2015, 10, 4), dt.date(2015, 10, 1)
        assert in_portions([(first, last)], [*files, file], axis) == [(first, middle - plan.ONE_DAY), (middle, last)]

    def test_files_without_days_are_one_run(self, tiny, sized):
        file = sized("all.jsonl", 1, 500)
        axis = event_axis(tiny.project.settings)
        whole = SourceFile(file.path, file.name, None)
        assert in_portions([(day(1), day(14))], [whole], axis) == [(day(1), day(14))]

    def test_a_plan_is_cut(self, unbuilt: Path, monkeypatch: pytest.MonkeyPatch):
        project = load_project(unbuilt)
        largest = max(path.stat().st_size for path in (unbuilt.parent / "shop" / "events").iterdir())
        monkeypatch.setattr(plan, "MOST_BYTES", 7 * largest)
        made = stale(project)
        assert len(made) > 1 and made[0][0] == 1 and made[-1][1] == 14
        assert all(begin == end + 1 for (_, end), (begin, _) in itertools.pairwise(made))
