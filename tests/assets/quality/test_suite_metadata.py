import polars as pl
import pytest

from assets.graph import Graph
from assets.quality.suite_metadata import data_docs_file, suite_metadata
from models.quality.expectations import Suite, not_null
from models.quality.run import run_suite
from resources.settings import Project, Settings


@pytest.fixture(scope="module")
def result():
    return run_suite(pl.DataFrame({"n": [1, None]}), Suite("numbers", ("n",), (not_null("n"),)))


def graph(folder, **checks) -> Graph:
    settings = Settings.model_validate(
        {
            "name": "shop",
            "output": "out",
            "events": {
                "path": "x",
                "format": "jsonl",
                "columns": {"item_id": "item", "event_at": "at", "event_type": "type"},
            },
            "event_types": {"click": {"weight": 1}},
            "partitions": {"start": "2025-09-01"},
            "checks": checks,
            "retrievers": {"recent_popularity": {}},
        }
    )
    return Graph(Project(folder / "sluice.yaml", settings), None, None)


def test_the_page_lies_in_the_output_folder_and_is_linked(tmp_path, result):
    page = data_docs_file(graph(tmp_path), "numbers", "2025-09-01 to 2025-09-02")
    metadata = suite_metadata(result, page)
    assert metadata["data_docs"].value == str(
        tmp_path / "out" / "data_docs" / "numbers" / "2025-09-01 to 2025-09-02.html"
    )
    assert "<title>numbers, 2025-09-01 to 2025-09-02</title>" in page.read_text()


def test_pages_can_be_turned_off(tmp_path, result):
    assert data_docs_file(graph(tmp_path, data_docs=False), "numbers", "2025-09-01") is None
    assert set(suite_metadata(result)) == {"suite", "expectations"}


def test_the_data_names_no_row(result):
    (row,) = suite_metadata(result)["expectations"].value
    assert row["observed"] == "1 of 2 unexpected (50 %)"
    assert "examples" not in row
