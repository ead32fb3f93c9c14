"""Stale days become runs: neighbours together, no more in one than it can hold."""

import datetime as dt
import itertools
from pathlib import Path

import polars as pl
import pytest
from tiny_days import day, stale

from models.events.files import SourceFile
from pipelines import portions
from pipelines.partitions import event_axis
from pipelines.plan import ONE_DAY, as_ranges
from pipelines.portions import in_portions, n_lines_about
from resources.settings import load_project

CONFIGS = Path(__file__).parents[2] / "configs"


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
        monkeypatch.setattr(portions, "MOST_LINES", 100)
        monkeypatch.setattr(portions, "LINE_BYTES", 1)

    def test_days_go_together_up_to_the_limit(self, tiny, sized):
        files = [sized(f"{number}.jsonl", number, 40) for number in range(1, 6)]
        axis = event_axis(tiny.project.settings)
        assert in_portions([(day(1), day(5))], files, axis, "jsonl") == [
            (day(1), day(2)),
            (day(3), day(4)),
            (day(5), day(5)),
        ]

    def test_a_day_that_is_too_much_alone_is_a_run_of_its_own(self, tiny, sized):
        files = [sized("1.jsonl", 1, 10), sized("2.jsonl", 2, 500), sized("3.jsonl", 3, 10)]
        axis = event_axis(tiny.project.settings)
        assert in_portions([(day(1), day(3))], files, axis, "jsonl") == [(day(n), day(n)) for n in (1, 2, 3)]

    def test_packed_files_count_for_what_is_in_them(self, tiny, sized):
        files = [sized("1.jsonl.gz", 1, 9), sized("2.jsonl.zst", 2, 9)]
        axis = event_axis(tiny.project.settings)
        assert in_portions([(day(1), day(2))], files, axis, "jsonl") == [(day(1), day(1)), (day(2), day(2))]

    def test_parquet_says_how_many_rows_it_has(self, tiny, tmp_path: Path):
        files = [SourceFile(tmp_path / f"{number}.parquet", "x", day(number)) for number in (1, 2, 3)]
        for file, n_rows in zip(files, (60, 40, 1), strict=True):
            pl.DataFrame({"n": range(n_rows)}).write_parquet(file.path)
        axis = event_axis(tiny.project.settings)
        assert in_portions([(day(1), day(3))], files, axis, "parquet") == [(day(1), day(2)), (day(3), day(3))]
        files[0].path.write_bytes(b"PAR1 and no more")
        assert n_lines_about(files[0].path, "parquet") == 0

    def test_a_month_that_is_a_partition_is_not_cut(self, sized):
        axis = event_axis(load_project(CONFIGS / "movielens.yaml").settings)
        file = SourceFile(sized("3.csv", 3, 90).path, "3.csv", dt.date(2015, 10, 3))
        files = [SourceFile(file.path, "x", dt.date(2015, 9, number)) for number in (1, 2)]
        first, last, middle = dt.date(2015, 9, 1), dt.date(2015, 10, 4), dt.date(2015, 10, 1)
        assert in_portions([(first, last)], [*files, file], axis, "csv") == [(first, middle - ONE_DAY), (middle, last)]

    def test_files_without_days_are_one_run(self, tiny, sized):
        file = sized("all.jsonl", 1, 500)
        axis = event_axis(tiny.project.settings)
        whole = SourceFile(file.path, file.name, None)
        assert in_portions([(day(1), day(14))], [whole], axis, "jsonl") == [(day(1), day(14))]

    def test_a_plan_is_cut(self, unbuilt: Path, monkeypatch: pytest.MonkeyPatch):
        project = load_project(unbuilt)
        largest = max(path.stat().st_size for path in (unbuilt.parent / "shop" / "events").iterdir())
        monkeypatch.setattr(portions, "MOST_LINES", 7 * largest // portions.LINE_BYTES)
        made = stale(project)
        assert len(made) > 1 and made[0][0] == 1 and made[-1][1] == 14
        assert all(begin == end + 1 for (_, end), (begin, _) in itertools.pairwise(made))
