"""How the command ends when something is wrong: one line on standard error and exit status 2, no traceback.

Only what a user can cause is shown like that; a defect of ours keeps its traceback.
"""

import errno
import os
import sys
from typing import Any

from typer import TyperException
from typer.core import TyperGroup

from models.errors import UserError
from pipelines.console import one_line
from resources.full_disk import is_full

MENDED_BY = {
    errno.ENOSPC: "Free some space, then run it again; nothing half-written is kept.",
    errno.EDQUOT: "Free some space, then run it again; nothing half-written is kept.",
    errno.EROFS: "Choose another `output` in sluice.yaml.",
    errno.EACCES: "Mend its permissions, or choose another `output` in sluice.yaml.",
    errno.EPERM: "Mend its permissions, or choose another `output` in sluice.yaml.",
    errno.ENOTDIR: "A part of this path is a file; choose another `output` in sluice.yaml.",
    errno.EEXIST: "A file is in the way; choose another `output` in sluice.yaml.",
    errno.EISDIR: "A folder is in the way; choose another `output` in sluice.yaml.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.EIO: "Check the disk.",
}


class OneLineErrors(TyperGroup):
    """The command group whose `main` turns errors into a line and a status."""

    def main(self, args: Any = None, prog_name: str | None = None, *rest: Any, **extra: Any) -> Any:
        """Run a command; exits with 0, with 2 after an error, or with 130 after Ctrl-C."""
        extra["standalone_mode"] = False
        try:
            status = super().main(args, prog_name, *rest, **extra)
        except Exception as error:
            line = explain(error)
            if line is None:
                raise
            if line:
                sys.stderr.write(f"sluice: {one_line(line)}\n")
            sys.exit(2)
        if status == 130:
            sys.stderr.write("sluice: interrupted\n")
        sys.exit(status if isinstance(status, int) else 0)


def explain(error: BaseException) -> str | None:
    """One sentence for an error that a user can cause and mend; `None` for a defect of ours.

    Empty where everything was said: `sluice` alone has printed its help.
    """
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, TyperException):
        words = error.format_message().replace("Value error, ", "")
        context = getattr(error, "ctx", None)
        hint = f" Try `{context.command_path} --help`." if context else ""
        return words and f"{words}{'' if words[-1] in '.?!' else '.'}{hint}"
    if isinstance(error, OSError) and error.errno in MENDED_BY:
        return f"{error.filename or 'output'}: {os.strerror(error.errno)}. {MENDED_BY[error.errno]}"
    return _storage_problem(error)


def _storage_problem(error: BaseException) -> str | None:
    """Damage of what lies on disk, told by the kind of error (looked up by name: neither library is imported here)."""
    kinds = {f"{kind.__module__.split('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
    if kinds & {"duckdb.IOException", "_duckdb.IOException", "duckdb.FatalException", "_duckdb.FatalException"}:
        first = str(error).strip().splitlines()[0]
        if is_full(error):
            return f"warehouse: {first}. {MENDED_BY[errno.ENOSPC]}"
        return f"warehouse: {first}. If it is damaged, move the output folder away and run `sluice build`."
    if kinds & {"sqlalchemy.DatabaseError", "sqlite3.DatabaseError"}:
        first = str(getattr(error, "orig", error)).strip().splitlines()[0]
        return f"Dagster's storage: {first}. If it is damaged, move `dagster` in the output folder away."
    return None
