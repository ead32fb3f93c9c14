"""A plan of months: partitions of a closed data set whose files have no day."""

import datetime as dt
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from models.errors import UserError
from pipelines import plan
from pipelines.plan import plan_days
from pipelines.storage import warehouse_of
from resources.settings import Project, load_project
from resources.warehouse import insert

CONFIGS = Path(__file__).parents[2] / "configs"


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
