"""`sluice verify-release`: is everything a release names there, whole, and worth the numbers it was released with?"""

import datetime as dt

import polars as pl

from assets.evaluation.scoring import score_lists
from assets.maintenance.released_tables import released_tables
from models.errors import UserError
from pipelines.console import say
from pipelines.definitions import graph_of
from pipelines.releases import Release, find_release
from pipelines.storage import artifacts_of, warehouse_of
from resources.artifact_store import ArtifactStore
from resources.settings import Project
from resources.warehouse import Warehouse

KEY = ["as_of_day", "scored_through", "model", "metric", "k", "slice"]
VALUES = ["value", "ci_low", "ci_high", "n_users"]


def verify(project: Project, name: str) -> None:
    """Read all a release names, compute its metrics again, and say so.

    Raises:
        UserError: Something is missing or damaged, or a metric has another value.
    """
    warehouse, store = warehouse_of(project), artifacts_of(project)
    release = find_release(warehouse, name)
    damage = damage_of(warehouse, store, release)
    if damage:
        mend = "Restore it from a backup, or serve another release: `sluice rollback`."
        raise UserError("; ".join(damage[:3]), f"release {release.release_id}", mend)
    say(f"release {release.release_id}, as of {release.as_of_day}")
    say(f"tables     all can be read, at snapshot {release.snapshot}")
    say(f"artifacts  {len(release.artifacts)} have the digests it names")
    again = recompute(project, warehouse, release)
    different = differences(release, again)
    if different.height:
        row = different.row(0, named=True)
        words = f"{row['model']} {row['metric']}@{row['k']} of {row['slice']}: {row['value']}, now {row['value_now']}"
        mend = "The code of the metrics has changed since, or the tables are not those it was made from."
        raise UserError(f"{different.height} metrics differ, e.g. {words}", f"release {release.release_id}", mend)
    say(f"metrics    {again.height} computed again from its own tables: the same, to the last digit")


def damage_of(warehouse: Warehouse, store: ArtifactStore, release: Release) -> list[str]:
    """What of a release is missing or not what its digest says, in words; nothing if all is well."""
    wanted = pl.DataFrame({"release_id": [release.release_id], "snapshot": [release.snapshot]})
    found = [str(row["contents"]) for row in released_tables(warehouse, wanted).to_dicts() if not row["readable"]]
    for asset, digest in release.artifacts.items():
        try:
            store.get(asset, digest)
        except UserError as error:
            found.append(f"{error.where}: {error.found}")
    return found


def recompute(project: Project, warehouse: Warehouse, release: Release) -> pl.DataFrame:
    """The release's metrics afresh, from its own snapshot and with the settings of then; no rows where it has none."""
    recorded = {(row["as_of_day"], row["scored_through"]) for row in release.metrics}
    sections = {name: type(getattr(project.settings, name)) for name in release.settings}
    then = {name: section.model_validate(release.settings[name]) for name, section in sections.items()}
    graph = graph_of(Project(project.path, project.settings.model_copy(update=then)))
    pinned = warehouse.model_copy(update={"pinned": release.snapshot})
    days = [tuple(map(dt.date.fromisoformat, pair)) for pair in sorted(recorded)]
    frames = [score_lists(graph, pinned, target, through) for target, through in days]
    return pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys([*KEY, *VALUES], pl.Null))


def differences(release: Release, again: pl.DataFrame) -> pl.DataFrame:
    """Rows of either side that the other lacks, or that have another value or interval; bit for bit."""
    recorded = pl.DataFrame(release.metrics, infer_schema_length=None)
    if recorded.is_empty():
        return recorded
    days = [pl.col(name).cast(pl.Utf8) for name in ("as_of_day", "scored_through")]
    then, now = (frame.with_columns(days).select(*KEY, *VALUES) for frame in (recorded, again))
    both = then.cast({"k": pl.Int64}).join(now.cast({"k": pl.Int64}), on=KEY, how="full", suffix="_now", coalesce=True)
    same = [pl.col(name).cast(pl.Float64).eq_missing(pl.col(f"{name}_now").cast(pl.Float64)) for name in VALUES]
    return both.filter(~pl.all_horizontal(same))
