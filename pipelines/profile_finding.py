"""One profile with its evidence: the row, the events that its tastes cite, and what the ledger says of the model."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

import duckdb

from assets.generator_calls import TABLE as CALLS
from assets.point_in_time import ITEMS_AS_OF
from assets.profiles.questions import ITEMS, USERS
from models.errors import UserError
from models.profiles.item_answers import answer_digest
from models.profiles.schema import ItemProfile, UserProfile
from models.profiles.shown_items import item_reference
from models.profiles.shown_users import user_reference
from pipelines.releases import all_releases, newest_release
from pipelines.versions import Versions
from resources.table_columns import has_table
from resources.warehouse import Warehouse

Kind = Literal["user", "item"]
KINDS: tuple[Kind, ...] = ("user", "item")
NEAR = 3
DAYS_SQL = "SELECT min(as_of_day), max(as_of_day) FROM {kind}_profiles"
ROW_SQL = "SELECT * FROM {kind}_profiles WHERE as_of_day = $day AND {kind}_id = $subject"
NEAR_SQL = """SELECT {kind}_id, jaro_winkler_similarity({kind}_id, $subject) AS likeness FROM {kind}_profiles
    WHERE as_of_day = $day ORDER BY likeness DESC, {kind}_id LIMIT $n"""
EVENTS_SQL = f"""SELECT event_id, event_day, event_type, item_id, title
    FROM (SELECT * FROM core_events WHERE user_id = $user AND event_day <= $day AND event_id IN (SELECT unnest($ids)))
    LEFT JOIN (SELECT item_id, title FROM ({ITEMS_AS_OF})) USING (item_id) ORDER BY event_at DESC, event_id"""
CALLS_SQL = f"""SELECT * EXCLUDE (value) FROM {CALLS} WHERE kind = $kind AND day <= $day
    AND json_extract_string(value, $path) = $reference ORDER BY day, prompt_version DESC, key"""
SOURCE_SQL = """SELECT profile FROM item_profiles WHERE item_id = $subject AND input_digest = $digest
    ORDER BY as_of_day LIMIT 1"""


@dataclass(frozen=True)
class State:
    """Which tables are asked.

    Attributes:
        name: `release R`, `snapshot N ...` or `the newest tables`.
        snapshot: `None` is the newest.
        day: The as-of day that a release was made for; `None`: the newest day that has profiles.
    """

    name: str
    snapshot: int | None
    day: dt.date | None


@dataclass(frozen=True)
class FoundProfile:
    """A profile with its evidence.

    Attributes:
        kind: `user` or `item`.
        subject: The id.
        state: Where it was read.
        row: The row of `user_profiles` or `item_profiles`.
        profile: What its JSON says.
        events: Of a user: the cited events that the tables hold, by id, newest first: `event_day, event_type, item_id`
            and `title`, as it was known on the day.
        calls: The ledger's rows whose answer names it; `used` tells which one its words are of, or last changed by.
    """

    kind: Kind
    subject: str
    state: State
    row: dict[str, Any]
    profile: UserProfile | ItemProfile
    events: dict[str, dict[str, Any]]
    calls: list[dict[str, Any]]


def state_of(warehouse: Warehouse, live: bool, as_of: str | None) -> State:
    """The tables that `--live`, `--as-of` or neither of them means.

    Raises:
        UserError: Both were given, or there is no such state.
    """
    if live and as_of:
        raise UserError("--live and --as-of exclude each other", "sluice profile", "Leave one of them out.")
    if live:
        return State("the newest tables", None, None)
    if as_of is None:
        release = newest_release(warehouse)
        return State(f"release {release.release_id}", release.snapshot, release.as_of_day)
    version = Versions(warehouse).find(as_of, "--as-of")
    if version.release is None:
        return State(str(version), version.snapshot.number, None)
    release = next(one for one in all_releases(warehouse) if one.release_id == version.release)
    return State(f"release {release.release_id}", release.snapshot, release.as_of_day)


def find_profile(
    warehouse: Warehouse, subject: str, kind: Kind | None, state: State, day: dt.date | None
) -> FoundProfile:
    """The profile of a user or an item.

    Args:
        warehouse: The lake.
        subject: The id.
        kind: What it is the id of; `None`: whichever has a profile.
        state: See `state_of`.
        day: The as-of day; `None` is the state's own.

    Raises:
        UserError: There are no profiles, none of this id, or a user's and an item's.
    """
    with warehouse.connect(read_only=True, snapshot=state.snapshot) as connection:
        days = {one: _days(connection, one) for one in ((kind,) if kind else KINDS)}
        reach = [span for span in days.values() if span]
        if not reach:
            raise UserError("there are no profiles", state.name, "Run `sluice build`.")
        day = day or state.day or max(last for _, last in reach)
        found = {one: _rows(connection, ROW_SQL, one, subject, day) for one, span in days.items() if span}
        hits = [one for one, rows in found.items() if rows]
        if len(hits) > 1:
            raise UserError(f"{subject!r} is both a user and an item", state.name, "Say --kind user or --kind item.")
        if not hits:
            raise _unknown(connection, subject, [one for one, span in days.items() if span], state, day, reach)
        return _with_evidence(connection, hits[0], subject, state, found[hits[0]][0])


def _days(connection: duckdb.DuckDBPyConnection, kind: Kind) -> tuple[dt.date, dt.date] | None:
    """First and last as-of day that have profiles."""
    if not has_table(connection, f"{kind}_profiles"):
        return None
    span = connection.execute(DAYS_SQL.format(kind=kind)).fetchone()
    return span if span and span[0] else None


def _rows(
    connection: duckdb.DuckDBPyConnection, sql: str, kind: Kind, subject: str, day: dt.date, **more: int
) -> list[dict[str, Any]]:
    values = {"subject": subject, "day": day, **more}
    return connection.execute(sql.format(kind=kind), values).pl().to_dicts()


def _unknown(
    connection: duckdb.DuckDBPyConnection,
    subject: str,
    kinds: list[Kind],
    state: State,
    day: dt.date,
    reach: list[tuple[dt.date, dt.date]],
) -> UserError:
    """The error for an id without a profile: names near ones, or the days there are."""
    what = " or ".join(kinds)
    near = [(one, row) for one in kinds for row in _rows(connection, NEAR_SQL, one, subject, day, n=NEAR)]
    if not near:
        first, last = min(first for first, _ in reach), max(last for _, last in reach)
        return UserError(f"no {what} has a profile as of {day}", state.name, f"There are those of {first} to {last}.")
    near.sort(key=lambda pair: -pair[1]["likeness"])
    names = ", ".join(f"{one} {row[f'{one}_id']}" for one, row in near[:NEAR])
    return UserError(f"no {what} {subject!r} has a profile as of {day}", state.name, f"Near are {names}.")


def _with_evidence(
    connection: duckdb.DuckDBPyConnection, kind: Kind, subject: str, state: State, row: dict[str, Any]
) -> FoundProfile:
    if kind == "item":
        item = ItemProfile.model_validate_json(row["profile"])
        return FoundProfile(kind, subject, state, row, item, {}, _item_calls(connection, subject, row))
    user = UserProfile.model_validate_json(row["profile"])
    tastes = (*user.long_term, *user.current, *user.dislikes)
    ids = sorted({one for taste in tastes for one in (*taste.event_ids, *taste.against_event_ids)})
    values = {"user": subject, "day": row["as_of_day"], "ids": ids}
    events = connection.execute(EVENTS_SQL, values).pl().to_dicts() if ids else []
    found = {event.pop("event_id"): event for event in events}
    return FoundProfile(kind, subject, state, row, user, found, _user_calls(connection, subject, row, user))


def _calls(
    connection: duckdb.DuckDBPyConnection, kind: str, path: str, reference: str, day: dt.date
) -> list[dict[str, Any]]:
    """Questions whose answer holds the reference that it had to repeat."""
    if not has_table(connection, CALLS):
        return []
    values = {"kind": kind, "path": path, "reference": reference, "day": day}
    return connection.execute(CALLS_SQL, values).pl().to_dicts()


def _item_calls(connection: duckdb.DuckDBPyConnection, item_id: str, row: dict[str, Any]) -> list[dict[str, Any]]:
    """The questions about an item.

    The one that was used is known by its key, which is digested in `input_digest` with the facts of the day that the
    answer came; a profile that keeps an earlier day's words keeps that day's digest.
    """
    calls = _calls(connection, ITEMS, "$.item", item_reference(item_id), row["as_of_day"])
    source = connection.execute(SOURCE_SQL, {"subject": item_id, "digest": row["input_digest"]}).fetchone()
    profile = ItemProfile.model_validate_json(source[0] if source else row["profile"])
    for call in calls:
        call["used"] = answer_digest(row["prompt_version"], call["key"], profile) == row["input_digest"]
    return calls


def _user_calls(
    connection: duckdb.DuckDBPyConnection, user_id: str, row: dict[str, Any], profile: UserProfile
) -> list[dict[str, Any]]:
    """The questions about a user; the last one with the profile's prompt, of the day it was last asked, was used."""
    calls = _calls(connection, USERS, "$.user", user_reference(user_id), row["as_of_day"])
    asked_on = profile.asked and profile.asked.asked_on
    ours = [call for call in calls if call["prompt_version"] == row["prompt_version"] and call["day"] == asked_on]
    for call in calls:
        call["used"] = bool(ours) and call is ours[-1]
    return calls
