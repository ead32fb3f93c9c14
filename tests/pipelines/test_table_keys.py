import pytest

from pipelines.table_keys import KEYS, key_of

TABLES = """SELECT table_name, list(column_name) AS columns FROM duckdb_columns() WHERE database_name = 'lake'
    GROUP BY table_name ORDER BY table_name"""

MADE_ELSEWHERE = {"index_tuning", "tuning_trials", "tuning_user_scores", "user_text_embeddings"}
"""No build of this shop makes them; test_tune and test_user_text_embeddings look at their keys."""


@pytest.fixture(scope="module")
def tables(tiny) -> dict[str, list[str]]:
    return dict(tiny.warehouse.read(TABLES).iter_rows())


def test_every_table_of_a_built_shop_has_a_key_that_tells_its_rows_apart(tiny, tables):
    for table, columns in tables.items():
        key = key_of(table)
        assert key, table
        assert set(key) <= set(columns), table
        names = ", ".join(key)
        twice = f"SELECT {names} FROM {table} GROUP BY ALL HAVING count(*) > 1"
        assert tiny.warehouse.read(twice).is_empty(), table


def test_keys_name_tables_that_exist(tables):
    assert set(KEYS) <= set(tables) | MADE_ELSEWHERE


def test_models_of_dbt_are_known_by_their_own_tests():
    assert key_of("core_events") == ("event_id", "event_day")
    assert key_of("core_items") == ("item_id",)
    assert "core_items" not in KEYS
    assert key_of("nothing") == ()
