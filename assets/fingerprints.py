"""What a day was made from, as one digest: files, settings and code. Equal digests mean nothing to rebuild."""

import datetime as dt
import hashlib

import polars as pl

from assets.graph import Columns
from models.events.files import file_digest, list_source_files
from resources.code_version import code_digest
from resources.settings import Project
from resources.warehouse import Warehouse, insert

TABLE_SECTIONS = ["events", "catalogue", "event_types", "partitions", "cleaning"]
LEARNING_SECTIONS = [
    *("events", "catalogue", "event_types", "partitions", "cleaning", "split", "profiles", "text", "retrievers"),
    *("index", "rankers", "recommendations", "evaluation"),
]
GENERATOR_FIELDS = ("backend", "model", "max_tokens", "temperature", "seed")
TABLE_CODE = ("models/events", "dbt", "assets/events", "assets/tables")
LEARNING_CODE = ("models", "assets", "dbt")

COLUMNS: Columns = {
    "stage": ("VARCHAR", "recommendations or release"),
    "as_of_day": ("DATE", "The as-of day"),
    "fingerprint": ("VARCHAR", "Digest of the days, settings and code it was made from"),
}


def day_fingerprints(warehouse: Warehouse, project: Project, first: dt.date, last: dt.date) -> pl.DataFrame:
    """`source_day, fingerprint` of every day of a range, from the files as they were when they were read."""
    sql = """SELECT source_day, source_file || ' ' || sha256 AS file FROM source_files
        WHERE source_day BETWEEN ? AND ? ORDER BY source_day, source_file"""
    with warehouse.connect(read_only=True) as connection:
        rows = connection.execute(sql, [first, last]).fetchall()
    return _fingerprints(project, rows, first, last)


def source_fingerprints(project: Project, first: dt.date, last: dt.date) -> pl.DataFrame:
    """The same from the files as they are now; files without a day count for every day."""
    rows = []
    for file in list_source_files(project.settings.events, project.base):
        name = f"{file.name} {file_digest(file.path)}"
        days = [file.day] if file.day else pl.date_range(first, last, eager=True).to_list()
        rows += [(day, name) for day in days]
    return _fingerprints(project, sorted(rows), first, last)


def _fingerprints(project: Project, rows: list, first: dt.date, last: dt.date) -> pl.DataFrame:
    base = project.digest(TABLE_SECTIONS) + code_digest(*TABLE_CODE)
    days = pl.date_range(first, last, eager=True).to_list()
    files: dict[dt.date, list[str]] = {day: [] for day in days}
    for day, name in rows:
        if day in files:
            files[day].append(name)
    known = catalogue_digests(project, days)
    prints = [
        hashlib.sha256("\n".join([base + known[day], *names]).encode()).hexdigest()[:32] for day, names in files.items()
    ]
    return pl.DataFrame({"source_day": days, "fingerprint": prints}, schema_overrides={"source_day": pl.Date})


def catalogue_digests(project: Project, days: list[dt.date]) -> dict[dt.date, str]:
    """Digest of the catalogue's files, as they are now, that speak of each day; empty where none does.

    A dated file speaks of its day and of all that follow: a new one leaves the days before it as they are, a changed
    old one is a correction of every day since. A file without a day speaks of every day.

    Args:
        project: The project.
        days: Days in ascending order.
    """
    source = project.settings.catalogue
    files = list_source_files(source, project.base) if source else []
    waiting = sorted(((file.day or dt.date.min, file.name, file_digest(file.path)) for file in files), reverse=True)
    spoken, digests = "", {}
    for day in days:
        while waiting and waiting[-1][0] <= day:
            spoken = hashlib.sha256((spoken + waiting.pop()[2]).encode()).hexdigest()
        digests[day] = spoken
    return digests


def learning_fingerprint(warehouse: Warehouse, project: Project, as_of_day: dt.date) -> str:
    """Digest of everything a learned asset of this as-of day depends on: days up to it, settings, code.

    Days after it count as far as their files may bring late events of the as-of day.
    """
    sql = "SELECT coalesce(fingerprint, '') FROM event_funnel WHERE source_day <= ? ORDER BY source_day"
    reach = as_of_day + dt.timedelta(days=project.settings.events.late_days)
    with warehouse.connect(read_only=True) as connection:
        days = [row[0] for row in connection.execute(sql, [reach]).fetchall()]
    parts = [
        project.digest(LEARNING_SECTIONS),
        code_digest(*LEARNING_CODE),
        *_generator(project),
        str(as_of_day),
        *days,
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _generator(project: Project) -> list[str]:
    """What of the language model decides the profiles, where it writes them; not how fast or patient it is."""
    if not project.settings.profiles.asks_a_model:
        return []
    return [project.settings.generator.model_dump_json(include=set(GENERATOR_FIELDS))]


def record_fingerprint(warehouse: Warehouse, project: Project, stage: str, as_of_day: dt.date) -> str:
    """Note that a stage of an as-of day has been made from what is there now; returns the fingerprint."""
    fingerprint = learning_fingerprint(warehouse, project, as_of_day)
    warehouse.ensure_table("fingerprints", COLUMNS, "What each stage of an as-of day was made from")
    row = pl.DataFrame({"stage": [stage], "as_of_day": [as_of_day], "fingerprint": [fingerprint]})

    def transaction(connection) -> None:
        connection.execute("DELETE FROM fingerprints WHERE stage = ? AND as_of_day = ?", [stage, as_of_day])
        insert(connection, "fingerprints", row)

    warehouse.write(transaction)
    return fingerprint


def forget_fingerprint(warehouse: Warehouse, stage: str, as_of_day: dt.date) -> None:
    """Make a stage of an as-of day count as not made: what it left did not pass its checks."""
    if not warehouse.has_table("fingerprints"):
        return
    sql = "DELETE FROM fingerprints WHERE stage = ? AND as_of_day = ?"
    warehouse.write(lambda connection: connection.execute(sql, [stage, as_of_day]).fetchall())


def recorded_fingerprint(warehouse: Warehouse, stage: str, as_of_day: dt.date) -> str | None:
    """The fingerprint a stage of an as-of day was last made from; `None` if never."""
    if not warehouse.has_table("fingerprints"):
        return None
    sql = "SELECT fingerprint FROM fingerprints WHERE stage = ? AND as_of_day = ?"
    rows = warehouse.read(sql, [stage, as_of_day])
    return rows["fingerprint"][0] if rows.height else None
