"""Which snapshot a user means: by its number, by a release, or by a time."""

import datetime as dt
import re
from dataclasses import dataclass

import polars as pl

from models.errors import UserError
from resources.snapshots import Snapshot, Snapshots, snapshots_of
from resources.warehouse import Warehouse

RELEASES_SQL = "SELECT release_id, snapshot FROM releases ORDER BY created_at DESC, release_id DESC"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
SHOWN = 3


@dataclass(frozen=True)
class Version:
    """A state of the tables.

    Attributes:
        snapshot: The commit that made it.
        release: The release that names it, if the user did or a default chose one.
    """

    snapshot: Snapshot
    release: str | None = None

    def __str__(self) -> str:
        name = f", release {self.release}" if self.release else ""
        return f"snapshot {self.snapshot.number} ({self.snapshot.made_at:%Y-%m-%d %H:%M:%S} UTC{name})"


class Versions:
    """The snapshots and releases of a lake, read once.

    Raises:
        UserError: There are no tables yet.
    """

    def __init__(self, warehouse: Warehouse):
        self.snapshots: Snapshots = snapshots_of(warehouse)
        rows = warehouse.read(RELEASES_SQL) if warehouse.has_table("releases") else pl.DataFrame()
        self.releases: dict[str, int] = dict(rows.iter_rows())

    def find(self, text: str, option: str) -> Version:
        """What `text` names.

        Args:
            text: A snapshot's number, a release, an ISO time (UTC unless it says otherwise), or a date, which means
                its end.
            option: The option it was given to, for errors.

        Raises:
            UserError: It names nothing, what never was, or what has expired.
        """
        where = f"{option} {text}"
        if text.isdecimal():
            return Version(self.snapshots.numbered(int(text), where))
        if text in self.releases:
            return Version(self.snapshots.numbered(self.releases[text], where), text)
        moment = _moment(text)
        if moment is None:
            newest = ", ".join(list(self.releases)[:SHOWN])
            known = f"The newest releases are {newest}" if newest else "There is no release yet"
            found = f"{text!r} is no snapshot number, release, date or time"
            raise UserError(found, option, f"{known}; a time is written 2025-09-20T18:30.")
        return Version(self.snapshots.at(moment, where))

    def newest(self) -> Version:
        """The newest tables."""
        return Version(self.snapshots.newest)

    def release_before(self, version: Version, option: str) -> Version:
        """The newest release made from an older snapshot.

        Raises:
            UserError: There is none.
        """
        older = [(number, name) for name, number in self.releases.items() if number < version.snapshot.number]
        if not older:
            raise UserError(f"no release is older than {version}", option, f"Say {option} and a snapshot, or a time.")
        number, name = max(older)
        return Version(self.snapshots.numbered(number, f"release {name}"), name)


def _moment(text: str) -> dt.datetime | None:
    """A time in UTC without a zone, the last microsecond of a date; `None` for what is neither."""
    try:
        moment = dt.datetime.fromisoformat(text)
        moment = moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None
    end = dt.timedelta(days=1, microseconds=-1) if DAY.fullmatch(text) else dt.timedelta()
    return moment + end
