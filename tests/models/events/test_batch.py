from datetime import date

import pytest

from models.events.batch import EventBatch
from models.events.schema import RAW_EVENTS, REJECTED_EVENTS


def test_an_unaccounted_line_is_a_bug():
    with pytest.raises(RuntimeError, match="1 lines were read, 0 are accounted for"):
        EventBatch(RAW_EVENTS.to_frame(), REJECTED_EVENTS.to_frame(), 1, date(2011, 1, 1))
