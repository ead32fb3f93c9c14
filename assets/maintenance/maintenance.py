"""`maintenance`: old snapshots expire, small files are merged, what nothing names is removed.

Grain: none, it has no partitions; every run looks at the whole lake and the whole artifact store. It is never stale:
run it weekly, or when the disk fills. Nothing reads it. What a release names is never touched, and the check reads all
of it before and after.
"""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from assets.graph import OWNERS, WAREHOUSE_POOL, Graph, preview
from assets.maintenance.released_tables import released_tables, releases_of
from resources.artifact_store import ArtifactStore
from resources.lake_upkeep import expire_snapshots, merge_files, remove_files, usage_of
from resources.settings_sections import Maintenance
from resources.snapshots import snapshots_of
from resources.warehouse import Warehouse

CHECK = "every_release_can_be_read"
REMEDY = "Restore warehouse/ from a backup, and report a defect: upkeep must not touch what a release names."


def build(graph: Graph) -> dg.AssetsDefinition:
    """The upkeep asset with its check."""
    settings = graph.settings.maintenance
    check = dg.AssetCheckSpec(
        CHECK,
        asset="maintenance",
        blocking=True,
        description="Every table of every release holds, at the release's snapshot, the rows it held before.",
    )

    @dg.asset(
        description="Upkeep: old snapshots expire, small files are merged, what nothing names is removed",
        group_name="maintenance",
        owners=OWNERS,
        kinds={"duckdb"},
        pool=WAREHOUSE_POOL,
        check_specs=[check],
    )
    def maintenance(
        warehouse: Warehouse, artifacts: ArtifactStore
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        before = released_tables(warehouse, releases_of(warehouse))
        yield dg.MaterializeResult(metadata=keep_up(warehouse, artifacts, settings))
        yield check_result(before, released_tables(warehouse, before.select("release_id", "snapshot").unique()))

    return maintenance


def keep_up(
    warehouse: Warehouse, artifacts: ArtifactStore, settings: Maintenance, now: dt.datetime | None = None
) -> dict[str, Any]:
    """All of the upkeep, with no writer beside it; what it did, for the UI.

    Args:
        warehouse: The lake.
        artifacts: The artifact store.
        settings: How long things are kept.
        now: With a time zone; `None` is the time it is.
    """
    now = now or dt.datetime.now(dt.UTC)
    limit = now - dt.timedelta(days=settings.keep_days)
    needless = now.date() - dt.timedelta(days=settings.file_grace_days)
    with warehouse.alone():
        releases = releases_of(warehouse)
        snapshots_before, before = len(snapshots_of(warehouse).kept), usage_of(warehouse)
        expired = expire_snapshots(warehouse, limit.replace(tzinfo=None), set(releases["snapshot"]))
        n_merged, n_made = merge_files(warehouse)
        remove_files(warehouse, needless)
        removed = artifacts.remove_unnamed(named_artifacts(warehouse, releases), limit)
        snapshots, after = snapshots_of(warehouse), usage_of(warehouse)
    old = {made.number for made in snapshots.kept if made.made_at < limit.replace(tzinfo=None)}
    return {
        "snapshots_before": snapshots_before,
        "snapshots_after": len(snapshots.kept),
        "snapshots_expired": len(expired),
        "snapshots_kept_for_releases": dg.MetadataValue.json(sorted(old & set(releases["snapshot"]))),
        "files_before": before.n_files,
        "files_after": after.n_files,
        "files_merged": f"{n_merged} into {n_made}",
        "bytes_freed": before.n_bytes - after.n_bytes,
        "artifacts_removed": len(removed),
        "snapshot": snapshots.newest.number,
    }


def named_artifacts(warehouse: Warehouse, releases: pl.DataFrame) -> set[tuple[str, str]]:
    """Asset and digest of every artifact that is current for some as-of day, or that a release names."""
    current = warehouse.read("SELECT asset, digest FROM artifacts").rows() if warehouse.has_table("artifacts") else []
    released = [pair for artifacts in releases["artifacts"] for pair in json.loads(artifacts).items()]
    return {*current, *released}


def check_result(before: pl.DataFrame, after: pl.DataFrame) -> dg.AssetCheckResult:
    """Whether the tables of the releases hold what they held.

    Args:
        before: `released_tables` before the upkeep.
        after: The same releases afterwards.
    """
    both = ["release_id", "table", "contents"]
    wrong = before.filter(pl.col("readable")).join(after, on=both, how="anti", nulls_equal=True)
    unreadable = after.filter(~pl.col("readable"))
    metadata: dict[str, Any] = {
        "n_releases": before["release_id"].n_unique(),
        "n_tables": before.height,
        "differ": dg.MetadataValue.md(preview(wrong, 10)),
        "cannot_be_read": dg.MetadataValue.json(dict(unreadable.select("release_id", "contents").iter_rows())),
        "remedy": REMEDY,
    }
    passed = wrong.is_empty() and unreadable.is_empty()
    return dg.AssetCheckResult(asset_key="maintenance", check_name=CHECK, passed=passed, metadata=metadata)
