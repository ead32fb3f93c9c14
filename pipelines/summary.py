"""What a build ends with: assets and rows, checks, metrics with intervals, the share of the oracle's NDCG."""

import os
import shlex

import polars as pl
from rich.table import Table

from models.errors import UserError
from models.evaluation.oracle import oracle_share
from pipelines.build import BuildResult
from pipelines.console import console, say
from pipelines.releases import Release, newest_release
from pipelines.storage import warehouse_of
from resources.settings import Project
from resources.warehouse import Warehouse, table_names


def show(project: Project, result: BuildResult) -> None:
    """Print the tables of the newest state and, where there is one, the newest release's metrics."""
    warehouse = warehouse_of(project)
    _show_tables(warehouse)
    _show_checks(result)
    try:
        release = newest_release(warehouse)
    except UserError as error:
        say(f"\nno release: {error.mend}")
        return
    _show_metrics(project, release)
    say(f"\nrelease {release.release_id}, as of {release.as_of_day}, {len(release.artifacts)} artifacts")
    config = os.path.relpath(project.path)
    option = "" if config == "sluice.yaml" else f" -c {shlex.quote(config)}"
    say(f'next: sluice sql{option} "SHOW TABLES"; sluice report{option}; sluice ui{option}')


def _show_tables(warehouse: Warehouse) -> None:
    with warehouse.connect(read_only=True) as connection:
        tables = table_names(connection)
        counts = [connection.execute(f'SELECT count(*) FROM "{name}"').fetchone() for name in tables]
        artifacts = (
            connection.execute("SELECT asset, count(*) FROM artifacts GROUP BY ALL ORDER BY ALL").fetchall()
            if "artifacts" in tables
            else []
        )
    table = Table("asset", title="\nAssets", title_justify="left", box=None, header_style="bold", pad_edge=False)
    table.add_column("rows", justify="right")
    for name, count in zip(tables, counts, strict=True):
        table.add_row(name, f"{count[0]:,}" if count else "")
    for name, count in artifacts:
        table.add_row(name, f"{count} artifact(s)")
    console.print(table)


def _show_checks(result: BuildResult) -> None:
    if not result.outcomes:
        say("\nChecks: nothing was rebuilt")
        return
    found = [check for outcome in result.outcomes for check in outcome.checks.items()]
    passed = sum(1 for _, (ok, _, _) in found if ok)
    warned = [name for name, (ok, blocking, _) in found if not ok and not blocking]
    failed = [name for name, (ok, blocking, _) in found if not ok and blocking]
    say(f"\nChecks: {passed} passed, {len(warned)} warned, {len(failed)} failed")
    for name in sorted(set(warned)):
        say(f"  warned  {name}")
    for name in sorted(set(failed)):
        say(f"  failed  {name}")


def _show_metrics(project: Project, release: Release) -> None:
    if not release.metrics:
        say("\nMetrics: none yet; lists are scored once days have come after their as-of day")
        return
    k = project.settings.evaluation.ks[0]
    rows = pl.DataFrame(release.metrics, infer_schema_length=None).filter(
        (pl.col("slice") == "all") & (pl.col("k") == k)
    )
    shown = rows.filter(pl.col("metric").is_in(["ndcg", "recall", "mrr", "coverage"]))
    if shown.is_empty():
        say(f"\nMetrics: the release holds none at {k}; evaluation.ks has changed since")
        return
    first = shown.row(0, named=True)
    title = f"\nMetrics at {k}: lists as of {first['as_of_day']}, scored through {first['scored_through']}"
    table = Table("model", title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for name in ("ndcg", "95 % interval", "recall", "mrr", "coverage", "of the oracle"):
        table.add_column(name, justify="right")
    values = {(row["model"], row["metric"]): row for row in shown.iter_rows(named=True)}
    oracle = values.get(("oracle", "ndcg"))
    ndcg = sorted((row for (_, metric), row in values.items() if metric == "ndcg"), key=lambda row: -row["value"])
    for row in ndcg:
        others = [values.get((row["model"], metric), {}).get("value") for metric in ("recall", "mrr", "coverage")]
        share = f"{oracle_share(row['value'], oracle['value']):.0%}" if oracle and oracle["value"] > 0 else ""
        interval = f"{row['ci_low']:.4f} to {row['ci_high']:.4f}"
        table.add_row(row["model"], f"{row['value']:.4f}", interval, *(_number(value) for value in others), share)
    console.print(table)
    say(f"over {ndcg[0]['n_users']:,} users who took something new" if ndcg else "no user to score")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
