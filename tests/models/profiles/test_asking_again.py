from datetime import date, timedelta

import pytest

from models.profiles.asking_again import News, way_of
from models.profiles.config import UserQuestions
from models.profiles.schema import Asked

DAY = date(2026, 3, 1)


def asked(days: int) -> Asked:
    return Asked(model="m", built_with="v", built_on=DAY - timedelta(days=days), asked_on=DAY - timedelta(days=1))


@pytest.mark.parametrize(
    ("earlier", "news", "config", "way"),
    [
        (None, News(1, 1, 0), {}, "build"),
        (asked(1), News(0, 0, 10), {"min_new_share": 0}, "stand"),
        (asked(99), News(0, 0, 10), {"rebuild_days": 7}, "stand"),
        (asked(1), News(1, 1, 10), {"min_new_share": 0.1}, "update"),
        (asked(1), News(1, 0.9, 10), {"min_new_share": 0.1}, "stand"),
        (asked(1), News(1, 0.9, 10), {"min_new_share": 0}, "update"),
        (asked(1), News(19, 1, 1000), {"min_new_events": 20}, "stand"),
        (asked(1), News(20, 1, 1000), {"min_new_events": 20}, "update"),
        (asked(6), News(5, 5, 5), {"rebuild_days": 7}, "update"),
        (asked(7), News(5, 5, 5), {"rebuild_days": 7}, "build"),
    ],
)
def test_how_words_come_about(earlier, news, config, way):
    assert way_of(earlier, news, DAY, UserQuestions(**config)) == way
