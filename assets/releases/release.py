"""`release`: a row that says: these tables, these artifacts, these checks, these metrics; consumers read the newest.

Grain: one row per release; a rebuilt day adds a row. Stale when anything before it is. A release is only written when
the newest result of every blocking check of the whole graph is a pass, also of checks that ran in other runs; of a
check of a learned asset, the newest result for this as-of day.
"""

import datetime as dt
import json
import uuid

import dagster as dg
import polars as pl

from assets.evaluation.metrics import complete
from assets.fingerprints import learning_fingerprint, record_fingerprint
from assets.graph import Columns, Graph, as_of, table_metadata
from assets.quality.quality_history import record_run
from models.errors import UserError
from resources.warehouse import Warehouse, insert

PARTITION_TAG = "dagster/partition"
PAGE = 100

COLUMNS: Columns = {
    "release_id": ("VARCHAR", "As-of day and a random part"),
    "as_of_day": ("DATE", "Partition: the as-of day that is released"),
    "created_at": ("TIMESTAMP", "When, UTC; the newest release is the one consumers read"),
    "snapshot": ("BIGINT", "DuckLake snapshot that holds all its tables"),
    "fingerprint": ("VARCHAR", "Digest of the days, settings and code it was made from"),
    "artifacts": ("VARCHAR", "JSON: asset -> artifact digest"),
    "checks": ("VARCHAR", "JSON: check -> passed or warned"),
    "metrics": ("VARCHAR", "JSON rows: metrics of the newest lists whose test days are complete"),
    "settings": ("VARCHAR", "JSON: the sections `evaluation` and `split` the metrics were computed with"),
    "restores": ("VARCHAR", "The earlier release that `sluice rollback` made the newest again; null: a build's own"),
}


def build(graph: Graph, deps: list[str], learned: set[str], blocking: list[dg.AssetCheckKey]) -> dg.AssetsDefinition:
    """The release asset.

    Args:
        graph: The project.
        deps: The learned assets that no other one reads: once they are there, so is everything a release names, and
            a run in which anything learned failed its check does not get here.
        learned: Names of all assets partitioned by as-of day, but for the release itself.
        blocking: Every check whose newest result must not be a failure.
    """
    common = graph.as_of_asset("releases", {"duckdb"}, deps)

    @dg.asset(description="What passed: snapshot, artifacts, checks and metrics that belong together", **common)
    def release(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
        day = as_of(context)
        checks = check_results(context.instance, blocking, str(day), learned)
        refuse_failures(checks, day)
        # Before the snapshot is taken, so that the release holds the results it rests on.
        record_run(context.instance, warehouse, context.run, lambda key: graph.as_of_days)
        row = make_row(graph, warehouse, day, checks)
        warehouse.ensure_table("releases", COLUMNS, "One release")
        warehouse.write(lambda connection: insert(connection, "releases", row))
        record_fingerprint(warehouse, graph.project, "release", day)
        shown = {name: row[name][0] for name in ("release_id", "snapshot", "fingerprint")}
        counts = {"n_checks": len(checks), "n_artifacts": len(json.loads(row["artifacts"][0]))}
        return dg.MaterializeResult(metadata={**table_metadata("releases", COLUMNS, row), **shown, **counts})

    return release


def check_results(
    instance: dg.DagsterInstance, keys: list[dg.AssetCheckKey], as_of_day: str, learned: set[str]
) -> dict[str, str]:
    """Newest result of every check: `passed`, `warned`, `failed`, or `never` where it has not run.

    Of a check of a learned asset, the newest result for this as-of day counts: as-of days are backfilled side by side,
    and one day's result says nothing about another's.

    Args:
        instance: Where results are recorded.
        keys: The checks.
        as_of_day: Partition key of the as-of day to release.
        learned: Names of the assets partitioned by as-of day.
    """
    newest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    found = {}
    for key in keys:
        record = newest.get(key)
        if key.asset_key.to_user_string() in learned and not _is_of_day(instance, record, as_of_day):
            record = _newest_of_day(instance, key, as_of_day)
        found[f"{key.asset_key.to_user_string()}:{key.name}"] = _word(record)
    return found


def _newest_of_day(instance: dg.DagsterInstance, key: dg.AssetCheckKey, as_of_day: str):
    """The newest record of a check in a run of this as-of day; `None` if there is none."""
    cursor = None
    while page := instance.event_log_storage.get_asset_check_execution_history(key, limit=PAGE, cursor=cursor):
        for record in page:
            if _is_of_day(instance, record, as_of_day):
                return record
        cursor = page[-1].id
    return None


def _is_of_day(instance: dg.DagsterInstance, record, as_of_day: str) -> bool:
    """Whether a check ran in a run of this as-of day; one started alone, without a day, counts for every day."""
    run = instance.get_run_by_id(record.run_id) if record else None
    return run is not None and run.tags.get(PARTITION_TAG, as_of_day) == as_of_day


def _word(record) -> str:
    if record is None or record.event is None or record.event.dagster_event is None:
        return "never"
    evaluation = record.event.dagster_event.event_specific_data
    if not isinstance(evaluation, dg.AssetCheckEvaluation):
        return "never"
    if evaluation.passed:
        return "passed"
    return "failed" if evaluation.severity == dg.AssetCheckSeverity.ERROR else "warned"


def refuse_failures(checks: dict[str, str], day: dt.date) -> None:
    """Raise where a check's newest result is a failure, or it never ran.

    Raises:
        UserError: It names the checks.
    """
    failed = sorted(f"{name} ({word})" for name, word in checks.items() if word in ("failed", "never"))
    if failed:
        found = f"{len(failed)} check(s) failed last time they ran, or never ran: {', '.join(failed[:5])}"
        mend = "Mend the data or the model, materialise those assets again, then release. The old release stays."
        raise UserError(found, f"release of {day}", mend)


def make_row(graph: Graph, warehouse: Warehouse, day: dt.date, checks: dict[str, str]) -> pl.DataFrame:
    """The row of `releases` for an as-of day."""
    artifacts = dict(warehouse.read("SELECT asset, digest FROM artifacts WHERE as_of_day = ?", [day]).iter_rows())
    rows = warehouse.read("SELECT * EXCLUDE (partition_day) FROM metrics WHERE partition_day = ?", [day])
    evaluated = complete(rows, graph.settings.split.test_days)
    values = {
        "release_id": f"{day}-{uuid.uuid4().hex[:8]}",
        "as_of_day": day,
        "created_at": dt.datetime.now(dt.UTC).replace(tzinfo=None),
        "snapshot": warehouse.snapshot(),
        "fingerprint": learning_fingerprint(warehouse, graph.project, day),
        "artifacts": json.dumps(artifacts, sort_keys=True),
        "checks": json.dumps(checks, sort_keys=True),
        "metrics": json.dumps(evaluated.to_dicts(), default=str),
        "settings": graph.settings.model_dump_json(include={"evaluation", "split"}),
        "restores": None,
    }
    return pl.DataFrame({name: [value] for name, value in values.items()}, schema_overrides={"restores": pl.Utf8})
