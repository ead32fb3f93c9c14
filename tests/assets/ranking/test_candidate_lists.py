import datetime as dt

import numpy as np
import polars as pl

from assets.ranking.candidate_lists import active_users, list_frame
from models.retrieval.interactions import Interactions


def interactions() -> Interactions:
    rows = pl.DataFrame(
        {
            "user_id": ["early", "late", "late"],
            "item_id": ["a", "a", "b"],
            "event_at": [dt.datetime(2025, 3, 1), dt.datetime(2025, 3, 4), dt.datetime(2025, 3, 5, 23)],
            "event_id": ["1", "2", "3"],
            "weight": [1.0, 1.0, 1.0],
        }
    )
    return Interactions.from_frame(rows, np.array(["a", "b", "c"], dtype=object))


def test_active_users_have_come_in_the_last_days():
    data, day = interactions(), dt.date(2025, 3, 5)
    assert data.user_ids[active_users(data, day, 4)].tolist() == ["late"]
    assert data.user_ids[active_users(data, day, 5)].tolist() == ["early", "late"]


def test_lists_that_are_shorter_have_no_row_for_the_rest():
    data = interactions()
    items, scores = np.array([[2, 1], [2, -1]]), np.array([[0.9, 0.1], [0.4, -np.inf]])
    rows = list_frame("ease", data, np.array([0, 1]), items, scores)
    assert rows.rows() == [
        ("early", "c", "ease", 1, 0.9),
        ("early", "b", "ease", 2, 0.1),
        ("late", "c", "ease", 1, 0.4),
    ]
    assert list_frame("ease", data, np.array([0]), np.array([[-1]]), np.array([[0.0]])).is_empty()
