"""Keeping a question to the lake where its catalogue is a server: DuckDB's client could ask that server anything.

DuckDB's own lock on files and networks (`enable_external_access`) does not hold the PostgreSQL client, which would go
on reading other tables of the database, files of the server, and servers elsewhere.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from models.errors import UserError

BEYOND = re.compile(r"postgres_.*|query|query_table|json_execute_serialized_sql", re.IGNORECASE)
"""Functions that reach the server, or that run SQL put together from text and so could hide those that do."""
METADATA = "__ducklake_metadata"
_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(ANALYZE\s+)?(\([^)]*\)\s*)?", re.IGNORECASE)


def refuse_beyond_the_lake(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Raise where a question uses anything but the lake's tables; it is parsed here, not yet bound.

    Args:
        connection: Any.
        query: One statement that parses.

    Raises:
        UserError: It names a function or a table outside the lake, or cannot be looked into.
    """
    asked = _EXPLAIN.sub("", query, count=1) if _EXPLAIN.match(query) else query
    answer = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [asked]).fetchone()
    tree = json.loads(answer[0]) if answer else {"error": True}
    if tree["error"]:
        raise UserError("this question cannot be looked into", "sluice sql", "Ask the SELECT alone, without comments.")
    for node in _nodes(tree):
        function = node.get("function_name") or ""
        if BEYOND.fullmatch(function):
            raise UserError(f"{function} reaches beyond the lake", "sluice sql", "Ask the lake's own tables.")
        for key in ("catalog_name", "schema_name"):
            if str(node.get(key, "")).lower().startswith(METADATA):
                raise UserError(f"{node[key]} lies beyond the lake", "sluice sql", "Ask the lake's own tables.")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    if isinstance(tree, dict):
        yield tree
    for part in inner:
        yield from _nodes(part)
