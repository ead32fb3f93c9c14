"""`sluice init`: looks at log files and writes a commented `sluice.yaml` for them."""

import glob
import os
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import yaml

from models.errors import UserError
from models.events.files import list_source_files
from models.events.inference.catalogue_roles import catalogue_roles
from models.events.inference.draft import (
    catalogue_section,
    event_section,
    named_by_role,
    other_sections,
    surveyed,
    with_itemless_types,
)
from models.events.inference.event_roles import event_roles
from models.events.inference.file_days import day_pattern_of, days_of
from models.events.inference.groups import FileGroup, choose, group_files
from models.events.inference.guess import Guess
from models.events.inference.roles import Roles
from models.events.inference.shapes import shape_of
from models.events.inference.span import span_of
from models.events.inference.survey import Survey, survey
from models.events.source import CatalogueSource, EventSource
from pipelines.config_text import config_text
from pipelines.console import Bar, say

Plain = dict[str, object]


def init(arguments: list[str], to: Path) -> None:
    """Look at the files and write the config.

    Args:
        arguments: Files, folders or globs.
        to: The config to write.

    Raises:
        UserError: `to` exists, nothing is there to read, or no file is an event log; nothing is written.
    """
    to = to.absolute()
    if to.exists() or to.is_symlink():
        raise UserError("is there already", str(to), "Remove it, or name another file with --to.")
    if not to.parent.is_dir():
        raise UserError("no such folder", str(to.parent), "Make it, or name another file with --to.")
    files = expand(arguments)
    with Bar(f"look at {len(files)} file(s)") as bar:
        text, said = draft_config(files, to.parent, bar)
    with to.open("x", encoding="utf-8") as file:
        file.write(text)
    for line in [*said, f"wrote {to}: read its comments, then `sluice validate -c {to}`"]:
        say(line)


def expand(arguments: list[str]) -> list[Path]:
    """The files of all arguments, each once.

    Raises:
        UserError: An argument names nothing.
    """
    found: dict[Path, None] = {}
    for argument in arguments:
        source = CatalogueSource(path=argument or ".", format="csv", columns={"item_id": "item_id"})
        try:
            files = [file.path for file in list_source_files(source, Path.cwd())]
        except UserError as error:
            raise UserError(error.found, argument, "Name a file, a folder or a glob.") from None
        found |= {Path(os.path.abspath(file)): None for file in files}
    return list(found)


def draft_config(files: list[Path], base: Path, bar: Bar) -> tuple[str, list[str]]:
    """The text of the config, and what to say about it."""
    groups, unusable = group_files(files)
    if not groups:
        raise UserError("every file is empty", str(files[0]), "Name a file with data.")
    for group in groups:
        group.decide_encoding(bar.update)
    known_log, known_items = (_known(groups, is_catalogue) for is_catalogue in (False, True))
    log, items, others = choose(groups, known_log, known_items)
    catalogue = catalogue_roles(items.sample()) if items and items is not known_items else None
    item = catalogue.of("item_id") if catalogue else None
    path = source_path(log.files, files, base)
    if shape := shape_of(log) if log is known_log else None:
        roles, section = shape.roles(), shape.section(path, log)
    else:
        roles = named_by_role(log, event_roles(log.sample(), item.distinct if item else frozenset()))
        section = event_section(path, log, roles)
    names = _names_below(path, base)
    pattern = day_pattern_of(list(names.values()))
    days = days_of([names[file] for file in log.files], pattern)
    section, roles, found = _surveyed(section, roles, list(zip(log.files, days, strict=True)), bar)
    if not found.days:
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in found.reasons.most_common(3))
        raise UserError(f"no line becomes an event ({reasons})", str(log.files[0]), "Write sluice.yaml by hand.")
    sections: Plain = {"name": _project_name(log.files[0]), "output": f"out/{_project_name(log.files[0])}"}
    sections["events"] = Guess(surveyed(section, roles, found, pattern))
    if items:
        sections["catalogue"] = Guess(_catalogue(source_path(items.files, files, base), items, catalogue))
    sections |= other_sections(roles, found, span_of(found.days))
    text = config_text(sections, _heading(log, items, others, found))
    _loads(text)
    what = "of their events" if found.n_further else "of them"
    said = [f"event log   {path}: {found.n_lines:,} lines, {sum(found.reasons.values()):,} {what} unreadable"]
    if items:
        said.append(f"catalogue   {source_path(items.files, files, base)}")
    said += [f"not used    {group.files[0]}" for group in others]
    said += [f"not used    {error.where}: {error.found}" for error in unusable]
    return text, said


def _known(groups: list[FileGroup], is_catalogue: bool) -> FileGroup | None:
    """The largest group of a public event log, or of a public catalogue."""
    found = [group for group in groups if (shape := shape_of(group)) and shape.is_catalogue == is_catalogue]
    return max(found, key=FileGroup.n_bytes, default=None)


def _catalogue(path: str, items: FileGroup, roles: Roles | None) -> dict[str, Guess]:
    """`catalogue`: by the columns found, or that of a public format."""
    if roles:
        return catalogue_section(path, items, named_by_role(items, roles))
    shape = shape_of(items)
    return shape.section(path, items) if shape else {}


def _surveyed(
    section: dict[str, Guess], roles: Roles, files: list[tuple[Path, date | None]], bar: Bar
) -> tuple[dict[str, Guess], Roles, Survey]:
    """The whole log read; again where it shows that day and month were exchanged or that some types need no item."""
    time = roles.time
    found = survey(files, _event_source(section), time.other if time else None, bar.update)
    if time and time.other and found.n_other_time > found.n_time:
        roles = replace(roles, time=replace(time, time_format=time.other, other=None))
        section = {**section, "time_format": Guess(time.other)}
        found = survey(files, _event_source(section), None, bar.update)
    allowing = with_itemless_types(section, found)
    if allowing is not section:
        section, other = allowing, roles.time.other if roles.time else None
        found = survey(files, _event_source(section), other, bar.update)
    return section, roles, found


def _event_source(section: dict[str, Guess]) -> EventSource:
    return EventSource.model_validate(yaml.safe_load(config_text(section, [])))


def _loads(text: str) -> None:
    """The text must be a config: what is not is a defect of ours, shown as such."""
    from resources.settings import Settings

    Settings.model_validate(yaml.safe_load(text))


def source_path(files: list[Path], given: list[Path], base: Path) -> str:
    """One file, folder or glob, relative to the config, that names these files.

    Raises:
        UserError: None names exactly these.
    """
    if len(files) == 1:
        return _relative(files[0], base)
    folder = Path(os.path.commonpath([file.parent for file in files]))
    candidates = [_relative(folder, base)]
    suffix = os.path.commonprefix([file.name[::-1] for file in files])[::-1]
    prefix = os.path.commonprefix([file.name for file in files])
    depth = "" if all(file.parent == folder for file in files) else "**/"
    root = glob.escape(_relative(folder, base))
    candidates += [f"{root}/{depth}*{glob.escape(suffix)}", f"{root}/{depth}{glob.escape(prefix)}*"]
    candidates.append(f"{root}/{depth}{glob.escape(prefix)}*{glob.escape(suffix)}")
    for candidate in candidates:
        named = set(_names_below(candidate, base))
        if set(files) <= named and not any(file.stat().st_size for file in named - set(files)):
            return candidate
    found = f"no folder or glob names exactly these {len(files)} files of one layout"
    raise UserError(found, str(folder), "Put the files of the event log into a folder of their own.")


def _names_below(path: str, base: Path) -> dict[Path, str]:
    """Every file of a path, and its name below the path's folder, in which `day_pattern` is searched."""
    source = CatalogueSource(path=path, format="csv", columns={"item_id": "item_id"})
    return {Path(os.path.abspath(file.path)): file.name for file in list_source_files(source, base)}


def _relative(path: Path, base: Path) -> str:
    return Path(os.path.relpath(path, base)).as_posix()


def _project_name(file: Path) -> str:
    parent = re.sub(r"[^a-z0-9]+", "_", file.parent.name.lower()).strip("_")
    return parent if re.match("[a-z]", parent) else "my_shop"


def _heading(log: FileGroup, items: FileGroup | None, others: list[FileGroup], found: Survey) -> list[str]:
    lines = [
        "Drafted by `sluice init`. A comment above a key says what was seen where the guess is not certain. "
        "`sluice validate` reads everything and writes nothing; docs/configuration.md lists every key.",
        f"Event log: {len(log.files):,} file(s), {found.n_lines:,} lines.",
    ]
    if found.reasons:
        listed = ", ".join(f"{n:,} {reason}" for reason, n in found.reasons.most_common())
        lines.append(f"Lines that become no event: {listed}.")
    if items is None:
        lines.append("No catalogue was named: items are those of the events.")
    for group in others:
        lines.append(
            f"Not used: {group.files[0].name} ({len(group.files)} file(s) of its layout). A project has one log."
        )
    return lines
