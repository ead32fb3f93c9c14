"""Whether a user changed enough to be asked about again, and how."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from models.profiles.config import UserQuestions
from models.profiles.schema import Asked

Way = Literal["build", "update", "stand"]


@dataclass(frozen=True)
class News:
    """What a user did since the last question, of what may be shown.

    Attributes:
        n_new: Events since.
        new_weight: Their weight.
        seen_weight: That of the events before, as they are known today.
    """

    n_new: int
    new_weight: float
    seen_weight: float


def way_of(asked: Asked | None, news: News, day: date, config: UserQuestions) -> Way:
    """How a user's words come about on a day.

    Args:
        asked: When the earlier words were asked for; `None` without any.
        news: What came since.
        day: The as-of day.
        config: What counts as enough.

    Returns:
        `build`: from the whole history; `update`: from the earlier profile and what is new; `stand`: as they are. Users
        who did nothing since stand however old their words are.
    """
    if asked is None:
        return "build"
    enough = news.new_weight >= config.min_new_share * news.seen_weight or news.n_new >= config.min_new_events
    if not news.n_new or not enough:
        return "stand"
    return "build" if (day - asked.built_on).days >= config.rebuild_days else "update"
