"""Files of one layout belong together; which group is the event log and which the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path

from models.errors import UserError
from models.events.chunks import OnProgress
from models.events.file_format import MAX_LINE_BYTES
from models.events.inference.catalogue_roles import catalogue_roles
from models.events.inference.event_roles import event_roles
from models.events.inference.layout import HEAD_LINES, Layout, sniff_layout
from models.events.inference.roles import Roles
from models.events.inference.sample import Sample, read_sample
from models.events.inference.text_encoding import EncodingVotes
from models.events.lines import physical_lines
from models.events.parquet import parquet_columns


@dataclass
class FileGroup:
    """Files of one layout.

    Attributes:
        layout: How they are laid out; of columns that some files lack, only those that all have.
        files: The files, sorted.
        encoding_note: What speaks against the encoding, or empty.
    """

    layout: Layout
    files: list[Path] = field(default_factory=list)
    encoding_note: str = ""

    def sample(self) -> Sample:
        """Some records."""
        return read_sample(self.files, self.layout)

    def n_bytes(self) -> int:
        """Size on disk."""
        return sum(file.stat().st_size for file in self.files)

    def decide_encoding(self, on_progress: OnProgress) -> None:
        """Look at every line of every file; the texts of parquet are utf-8."""
        if self.layout.format == "parquet":
            return
        votes = EncodingVotes()
        for file in self.files:
            total = file.stat().st_size
            told = partial(_tell, on_progress, file.name, total)
            for _, line, _, _ in physical_lines(file, MAX_LINE_BYTES, told):
                votes.add(line)
        guess = votes.encoding()
        self.layout, self.encoding_note = replace(self.layout, encoding=guess.value), guess.note


def _tell(on_progress: OnProgress, name: str, total: int, done: int) -> None:
    on_progress(name, done, total)


def group_files(files: list[Path]) -> tuple[list[FileGroup], list[UserError]]:
    """Put files of one layout together; empty files are left out.

    Returns:
        The groups, and what is wrong with the files that are in none.

    Raises:
        UserError: No file has a layout that can be read.
    """
    groups: list[FileGroup] = []
    unusable: list[UserError] = []
    for file in sorted(files, key=lambda file: (-file.stat().st_size, file)):
        try:
            _add(groups, file)
        except UserError as error:
            unusable.append(error)
    if unusable and not groups:
        raise unusable[0]
    for group in groups:
        group.files.sort()
    return groups, unusable


def _add(groups: list[FileGroup], file: Path) -> None:
    """Put a file into the group it fits, or into one of its own."""
    layout = _layout(file)
    if layout is None:
        return
    group = next((group for group in groups if group.layout.fits(layout)), None)
    if group is None:
        group = FileGroup(layout)
        groups.append(group)
    else:
        group.layout = _common(group.layout, layout)
    group.files.append(file)


def _layout(file: Path) -> Layout | None:
    """The layout of a file; `None` for an empty one."""
    if columns := parquet_columns(file):
        return Layout("parquet", None, True, columns)
    lines = head_lines(file)
    return sniff_layout(lines, str(file)) if lines else None


def head_lines(file: Path) -> list[bytes]:
    """The first lines of a file that are whole."""
    lines = islice(physical_lines(file, MAX_LINE_BYTES, lambda _: None), HEAD_LINES)
    return [data for _, data, reason, _ in lines if reason is None and data.strip()]


def _common(one: Layout, other: Layout) -> Layout:
    if one.format == "jsonl":
        return replace(one, columns=tuple(dict.fromkeys([*one.columns, *other.columns])))
    if not one.header:
        return one
    return replace(one, columns=tuple(column for column in one.columns if column in other.columns))


def choose(
    groups: list[FileGroup], known_log: FileGroup | None = None, known_items: FileGroup | None = None
) -> tuple[FileGroup, FileGroup | None, list[FileGroup]]:
    """The event log, the catalogue if there is one, and the groups that are neither.

    An event log has times and items, and mostly users; among several the one with more of these, then the largest. A
    catalogue has items that seldom repeat and no users; among several the one that says more about them.

    Args:
        groups: All groups.
        known_log: The group that is known to be the event log.
        known_items: The group that is known to be the catalogue.

    Raises:
        UserError: No group has times and items.
    """
    scores: list[tuple[int, int, FileGroup]] = []
    items: list[tuple[float, int, FileGroup]] = []
    missing: list[str] = []
    for group in groups:
        if group is known_log or group is known_items:
            continue
        sample = group.sample()
        events, catalogue = event_roles(sample), catalogue_roles(sample)
        lacking = [what for what, name in (("times", "event_at"), ("items", "item_id")) if name not in events.columns]
        is_log = not lacking
        missing.append(
            f"{group.files[0].name} has no {' and no '.join(lacking)} among {', '.join(group.layout.columns)}"
        )
        if is_log:
            told = len({"user_id", "event_type", "value", "session_id", "position"} & set(events.columns))
            scores.append((2 * ("user_id" in events.columns) + told, group.n_bytes(), group))
        item = catalogue.of("item_id")
        if item and item.texts and len(item.distinct) > 0.9 * len(item.texts) and not (is_log and _by_name(events)):
            items.append((len(catalogue.columns), group.n_bytes(), group))
    if not scores and known_log is None:
        raise UserError(
            f"no file has both a column of times and one of items; {'; '.join(missing)}"[:500],
            ", ".join(str(group.files[0]) for group in groups)[:200],
            "Name the event log; times can be ISO, epoch seconds or milliseconds, or a date such as 31/12/2011 10:00.",
        )
    log = known_log or max(scores, key=lambda scored: scored[:2])[2]
    others = [scored for scored in items if scored[2] is not log]
    catalogue_group = known_items or (max(others, key=lambda scored: scored[:2])[2] if others else None)
    return log, catalogue_group, [group for group in groups if group is not log and group is not catalogue_group]


def _by_name(roles: Roles) -> bool:
    return "user_id" in roles.columns and "user_id" not in roles.notes
