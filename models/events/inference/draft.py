"""What was inferred, as the settings of a config, each with its note."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from models.events.file_format import MISSING_VALUES
from models.events.inference.catalogue_roles import category_separators
from models.events.inference.event_types import constant_type, itemless_types, return_types, weighted_types
from models.events.inference.file_days import dated_settings
from models.events.inference.groups import FileGroup
from models.events.inference.guess import Guess
from models.events.inference.roles import Roles, loses_trailing_zero
from models.events.inference.span import Span, partitions, split, volume_ratio
from models.events.inference.survey import Survey

Section = dict[str, Guess]


def named_by_role(group: FileGroup, roles: Roles) -> Roles:
    """Give the columns of files without a header the names of the fields they fill; changes the group's layout."""
    if group.layout.header:
        return roles
    fields = {column: name for name, column in roles.columns.items()}
    names = {column: fields.get(column, column) for column in group.layout.columns}
    group.layout = replace(group.layout, columns=tuple(names.values()))
    return roles.renamed(names)


def source_section(path: str, group: FileGroup, roles: Roles) -> Section:
    """What an event log and a catalogue have in common."""
    layout = group.layout
    section: Section = {"path": Guess(path), "format": Guess(layout.format)}
    if layout.separator not in (None, ","):
        section["separator"] = Guess(layout.separator)
    if not layout.header:
        section["header"] = Guess(False, layout.header_note)
        section["column_names"] = Guess(list(layout.columns))
    elif layout.header_note:
        section["header"] = Guess(True, layout.header_note)
    if layout.encoding != "utf-8" or group.encoding_note:
        section["encoding"] = Guess(layout.encoding, group.encoding_note)
    notes = roles.notes
    section["columns"] = Guess(
        {name: Guess(column, notes.get(name, "")) for name, column in roles.columns.items()}, " ".join(roles.left_out)
    )
    if missing := roles.missing_values():
        note = "The last ones were seen and seem to mean 'no value'."
        section["missing_values"] = Guess([*MISSING_VALUES, *missing], note)
    floats = [name for name in ("user_id", "item_id") if loses_trailing_zero(roles.of(name))]
    if floats:
        section["integer_ids"] = Guess(floats, "Ids such as '17850.0' were seen; the '.0' is taken off.")
    if roles.time and roles.time.time_format != "iso":
        section["time_format"] = Guess(roles.time.time_format)
    return section


def event_section(path: str, group: FileGroup, roles: Roles) -> Section:
    """`events` as far as a sample tells."""
    section = source_section(path, group, roles)
    if "user_id" not in roles.columns:
        free = ", ".join(roles.free()[:8])
        note = f"No column for user_id was found (left: {free}); without it only popularity can learn."
        section["columns"] = Guess(section["columns"].value, f"{section['columns'].note} {note}".strip())
    if "event_type" not in roles.columns:
        event_type, rules, note = constant_type(roles)
        section["constants"] = Guess({"event_type": event_type}, note)
        if rules:
            section["event_type_rules"] = Guess(rules)
    if roles.time and not roles.time.has_offset:
        section["time_zone"] = Guess("UTC", "Times carry no offset. If they are local, name their zone: Europe/London.")
    return section


def surveyed(section: Section, roles: Roles, found: Survey, day_pattern: str | None) -> Section:
    """`events` after the whole log was read: days of files, cancellations, day or month first."""
    section = {**section, **dated_settings(day_pattern, found.lags)}
    if roles.time and roles.time.other:
        section["time_format"] = Guess(
            roles.time.time_format, _undecided(roles.time.time_format, roles.time.other, found)
        )
    if found.n_cancelled and "event_type" not in roles.columns:
        rule = {"column": roles.columns["session_id"], "pattern": "^C[0-9]", "event_type": "return"}
        seen = f"{found.n_cancelled:,} invoices begin with C, as cancellations do."
        section["event_type_rules"] = Guess([rule], seen)
    return section


def with_itemless_types(section: Section, found: Survey) -> Section:
    """`events` in which types that mostly name no item need none; the same object where every type names items."""
    types = itemless_types(found.types, found.itemless)
    if not types:
        return section
    allowed = list(dict.fromkeys(["search", *types]))
    return {**section, "itemless_event_types": Guess(allowed, "Most events of these types name no item.")}


def _undecided(chosen: str, other: str, found: Survey) -> str:
    if found.n_other_time < found.n_time:
        return ""
    return f"No date tells day from month: {chosen!r} and {other!r} both read all of them. Look at one you know."


WEAK = (
    "A retriever that loses to recent popularity by itself is told, and its items are still ranked; the final lists "
    "must not lose to it. `block` once you know which retrievers suit this log."
)


def other_sections(roles: Roles, found: Survey, span: Span) -> Section:
    """Everything but the sources."""
    kinds = weighted_types(found.types, found.values)
    if found.n_cancelled and "event_type" not in roles.columns:
        kinds["return"] = Guess({"weight": 0}, f"{found.n_cancelled:,} cancelled invoice lines; set aside by cleaning.")
    weights = "Weights are guessed from names: 0 keeps an event without learning from it."
    sections = {"event_types": Guess(kinds, weights), "partitions": partitions(span), "split": split(span)}
    cleaning: dict[str, Any] = {}
    returns = return_types(kinds)
    if returns and returns != ["return"]:
        cleaning["return_event_types"] = Guess(returns, "Types that seem to undo a purchase.")
    price = roles.of("price")
    if price and price.numbers and min(price.numbers) <= 0:
        cleaning["require_positive_price"] = Guess(True, "Prices of 0 or less were seen; such events are set aside.")
    if cleaning:
        sections["cleaning"] = Guess(cleaning)
    if found.n_negative_quantity and not returns:
        seen = f"{found.n_negative_quantity:,} events have a quantity below 0: returns? See events.event_type_rules."
        sections["event_types"] = Guess(kinds, f"{weights} {seen}")
    sections["checks"] = Guess({"weak_retriever": Guess("warn", WEAK)})
    if uneven := volume_ratio(found.days, span):
        own = {name: Guess(value, uneven.note) for name, value in uneven.value.items()}
        sections["checks"] = Guess({**own, **sections["checks"].value})
    return {**sections, **_models(span)}


def _models(span: Span) -> Section:
    window = {} if span.n_days <= 730 else {"window_days": 365}
    retrievers = {"popularity": {}, "recent_popularity": window, "ease": {}, "sasrec": {}}
    sections = {"retrievers": Guess({name: Guess(value) for name, value in retrievers.items()})}
    if window:
        note = "Users with an interaction in so many days get a list; the default of 90 suits a shop with daily visits."
        sections["recommendations"] = Guess({"active_days": 365}, note)
    return sections


def catalogue_section(path: str, group: FileGroup, roles: Roles) -> Section:
    """`catalogue`."""
    section = source_section(path, group, roles)
    for setting, separator in category_separators(roles.of("category")).items():
        example = next(text for text in roles.profiles[roles.columns["category"]].texts if separator in text)
        section[setting] = Guess(separator, f"Seen in {example[:60]!r}.")
    return section
