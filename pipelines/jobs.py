"""The two jobs: event days into tables (any range in one run), one as-of day from sequences to release."""

import dagster as dg

TABLES_JOB = "tables"
LEARNING_JOB = "learning"
TABLE_GROUPS = ("events", "tables")


def build_jobs() -> list:
    """`tables` and `learning`; backfill policies may not be mixed in one job, hence two."""
    tables = dg.AssetSelection.groups(*TABLE_GROUPS)
    return [
        dg.define_asset_job(TABLES_JOB, tables, description="Event days: raw files to clean tables"),
        dg.define_asset_job(LEARNING_JOB, dg.AssetSelection.all() - tables, description="One as-of day: to a release"),
    ]
