import datetime as dt

import pytest

from assets.releases.release import refuse_failures
from models.errors import UserError

DAY = dt.date(2025, 3, 5)


def test_passes_and_warnings_are_released():
    words = {"a:x": "passed", "a:y": "warned"}
    assert refuse_failures(words, DAY) is None
    with pytest.raises(UserError, match=r"1 check\(s\)"):
        refuse_failures({**words, "a:z": "failed"}, DAY)


@pytest.mark.parametrize("word", ["failed", "never"])
def test_anything_else_is_refused_by_name(word):
    with pytest.raises(UserError, match=rf"1 check\(s\) failed .* or never ran: a:y \({word}\)"):
        refuse_failures({"a:x": "passed", "a:y": word}, DAY)
