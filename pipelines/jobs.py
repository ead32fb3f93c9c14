"""The jobs: event days into tables (any range in one run), an as-of day up to its release, upkeep, protocols."""

import dagster as dg

from assets.evaluation.protocol_metrics import GROUP as PROTOCOLS_GROUP
from resources.settings import Settings

TABLES_JOB = "tables"
LEARNING_JOB = "learning"
MAINTENANCE_JOB = "upkeep"
PROTOCOLS_JOB = "protocols"
TABLE_GROUPS = ("events", "tables")
UPKEEP_GROUP = "maintenance"


def build_jobs(settings: Settings) -> list:
    """`tables`, `learning`, `upkeep`, and `protocols` where one is configured.

    Backfill policies may not be mixed in one job, hence two for the days.
    """
    tables, upkeep = dg.AssetSelection.groups(*TABLE_GROUPS), dg.AssetSelection.groups(UPKEEP_GROUP)
    apart = upkeep | dg.AssetSelection.groups(PROTOCOLS_GROUP) if settings.evaluation.protocols else upkeep
    jobs = [
        dg.define_asset_job(TABLES_JOB, tables, description="Event days: raw files to clean tables"),
        dg.define_asset_job(
            LEARNING_JOB, dg.AssetSelection.all() - tables - apart, description="One as-of day: to a release"
        ),
        dg.define_asset_job(MAINTENANCE_JOB, upkeep, description="Old snapshots, small files, unnamed artifacts"),
    ]
    if settings.evaluation.protocols:
        protocols = dg.AssetSelection.groups(PROTOCOLS_GROUP)
        jobs.append(dg.define_asset_job(PROTOCOLS_JOB, protocols, description="Retrievers under other protocols"))
    return jobs
