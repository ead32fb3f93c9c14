"""A question to a lake behind a server reaches the lake's tables and nothing else of that server."""

from pathlib import Path

import polars as pl
import pytest

from models.errors import UserError
from pipelines.query import ask
from resources.warehouse import Warehouse, insert

COLUMNS = {"query": ("VARCHAR", "What was searched for"), "n": ("BIGINT", "How often")}
CATALOGUE = "__ducklake_metadata_lake"


@pytest.fixture(scope="module")
def lake(postgres, tmp_path_factory) -> Warehouse:
    """With a table, beside a table of somebody else."""
    data_path = str(tmp_path_factory.mktemp("reach") / "data")
    warehouse = Warehouse(postgres=postgres.connection(), schema_name=postgres.new_name(), data_path=data_path)
    warehouse.ensure_table("searches", COLUMNS, "One search")
    frame = pl.DataFrame({"query": ["lamp", "postgres_query"], "n": [2, 1]})
    warehouse.write(lambda connection: insert(connection, "searches", frame))
    postgres.psql("CREATE TABLE IF NOT EXISTS public.salaries AS SELECT 'hunter2' AS secret")
    return warehouse


@pytest.mark.parametrize(
    "query",
    [
        "SELECT n FROM searches WHERE query = 'postgres_query'",
        "FROM searches SELECT n WHERE (query) LIKE 'postgres%'",
        "SELECT count(*) - 1 AS n FROM (DESCRIBE searches)",
        "SELECT sum(n) - 2 AS n FROM (PIVOT searches ON query IN ('lamp') USING count(*))",
    ],
)
def test_the_lake_itself_is_asked(lake: Warehouse, query: str):
    assert ask(lake, query, None)["n"].to_list() == [1]


@pytest.mark.parametrize(
    "query", ["SHOW TABLES", "SUMMARIZE searches", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE FROM searches"]
)
def test_other_kinds_of_questions_are_answered(lake: Warehouse, query: str):
    assert ask(lake, query, None).height


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM postgres_query('{catalogue}', 'SELECT secret FROM public.salaries')",
        "SELECT * FROM \"POSTGRES_QUERY\"('{catalogue}', 'SELECT secret FROM public.salaries')",
        "SELECT * FROM system.main.postgres_query('{catalogue}', 'SELECT secret FROM public.salaries')",
        "SELECT * FROM postgres_scan('{connection}', 'public', 'salaries')",
        "SELECT * FROM postgres_scan_pushdown('{connection}', 'public', 'salaries')",
        "SELECT (SELECT secret FROM postgres_scan('{connection}', 'public', 'salaries'))",
        "WITH x AS (FROM postgres_scan('{connection}', 'public', 'salaries')) FROM x",
        "SELECT * FROM query('FROM post' || 'gres_scan(''{connection}'', ''public'', ''salaries'')')",
        "SELECT * FROM query_table('{catalogue}.public.salaries')",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM {catalogue}.public.salaries'))",
        "SELECT * FROM {catalogue}.public.salaries",
        'SELECT * FROM "__DuckLake_Metadata_lake".public.salaries',
        "DESCRIBE {catalogue}.public.salaries",
        "SUMMARIZE {catalogue}.public.salaries",
        "EXPLAIN ANALYZE SELECT * FROM postgres_scan('{connection}', 'public', 'salaries')",
        "EXPLAIN (ANALYZE) SELECT * FROM {catalogue}.public.salaries",
        "/* */ EXPLAIN ANALYZE SELECT * FROM {catalogue}.public.salaries",
        "SELECT * FROM read_text('{folder}/data/PG_VERSION')",
        "CALL postgres_execute('{catalogue}', 'DROP TABLE public.salaries')",
        "ATTACH '{connection}' AS other (TYPE postgres)",
    ],
)
def test_nothing_else_of_the_server_is(lake: Warehouse, postgres, query: str):
    query = query.format(catalogue=CATALOGUE, connection=postgres.connection(), folder=postgres.folder)
    with pytest.raises(UserError) as caught:
        ask(lake, query, None)
    assert "hunter2" not in str(caught.value)
    assert postgres.psql("SELECT secret FROM public.salaries") == "hunter2"


def test_no_other_server_is_called(lake: Warehouse, tmp_path: Path):
    """Binding a question connects already; so it is refused before."""
    with pytest.raises(UserError, match="postgres_scan reaches beyond the lake"):
        ask(lake, f"SELECT * FROM postgres_scan('host={tmp_path}', 'public', 'x')", None)
