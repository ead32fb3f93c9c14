"""A training run's progress in the log of a step: a line now and then, not one for each batch."""

import time
from collections.abc import Callable

EVERY_SECONDS = 10.0


def log_now_and_then(
    log: Callable[[str], object], clock: Callable[[], float] = time.monotonic
) -> Callable[[str, int, int], None]:
    """A progress callback that logs at most every ten seconds, and whatever ends.

    Args:
        log: Takes a line.
        clock: Seconds, never falling.
    """
    last = float("-inf")

    def progress(what: str, done: int, total: int) -> None:
        nonlocal last
        if clock() - last >= EVERY_SECONDS or done == total:
            last = clock()
            log(f"{what} ({done:,} of {total:,})")

    return progress
