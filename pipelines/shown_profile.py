"""`sluice profile`: one user's or item's profile, who wrote it, and what speaks for it."""

import datetime as dt
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from rich.table import Table

from models.profiles.item_answers import CLAIMS
from models.profiles.schema import Asked, ItemProfile, Rhythm, Taste, UserProfile
from pipelines.console import cell, console, one_line, say
from pipelines.profile_finding import FoundProfile, Kind, find_profile, state_of
from pipelines.storage import warehouse_of
from resources.settings import Project

WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
TASTES = (("long_term", "long-term tastes"), ("current", "current interests"), ("dislikes", "dislikes"))
NUMBERS = {"strength", "confidence", "attempts", "tokens in", "tokens out", "cost", "seconds"}
GONE = "no longer among the events"


def profile(
    project: Project,
    subject: str,
    kind: Kind | None = None,
    live: bool = False,
    as_of: str | None = None,
    day: dt.date | None = None,
    n_events: int = 3,
    as_json: bool = False,
) -> None:
    """Print a profile.

    Args:
        project: The project.
        subject: A user's or an item's id.
        kind: Which of the two; needed where it is both.
        live: Read the newest tables, not the newest release.
        as_of: A snapshot's number, a release, a date or a time: read the tables as they were then.
        day: The as-of day; `None`: the release's, or the newest that has profiles.
        n_events: Supporting events that are shown with a taste, newest first.
        as_json: One JSON object with all there is.

    Raises:
        UserError: There is no such state, no such profile, or it is both a user's and an item's.
    """
    warehouse = warehouse_of(project)
    found = find_profile(warehouse, subject, kind, state_of(warehouse, live, as_of), day)
    if as_json:
        sys.stdout.write(orjson.dumps(_described(found), default=str, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    say(one_line(f"{found.kind.title()} {subject}, as of {found.row['as_of_day']} ({found.state.name})"))
    say(one_line(f"Written by {_author(found)}"))
    say("")
    if isinstance(found.profile, UserProfile):
        _show_user(found, found.profile, n_events)
    else:
        _show_item(found.profile)
    _show_calls(found)


def _author(found: FoundProfile) -> str:
    """Who wrote it, with which version, from how much."""
    row = found.row
    model = next((call["model"] for call in found.calls if call["used"]), "")
    who = "rules" if row["backend"] == "extractive" else f"{row['backend']} {model}".rstrip()
    read = f" from {row['n_events']:,} interactions" if found.kind == "user" else ""
    return f"{who} ({row['prompt_version']}){read}"


def _show_user(found: FoundProfile, profile: UserProfile, n_events: int) -> None:
    _facts(
        [
            ("summary", profile.summary),
            ("prices", profile.price_attitude),
            ("novelty", profile.novelty_attitude),
            ("rhythm", rhythm_words(profile.rhythm)),
            ("asked", asked_words(profile.asked)),
        ]
    )
    for name, title in TASTES:
        tastes: list[Taste] = getattr(profile, name)
        if tastes:
            rows = [_taste(taste, found.events, n_events) for taste in tastes]
            _table(title, ("strength", "confidence", "kind", "taste", "because of"), rows)


def _taste(taste: Taste, events: dict[str, dict[str, Any]], n_events: int) -> tuple[object, ...]:
    shown = [_event(one, events.get(one)) for one in taste.event_ids[:n_events]]
    more, against = len(taste.event_ids) - len(shown), taste.against_event_ids
    lines = [*shown, *([f"and {more} more"] if more else [])]
    lines += [f"but {_event(one, events.get(one))}" for one in against[:n_events]]
    lines += [f"and {len(against) - n_events} more against it"] if len(against) > n_events else []
    numbers = f"{taste.strength:.3f}", f"{taste.confidence:.3f}"
    return *numbers, taste.kind, one_line(taste.text), "\n".join(lines)


def _event(event_id: str, event: dict[str, Any] | None) -> str:
    """Day, type and title of a cited event; its id where the tables do not hold it."""
    if event is None:
        return one_line(f"{event_id}: {GONE}")
    return one_line(f"{event['event_day']} {event['event_type']} {event['title'] or event['item_id']}")


def rhythm_words(rhythm: Rhythm) -> str:
    """A rhythm in words, such as `active on 3 days, 2 days apart; mostly on Mondays; around 18:00 UTC`."""
    days = f"active on {rhythm.active_days:,} day{'s' if rhythm.active_days > 1 else ''}"
    gap = rhythm.median_gap_days
    apart = f", {gap:g} day{'s' if gap != 1 else ''} apart" if gap else ""
    weekdays = ", ".join(WEEKDAYS[number - 1] for number in rhythm.top_weekdays)
    hours = ", ".join(f"{hour}:00" for hour in rhythm.top_hours)
    on, around = (f"; mostly on {weekdays}" if weekdays else ""), (f"; around {hours} UTC" if hours else "")
    return f"{days}{apart}{on}{around}"


def asked_words(asked: Asked | None) -> str:
    """Since when a model's words stand; empty for those of the rules."""
    if asked is None:
        return ""
    return f"the whole history read as of {asked.built_on} ({asked.built_with}), what was new as of {asked.asked_on}"


def _show_item(profile: ItemProfile) -> None:
    since = f", available since {profile.available_since}" if profile.available_since else ""
    price = profile.price_band if profile.price_band == "unknown" else f"{profile.price_band} for its category"
    _facts(
        [
            ("title", profile.title),
            ("summary", profile.summary),
            ("category", " > ".join(profile.category_path)),
            ("price", price),
            ("age", f"{profile.recency}{since}"),
            ("language", profile.language),
        ]
    )
    if profile.attributes:
        rows = [(one_line(one.name), one_line(one.value), one.basis) for one in profile.attributes]
        _table("attributes", ("name", "value", "basis"), rows)
    said = [
        (name.replace("_", " "), one_line(one.text), one.basis) for name in CLAIMS for one in getattr(profile, name)
    ]
    if said:
        _table("claims", ("about", "claim", "basis"), said)


def _show_calls(found: FoundProfile) -> None:
    """What the ledger has of the questions about it."""
    if found.calls:
        columns = ("day", "model", "prompt_version", "outcome", "attempts", "tokens_in", "tokens_out", "cost")
        rows = [(*(call[name] for name in columns), call["latency_seconds"], _use(call)) for call in found.calls]
        _table("asked of a model", (*(name.replace("_", " ") for name in columns), "seconds", "used"), rows)


def _use(call: dict[str, Any]) -> str:
    return "yes" if call["used"] else "no"


def _facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Names and values in two columns; without a value there is no line."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in pairs:
        if value:
            table.add_row(name, cell(one_line(value)))
    console.print(table)


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in NUMBERS else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell(value) for value in row))
    say(f"\n{title}")
    console.print(table)


def _described(found: FoundProfile) -> dict[str, Any]:
    """Everything as one object."""
    names = ("as_of_day", "backend", "prompt_version", "input_digest", "n_tokens_in", "n_tokens_out")
    row = {name: found.row[name] for name in names}
    events = {"n_events": found.row["n_events"], "events": found.events} if found.kind == "user" else {}
    state = {"state": found.state.name, "snapshot": found.state.snapshot}
    own = {"kind": found.kind, "id": found.subject}
    return {**own, **state, **row, "profile": found.profile.model_dump(mode="json"), **events, "calls": found.calls}
