"""The lake's snapshots: which there are, which one a time means, which are gone.

DuckLake numbers its commits without a gap, so a number that is missing between two others has expired.
"""

import datetime as dt
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from models.errors import UserError
from resources.warehouse import Warehouse

KEPT_HINT = (
    """`sluice sql --live "SELECT snapshot_id, snapshot_time FROM ducklake_snapshots('lake')"` lists those kept."""
)
SQL = """SELECT snapshot_id, snapshot_time::TIMESTAMP AS made_at, schema_version,
    coalesce(list_contains(map_keys(changes), 'merge_adjacent'), false) AS merged
FROM ducklake_snapshots('lake') ORDER BY snapshot_id"""


@dataclass(frozen=True)
class Snapshot:
    """One commit of the lake.

    Attributes:
        number: Its id.
        made_at: When it was committed, UTC without a zone.
        schema_version: Changes with every table that is created, altered or dropped.
        merged: Whether it merged files, which changes no row.
    """

    number: int
    made_at: dt.datetime
    schema_version: int
    merged: bool


class Snapshots:
    """The snapshots a lake has kept, oldest first.

    Args:
        kept: At least one: the newest never expires.
    """

    def __init__(self, kept: list[Snapshot]):
        self.kept = kept
        self._numbers = [snapshot.number for snapshot in kept]

    @property
    def newest(self) -> Snapshot:
        """The last commit."""
        return self.kept[-1]

    def numbered(self, number: int, where: str) -> Snapshot:
        """The snapshot with this number.

        Args:
            number: Its id.
            where: What named it, for the error.

        Raises:
            UserError: It never was, or it has expired.
        """
        if number > self.newest.number:
            raise UserError(f"there is no snapshot {number}; the newest is {self.newest.number}", where, KEPT_HINT)
        place = bisect_left(self._numbers, number)
        if self._numbers[place] != number:
            raise UserError(f"snapshot {number} has expired", where, KEPT_HINT)
        return self.kept[place]

    def at(self, moment: dt.datetime, where: str) -> Snapshot:
        """The newest snapshot committed at or before a moment.

        Where the one that was the newest then may have expired, an older one that was kept would be another state, so
        it is refused.

        Args:
            moment: UTC without a zone.
            where: What named it, for the error.

        Raises:
            UserError: It lies before the first snapshot, or the tables of that moment have expired.
        """
        place = bisect_right([snapshot.made_at for snapshot in self.kept], moment)
        if place == 0:
            first = self.kept[0]
            word = "first" if first.number == 0 else "oldest kept"
            raise UserError(f"the {word} snapshot was made at {first.made_at:%Y-%m-%d %H:%M:%S} UTC", where, KEPT_HINT)
        found = self.kept[place - 1]
        if place < len(self.kept) and self.kept[place].number != found.number + 1:
            raise UserError("the tables of that time have expired", where, KEPT_HINT)
        return found

    def between(self, first: Snapshot, last: Snapshot) -> list[Snapshot] | None:
        """Every snapshot after `first` up to `last`; `None` where some have expired."""
        inside = [snapshot for snapshot in self.kept if first.number < snapshot.number <= last.number]
        return inside if len(inside) == last.number - first.number else None


def snapshots_of(warehouse: Warehouse) -> Snapshots:
    """The snapshots of a lake.

    Raises:
        UserError: There is no lake yet.
    """
    return Snapshots([Snapshot(*row) for row in warehouse.read(SQL).iter_rows()])
