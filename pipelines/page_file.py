"""Where a command may write a page."""

from pathlib import Path

from models.errors import UserError


def page_file(to: Path, option: str) -> Path:
    """The file, absolute.

    Args:
        to: What was given.
        option: The option it was given with.

    Raises:
        UserError: It is a folder, or its folder does not exist.
    """
    if to.is_dir() or not to.absolute().parent.is_dir():
        found = "is a folder" if to.is_dir() else "its folder does not exist"
        raise UserError(found, f"{option} {to}", "Name a file in a folder that exists.")
    return to.absolute()
