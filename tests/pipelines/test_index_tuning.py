"""`sluice index tune` on the tiny shop, and where there is nothing to tune."""

import json
import math

import pytest
import yaml

from models.ann.config import AnnIndexConfig
from models.ann.tuning_points import Budget, Point, Tuning
from pipelines.index_tuning import limited, lines_for_config, why_none
from pipelines.table_keys import key_of

EASY = ("--recall", "0.9", "-k", "10")


class TestTune:
    def test_rows_a_page_and_lines_for_the_config(self, copy, invoke, configure):
        result = invoke("index", "tune", "-c", copy.config, *EASY)
        assert result.exit_code == 0, result.output
        rows = copy.warehouse.read("SELECT * FROM index_tuning ORDER BY point")
        assert set(rows["retriever"]) == {"sasrec"} and set(rows["k"]) == {10}
        assert [str(day) for day in set(rows["as_of_day"])] == ["2025-09-14"]
        assert rows.select(key_of("index_tuning")).is_unique().all()
        (chosen,) = rows.filter("is_chosen").to_dicts()
        assert min(chosen["recall"], chosen["held_out_recall"]) >= 0.9
        (page,) = (copy.project.output / "index_tuning").iterdir()
        assert page.name == "sasrec-2025-09-14.html" and str(page) in result.stdout.replace("\n", "")
        lines = result.stdout.split("in sluice.yaml:\n")[1]
        index = yaml.safe_load(lines)["index"]
        assert index == json.loads(chosen["settings"])
        configure(copy.folder, index=index)
        assert copy.project.settings.index == AnnIndexConfig(**index)

    def test_every_column_and_the_table_are_described(self, copy, invoke):
        invoke("index", "tune", "sasrec", "-c", copy.config, *EASY)
        undescribed = """SELECT column_name FROM duckdb_columns() WHERE table_name = 'index_tuning'
            AND coalesce(comment, '') = ''"""
        assert copy.warehouse.read(undescribed).is_empty()

    def test_where_nothing_keeps_the_limits_it_says_so_and_keeps_what_was_tried(self, copy, refused):
        said = refused("index", "tune", "-c", copy.config, *EASY, "--microseconds", "0.000001")
        assert said.startswith("sluice index tune: what finds enough takes ") and "µs a query or more" in said
        rows = copy.warehouse.read("SELECT count(*) AS n, count_if(is_chosen) AS chosen FROM index_tuning")
        assert rows["n"][0] > 0 and rows["chosen"][0] == 0
        assert (copy.project.output / "index_tuning" / "sasrec-2025-09-14.html").is_file()

    def test_before_a_build_it_says_which_command_makes_vectors(self, unbuilt, refused):
        assert refused("index", "tune", "-c", unbuilt) == "sasrec: there are no vectors yet. Run `sluice build` first."

    def test_a_retriever_without_vectors_is_refused(self, tiny, refused):
        said = refused("index", "tune", "ease", "-c", tiny.config)
        assert said == "ease: it has no vectors, or is not in `retrievers`. Choose one of sasrec."

    def test_a_project_without_vectors_is_refused(self, tmp_path, configure, refused):
        config = configure(tmp_path, retrievers={"recent_popularity": {}})
        assert "no retriever has vectors" in refused("index", "tune", "-c", config)

    def test_fewer_than_two_users_are_refused(self, tiny, refused):
        assert "--queries" in refused("index", "tune", "-c", tiny.config, "--queries", "1")


def point(kind, recall, microseconds, build_seconds=1.0):
    return Point(AnnIndexConfig(kind=kind), recall, recall, microseconds, build_seconds, 100)


@pytest.mark.parametrize(
    ("points", "budget", "words"),
    [
        (
            [point("flat", 1, 90), point("hnsw", 0.96, 50)],
            Budget(microseconds=9),
            "takes 50 µs a query or more (graph)",
        ),
        ([point("ivf_pq", 0.9, 5), point("hnsw", 0.93, 9)], Budget(), "the most that is found is 0.9300 (graph)"),
        ([point("hnsw", 0.99, 5, 70), point("ivf_flat", 0.9, 5)], Budget(60), "is 0.9000 (clusters)"),
        ([point("flat", 1, 90)], Budget(n_bytes=9), "not even exact search is within the limits of build and size"),
    ],
)
def test_why_nothing_was_chosen(points, budget, words):
    assert why_none(Tuning(points), 0.95, budget).endswith(words)


def test_limits_that_are_not_given_are_none():
    assert limited(None, None, None) == Budget()
    assert limited(60, 200, 1.5) == Budget(60, 200, 1_500_000)
    assert limited(None, 5, None) == Budget(math.inf, 5, math.inf)


def test_lines_are_those_of_the_kind():
    chosen = Point(AnnIndexConfig(kind="ivf_sq8", ivf_probes=3), 1, 1, 1, 1, 1)
    assert lines_for_config(chosen) == [
        "index:", "  kind: ivf_sq8", "  ivf_clusters: 64", "  ivf_training_vectors: 256", "  ivf_probes: 3"
    ]  # fmt: skip
