import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from models.errors import UserError
from pipelines.query import MOST_ROWS, answer, ask
from pipelines.releases import newest_release

EVERY_KIND = """SELECT 1 AS n, 0.5 AS x, 'a,"b' AS t, NULL AS nothing, DATE '2025-09-01' AS d, [1, NULL] AS l,
    {'k': [DATE '2025-09-01']} AS s, '\\x01'::BLOB AS b, 'NaN'::DOUBLE AS nan, 1.10::DECIMAL(5, 2) AS money,
    TIMESTAMP '2025-09-01 01:02:03' AS at, MAP {'a': 1} AS m"""


@pytest.fixture
def sql(tiny, invoke):
    def run(query: str, *options: str) -> str:
        result = invoke("sql", "-c", tiny.config, query, *options)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


class TestFormats:
    def test_a_table_has_aligned_columns_and_no_borders(self, sql):
        lines = sql("SELECT * FROM (VALUES ('a', 1), ('bb', 22)) AS v(name, n)").splitlines()
        assert [line.rstrip() for line in lines] == ["name   n", "a      1", "bb    22"]

    def test_csv_reads_back(self, sql):
        (row,) = csv.DictReader(io.StringIO(sql(EVERY_KIND, "--format", "csv")))
        assert row["t"] == 'a,"b'
        assert json.loads(row["l"]) == [1, None]
        assert json.loads(row["s"]) == {"k": ["2025-09-01"]}
        assert row["b"] == "01"
        assert row["nothing"] == ""

    def test_json_is_json(self, sql):
        (row,) = json.loads(sql(EVERY_KIND, "--format", "json"))
        assert row["t"] == 'a,"b'
        assert row["l"] == [1, None]
        assert row["s"] == {"k": ["2025-09-01"]}
        assert row["nan"] is None
        assert row["money"] == "1.10"
        assert row["at"] == "2025-09-01T01:02:03"

    def test_json_of_no_rows_is_an_empty_list(self, sql):
        assert json.loads(sql("SELECT 1 AS n WHERE false", "--format", "json")) == []

    def test_parquet_to_a_pipe(self, tiny):
        command = [str(Path(sys.executable).parent / "sluice"), "sql", "-c", str(tiny.config), "--format", "parquet"]
        done = subprocess.run([*command, "SELECT * FROM core_items"], capture_output=True, check=True)
        assert pl.read_parquet(io.BytesIO(done.stdout)).height == 60

    def test_parquet_to_a_terminal_is_refused(self, tiny, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        with pytest.raises(UserError, match="Parquet is binary"):
            answer(tiny.project, "SELECT 1", False, "parquet")

    def test_an_unknown_format_is_refused(self, tiny, refused):
        line = refused("sql", "-c", tiny.config, "SELECT 1", "--format", "xml")
        assert line == "--format: unknown format 'xml'. Choose one of table, csv, json, parquet."

    def test_markup_and_escapes_in_names_and_values_are_printed_as_they_are(self, sql, hostile_title: str):
        shown = sql(
            "SELECT '[red]x[/red] \\[b]' AS \"[bold]n\", title FROM core_items WHERE title LIKE '[bold]%' LIMIT 1"
        )
        assert "[bold]n" in shown
        assert "[red]x[/red] \\[b]" in shown
        assert "[bold]Lamp[/bold] <script>alert(1)</script> :bug: red" in " ".join(shown.split())
        assert "\x1b" not in shown

    def test_a_long_table_is_cut_and_says_so(self, sql):
        lines = sql("SELECT range AS n FROM range(1234)").splitlines()
        assert len(lines) == 1 + MOST_ROWS + 1
        assert lines[-1] == "the first 200 of 1,234 rows; --format csv, json or parquet has them all"
        assert len(sql("SELECT range AS n FROM range(1234)", "--format", "csv").splitlines()) == 1235

    def test_a_wide_table_fits_120_columns(self, sql):
        shown = sql("SELECT * FROM recommendations ORDER BY ALL LIMIT 20")
        assert max(len(line) for line in shown.splitlines()) <= 120


class TestQuestions:
    @pytest.mark.parametrize(
        "query",
        [
            "SHOW TABLES",
            "DESCRIBE core_items",
            "SUMMARIZE core_users",
            "EXPLAIN SELECT 1",
            "FROM core_items LIMIT 1",
            "WITH a AS (SELECT 1) SELECT * FROM a;",
            "SELECT 1 -- a comment\n",
            "PIVOT core_events ON event_type IN ('click', 'cart') USING count(*)",
            "SELECT * FROM ducklake_snapshots('lake')",
            "SELECT * FROM items_as_of(DATE '2025-09-03') JOIN item_features_as_of(DATE '2025-09-03') USING (item_id)",
            "SELECT * FROM user_features_as_of(DATE '2025-09-03'), user_category_features_as_of(DATE '2025-09-03')",
        ],
    )
    def test_every_kind_of_question_is_answered(self, sql, query: str):
        assert sql(query)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("INSERT INTO core_items SELECT * FROM core_items", "INSERT is no question"),
            ("DELETE FROM core_items", "DELETE is no question"),
            ("UPDATE core_items SET title = 'x'", "UPDATE is no question"),
            ("DROP TABLE core_items", "DROP is no question"),
            ("CREATE TABLE t (x INT)", "CREATE is no question"),
            ("CREATE TEMP TABLE t AS SELECT 1", "CREATE is no question"),
            ("ALTER TABLE core_items ADD COLUMN x INT", "ALTER is no question"),
            ("ATTACH ':memory:' AS other", "ATTACH is no question"),
            ("DETACH lake", "DETACH is no question"),
            ("COPY (SELECT 1) TO '/tmp/sluice-test.csv'", "COPY is no question"),
            ("COPY core_items TO '{data}/x.parquet'", "COPY is no question"),
            ("EXPORT DATABASE '/tmp/sluice-test'", "EXPORT is no question"),
            ("CHECKPOINT", "is no question"),
            ("CALL ducklake_expire_snapshots('lake')", "CALL is no question"),
            ("PRAGMA database_list; SELECT 1", "expected one statement, found 2"),
            ("PRAGMA enable_profiling", "is no question"),
            ("SET threads = 1", "SET is no question"),
            ("RESET threads", "is no question"),
            ("USE memory", "SET is no question"),
            ("INSTALL httpfs", "LOAD is no question"),
            ("LOAD httpfs", "LOAD is no question"),
            ("BEGIN", "TRANSACTION is no question"),
            ("VACUUM", "VACUUM is no question"),
            ("PREPARE x AS SELECT 1", "PREPARE is no question"),
            ("SELECT 1; SELECT 2", "expected one statement, found 2"),
            ("SELECT 1; DROP TABLE core_items", "expected one statement, found 2"),
            ("", "expected one statement, found 0"),
            ("PIVOT core_events ON event_type USING count(*)", "PIVOT needs its values"),
            ("EXPLAIN ANALYZE INSERT INTO core_items SELECT * FROM core_items", "read-only"),
        ],
    )
    def test_whatever_is_no_question_is_refused(self, tiny, refused, query: str, expected: str):
        files = sorted(path for path in tiny.project.data_path.rglob("*") if path.is_file())
        assert expected in refused("sql", "--live", "-c", tiny.config, query.format(data=tiny.project.data_path))
        assert sorted(path for path in tiny.project.data_path.rglob("*") if path.is_file()) == files

    @pytest.mark.parametrize(
        "query",
        [
            "SELECT * FROM '{secret}'",
            "SELECT * FROM read_csv('{secret}')",
            "SELECT * FROM read_text('{secret}')",
            "SELECT * FROM read_blob('{data}/../../../secret.csv')",
            "SELECT * FROM glob('{folder}/*')",
            "SELECT * FROM read_csv('https://example.com/x.csv')",
            "SELECT * FROM sqlite_scan('{folder}/other.sqlite', 't')",
            "SELECT getenv('HOME')",
        ],
    )
    def test_nothing_outside_the_lake_is_in_reach(self, tiny, refused, query: str):
        secret = tiny.folder / "secret.csv"
        secret.write_text("key\nhunter2\n")
        query = query.format(secret=secret, folder=tiny.folder, data=tiny.project.data_path)
        assert "hunter2" not in refused("sql", "-c", tiny.config, query)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("SELEC 1", 'sluice sql: Parser Error: syntax error at or near "SELEC".'),
            ("SELECT * FROM nowhere", "Table with name nowhere does not exist"),
            ("SELECT nothing FROM core_items", 'Referenced column "nothing" not found'),
            ("SELECT 'x'::INT", "Could not convert string 'x' to INT32"),
            ("SELECT $user", "Values were not provided"),
            ("SELECT INTERVAL 1 DAY", "a column's type cannot be shown"),
        ],
    )
    def test_a_wrong_question_is_one_line(self, tiny, refused, query: str, expected: str):
        assert expected in refused("sql", "-c", tiny.config, query)

    def test_the_next_question_of_the_same_process_is_not_closed_in(self, tiny):
        ask(tiny.warehouse, "SELECT 1", None)
        with tiny.warehouse.connect(read_only=True) as connection:
            connection.execute("SET threads = 1")
            assert connection.execute("SELECT current_setting('threads')").fetchone() == (1,)


class TestReleases:
    def test_a_release_is_asked_unless_live_is_said(self, copy, invoke):
        copy.warehouse.write(lambda connection: connection.execute("DELETE FROM core_items"))
        count = "SELECT count(*) AS n FROM core_items"
        released = invoke("sql", "-c", copy.config, count, "--format", "csv").stdout
        live = invoke("sql", "-c", copy.config, count, "--format", "csv", "--live").stdout
        assert (released, live) == ("n\n60\n", "n\n0\n")

    def test_the_newest_release_counts(self, copy, invoke):
        copy.warehouse.write(lambda connection: connection.execute("DELETE FROM core_items"))
        sql = """INSERT INTO releases SELECT * REPLACE ('second' AS release_id, ? AS snapshot,
            created_at + INTERVAL 1 DAY AS created_at) FROM releases"""
        newest = copy.warehouse.snapshot()
        copy.warehouse.write(lambda connection: connection.execute(sql, [newest]))
        assert newest_release(copy.warehouse).release_id == "second"
        assert (
            invoke("sql", "-c", copy.config, "SELECT count(*) AS n FROM core_items", "--format", "csv").stdout
            == "n\n0\n"
        )

    def test_without_a_build_it_says_so_and_writes_nothing(self, unbuilt: Path, refused):
        before = sorted(os.listdir(unbuilt.parent))
        line = refused("sql", "-c", unbuilt, "SELECT 1")
        assert "there is no release yet. Run `sluice build` (or ask with --live)." in line
        assert "there are no tables yet. Run `sluice build`." in refused("sql", "--live", "-c", unbuilt, "SELECT 1")
        assert sorted(os.listdir(unbuilt.parent)) == before

    def test_tables_without_a_release(self, copy, refused, invoke):
        copy.warehouse.write(lambda connection: connection.execute("DELETE FROM releases"))
        assert "there is no release yet" in refused("sql", "-c", copy.config, "SELECT 1")
        assert invoke("sql", "--live", "-c", copy.config, "SELECT 1 AS one").exit_code == 0
        copy.warehouse.write(lambda connection: connection.execute("DROP TABLE releases"))
        assert "there is no release yet" in refused("recommend", "-c", copy.config, "u1")

    def test_a_damaged_catalogue_is_one_line(self, copy, refused):
        for path in copy.project.catalog_path.parent.glob("catalog.sqlite*"):
            path.unlink()
        copy.project.catalog_path.write_bytes(b"no database" * 1000)
        line = refused("sql", "-c", copy.config, "SELECT 1")
        assert f"{copy.project.catalog_path}: the catalogue cannot be opened" in line
