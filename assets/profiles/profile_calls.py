"""`profile_calls`: the ledger of what made the profiles: backend, version, input digest, tokens, whether it was new.

Grain: profile and as-of day. The extractive backend makes no paid call, so its rows cost nothing; what they tell is
which profiles changed since the as-of day before. Read by people.
"""

import dagster as dg
import polars as pl

from assets.graph import Columns, Graph, as_of, table_metadata
from resources.warehouse import Warehouse

COLUMNS: Columns = {
    "as_of_day": ("DATE", "Partition: the as-of day of the profile"),
    "kind": ("VARCHAR", "item or user"),
    "subject_id": ("VARCHAR", "The item or the user"),
    "backend": ("VARCHAR", "extractive, transformers or openai"),
    "prompt_version": ("VARCHAR", "Version of the rules or the prompt"),
    "input_digest": ("VARCHAR", "Digest of what entered the profile"),
    "tokens_in": ("BIGINT", "Tokens (words, for the extractive backend) read"),
    "tokens_out": ("BIGINT", "Tokens written"),
    "outcome": ("VARCHAR", "new, changed or unchanged against the newest earlier as-of day"),
}

SQL = """
WITH profiles AS (
    SELECT as_of_day, 'item' AS kind, item_id AS subject_id, backend, prompt_version, input_digest,
        n_tokens_in AS tokens_in, n_tokens_out AS tokens_out FROM item_profiles
    UNION ALL
    SELECT as_of_day, 'user', user_id, backend, prompt_version, input_digest, n_tokens_in, n_tokens_out
    FROM user_profiles
),
before AS (
    SELECT kind, subject_id, arg_max(input_digest, as_of_day) AS input_digest
    FROM profiles WHERE as_of_day < $day GROUP BY kind, subject_id
)
SELECT p.*, CASE WHEN b.input_digest IS NULL THEN 'new' WHEN b.input_digest = p.input_digest THEN 'unchanged'
    ELSE 'changed' END AS outcome
FROM profiles AS p LEFT JOIN before AS b USING (kind, subject_id)
WHERE p.as_of_day = $day ORDER BY kind, subject_id
"""


def build(graph: Graph) -> dg.AssetsDefinition:
    """The ledger asset."""
    common = graph.as_of_asset("profiles", {"duckdb"}, ["item_profiles", "user_profiles"])

    @dg.asset(description="Ledger: what each profile was made from, and whether it changed", **common)
    def profile_calls(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
        day = as_of(context)
        with warehouse.connect(read_only=True) as connection:
            frame = connection.execute(SQL, {"day": day}).pl()
        warehouse.ensure_table("profile_calls", COLUMNS, "What made one profile")
        snapshot = warehouse.replace_days("profile_calls", "as_of_day", day, day, frame)
        outcomes = frame.group_by("kind", "outcome").agg(pl.len()).sort("kind", "outcome")
        metadata = table_metadata("profile_calls", COLUMNS, frame, snapshot)
        return dg.MaterializeResult(metadata={**metadata, "outcomes": dg.MetadataValue.json(outcomes.to_dicts())})

    return profile_calls
