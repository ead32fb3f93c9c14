import csv
import io
import json

import polars as pl
import pytest


@pytest.fixture
def changed(copy):
    """Since the release an item has another title, one is gone, one came, and all were written anew."""

    def transaction(connection) -> None:
        connection.execute("CREATE TEMP TABLE again AS FROM core_items")
        connection.execute("DELETE FROM core_items")
        connection.execute("UPDATE again SET title = '[red]x[/red]' WHERE item_id = 'i00001'")
        connection.execute("INSERT INTO core_items FROM again WHERE item_id <> 'i00002'")
        connection.execute("INSERT INTO core_items SELECT * REPLACE ('new' AS item_id) FROM again LIMIT 1")

    copy.warehouse.write(transaction)
    return copy


@pytest.fixture
def diff(invoke):
    def run(shop, *arguments: object) -> str:
        result = invoke("diff", "-c", shop.config, *arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_by_default_it_is_what_came_since_the_newest_release(changed, diff):
    shown = diff(changed, "core_items")
    (release, snapshot) = changed.warehouse.read("SELECT release_id, snapshot FROM releases").row(0)
    lines = [line.split() for line in shown.splitlines()]
    assert f"core_items  from snapshot {snapshot} (" in shown
    assert f"release {release})" in shown
    assert all([word, count] in lines for word, count in (("added", "1"), ("removed", "1"), ("changed", "1")))
    assert ["before", "60"] in lines
    assert ["title", "1"] in lines
    assert "a row is known by item_id" in shown
    assert "→ [red]x[/red]" in " ".join(shown.split())
    assert "\x1b" not in shown
    assert max(len(line) for line in shown.splitlines()) <= 120


def test_json_says_everything(changed, diff):
    found = json.loads(diff(changed, "core_items", "--format", "json"))
    assert (found["added"], found["removed"], found["changed"]) == (1, 1, 1)
    assert (found["key"], found["changed_by_column"]) == (["item_id"], {"title": 1})
    assert found["to"]["snapshot"] == changed.warehouse.snapshot()
    assert [row["_change"] for row in found["examples"]] == ["added", "removed", "changed_from", "changed_to"]


def test_csv_has_the_examples(changed, diff):
    rows = list(csv.DictReader(io.StringIO(diff(changed, "core_items", "--format", "csv", "--limit", "1000"))))
    assert [(row["_change"], row["item_id"]) for row in rows] == [
        *(("added", "new"), ("removed", "i00002"), ("changed_from", "i00001"), ("changed_to", "i00001")),
    ]


def test_states_are_named_as_for_sql(changed, diff):
    (snapshot,) = changed.warehouse.read("SELECT snapshot FROM releases")["snapshot"]
    same = diff(changed, "core_items", "--from", snapshot, "--to", snapshot, "--format", "json")
    assert json.loads(same)["changed"] == 0
    back = json.loads(diff(changed, "core_users", "--from", snapshot, "--to", 0, "--format", "json"))
    assert back["removed"] == back["rows_before"] > 0
    assert back["rows_after"] == 0


def test_every_table_of_the_lake_can_be_compared(tiny, diff):
    sql = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake'"
    for table in tiny.warehouse.read(sql)["table_name"]:
        found = json.loads(diff(tiny, table, "--from", 0, "--format", "json", "--limit", 1))
        count = tiny.warehouse.read(f"SELECT count(*) AS n FROM {table}")["n"][0]
        assert (found["added"], found["removed"], found["changed"]) == (count, 0, 0), table


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nothing"], "table nothing: neither snapshot "),
        (["core_items", "--from", "x"], "--from: 'x' is no snapshot number"),
        (["core_items", "--to", "99999"], "--to 99999: there is no snapshot 99999"),
        (["core_items", "--to", "3"], "--from: no release is older than snapshot 3 "),
        (["core_items", "--format", "xml"], "--format: unknown format 'xml'"),
        (["core_items", "--limit", "-1"], "Invalid value for '--limit'"),
    ],
)
def test_what_cannot_be_compared_is_one_line(tiny, refused, arguments: list[str], expected: str):
    assert expected in refused("diff", "-c", tiny.config, *arguments)


def test_parquet_goes_to_a_file(changed, tmp_path, invoke):
    result = invoke("diff", "-c", changed.config, "core_items", "--format", "parquet")
    assert pl.read_parquet(io.BytesIO(result.stdout_bytes)).height == 4
