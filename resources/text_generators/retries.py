"""How long to wait before a server is asked again."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def backoff(attempt: int, first_seconds: float, longest_seconds: float) -> float:
    """A wait drawn evenly from 0 to a bound that doubles with every failed attempt ("full jitter").

    Drawing from the whole range spreads callers that failed together; Brooker, "Exponential Backoff And Jitter", AWS
    Architecture Blog, 2015.

    Args:
        attempt: Failed attempts so far, from 1.
        first_seconds: The bound after the first.
        longest_seconds: The bound stays below it.
    """
    return random.uniform(0, min(longest_seconds, first_seconds * 2.0 ** min(attempt - 1, 60)))


def retry_after_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """What a server asks for in `Retry-After`: seconds, or an HTTP date (RFC 9110, section 10.2.3).

    Args:
        headers: Of its answer; names in lower case, or a mapping that does not mind.
        now: Seconds since 1970.

    Returns:
        Seconds from now, at least 0; `None` where it does not say, or says what cannot be understood.
    """
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
