"""A disk that is full while tables are written: said in one line, and nothing half-written stays to keep it full."""

import re
from pathlib import Path

from models.errors import UserError

FULL = re.compile(r"No space left on device|disk is full|Disk quota exceeded|File too large")
MEND = "Free some space, then run it again; the tables are as they were before."
_HALF_WRITTEN = re.compile(r'Could not write file "([^"]*)"')


def is_full(error: BaseException) -> bool:
    """Whether an error of DuckDB says that nothing more could be written."""
    return FULL.search(str(error)) is not None


def give_way(error: Exception, data_path: str) -> UserError:
    """Remove the file that could not be finished, which no snapshot names and which may fill the disk.

    Args:
        error: DuckDB's, of a transaction that is over.
        data_path: The lake's files; nothing elsewhere is touched.

    Returns:
        What a user reads.
    """
    words = FULL.search(str(error))
    named = _HALF_WRITTEN.search(str(error))
    if named and Path(named[1]).is_relative_to(data_path):
        Path(named[1]).unlink(missing_ok=True)
    return UserError(words[0] if words else str(error), data_path, MEND)
