"""Which columns tell a table's rows apart: what a changed row is known by.

Tables of dbt: the columns of its `one_row_per` tests. Tables written in Python: `KEYS`, which tests compare with the
rows of a built shop.
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.dbt_manifest import DBT_FOLDER

UNIQUENESS = "one_row_per"
A_LINE = ("source_file", "source_line")
KEYS: dict[str, tuple[str, ...]] = {
    "raw_events": A_LINE,
    "rejected_events": A_LINE,
    "source_files": ("source_file", "source_day"),
    "source_schemas": ("source", "source_file", "column_name"),
    "event_corrections": ("noticed_at", "source_day", "event_id", "copy_number", "column_name", "new_file"),
    "raw_items": A_LINE,
    "rejected_items": A_LINE,
    "event_funnel": ("source_day",),
    "item_profiles": ("item_id", "as_of_day"),
    "user_profiles": ("user_id", "as_of_day"),
    "profile_calls": ("kind", "subject_id", "as_of_day"),
    "profile_quality": ("as_of_day", "kind", "backend", "prompt_version", "metric"),
    "text_vectors": ("encoder", "text_digest"),
    "item_text_embeddings": ("item_id", "as_of_day"),
    "user_text_embeddings": ("user_id", "as_of_day"),
    "item_embeddings": ("retriever", "item_id", "as_of_day"),
    "user_embeddings": ("retriever", "user_id", "as_of_day"),
    "candidates": ("user_id", "item_id", "source", "as_of_day"),
    "comparisons": ("partition_day", "model", "against", "metric", "k"),
    "slice_findings": ("partition_day", "slice", "against"),
    "recommendations": ("user_id", "rank", "as_of_day"),
    "metrics": ("partition_day", "as_of_day", "model", "metric", "k", "slice", "scored_through"),
    "unfinished_days": ("event_day",),
    "policy_values": ("as_of_day", "policy", "estimator"),
    "releases": ("release_id",),
    "artifacts": ("asset", "as_of_day"),
    "quality_history": ("run_id", "evaluation_number", "expectation_number"),
    "event_profile_daily": ("profiled", "source_day", "kind", "column_name", "bucket"),
    "fingerprints": ("stage", "as_of_day"),
    "tuning_trials": ("study", "trial"),
    "tuning_user_scores": ("study", "trial", "user_id"),
    "index_tuning": ("retriever", "as_of_day", "point"),
}


def key_of(table: str) -> tuple[str, ...]:
    """The columns in which no two rows of a table agree; empty where none are documented."""
    return KEYS.get(table) or _dbt_keys(DBT_FOLDER / "models").get(table, ())


@cache
def _dbt_keys(folder: Path) -> dict[str, tuple[str, ...]]:
    models = [model for file in sorted(folder.rglob("*.yml")) for model in _models(file)]
    tests = [(model["name"], test) for model in models for test in model.get("data_tests", []) if UNIQUENESS in test]
    return {name: tuple(test[UNIQUENESS]["arguments"]["columns"]) for name, test in tests}


def _models(file: Path) -> list[dict[str, Any]]:
    return (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("models", [])
