"""The one error a user of Sluice is meant to read: what was found, where, and how to mend it."""


class UserError(Exception):
    """Something a user caused and can mend; shown as one line, exit status 2, never as a traceback.

    Args:
        found: What is wrong, naming the offending value.
        where: The file, asset, column or row it is in.
        mend: The change or command that puts it right.
    """

    def __init__(self, found: str, where: str, mend: str):
        self.found, self.where, self.mend = found, where, mend
        super().__init__(f"{where}: {found}. {mend}")
