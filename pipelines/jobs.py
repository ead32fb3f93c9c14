"""The jobs: event days into tables (any range in one run), one as-of day from sequences to release, upkeep."""

import dagster as dg

TABLES_JOB = "tables"
LEARNING_JOB = "learning"
MAINTENANCE_JOB = "upkeep"
TABLE_GROUPS = ("events", "tables")
UPKEEP_GROUP = "maintenance"


def build_jobs() -> list:
    """`tables`, `learning` and `upkeep`; backfill policies may not be mixed in one job, hence two for the days."""
    tables, upkeep = dg.AssetSelection.groups(*TABLE_GROUPS), dg.AssetSelection.groups(UPKEEP_GROUP)
    learning = dg.AssetSelection.all() - tables - upkeep
    return [
        dg.define_asset_job(TABLES_JOB, tables, description="Event days: raw files to clean tables"),
        dg.define_asset_job(LEARNING_JOB, learning, description="One as-of day: to a release"),
        dg.define_asset_job(MAINTENANCE_JOB, upkeep, description="Old snapshots, small files, unnamed artifacts"),
    ]
