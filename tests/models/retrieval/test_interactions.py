from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from models.retrieval.interactions import Interactions


@pytest.fixture
def frame():
    return pl.DataFrame(
        {
            "user_id": ["b", "a", "a", "a"],
            "item_id": ["x", "y", "x", "z"],
            "event_at": [datetime(2026, 1, 2), datetime(2026, 1, 1), datetime(2026, 1, 1), datetime(2025, 12, 31)],
            "event_id": ["e4", "e2", "e1", "e3"],
            "weight": [1.0, 5.0, 3.0, 1.0],
        }
    )


def test_rows_are_sorted_by_user_time_and_event_id(frame):
    built = Interactions.from_frame(frame, np.array(["x", "y", "z", "w"], dtype=object))
    assert built.user_ids.tolist() == ["a", "b"]
    assert built.items.tolist() == [2, 0, 1, 0]
    assert built.offsets.tolist() == [0, 3, 4]
    assert built.weights.tolist() == [1, 3, 5, 1]
    assert built.times[0] == 1_767_139_200  # 2025-12-31T00:00:00Z
    assert built.history(0).tolist() == [2, 0, 1]
    assert (built.n_users, built.n_items) == (2, 4)
    assert built.user_of_position().tolist() == [0, 0, 0, 1]


def test_item_outside_the_vocabulary_is_an_error(frame):
    with pytest.raises(ValueError, match="'z' is not in the vocabulary"):
        Interactions.from_frame(frame, np.array(["x", "y"], dtype=object))


def test_before_and_since_split_at_the_instant(frame):
    built = Interactions.from_frame(frame, np.array(["x", "y", "z"], dtype=object))
    instant = int(built.times[1])
    assert built.before(instant).items.tolist() == [2]
    assert built.since(instant).items.tolist() == [0, 1, 0]
    assert built.before(instant).lengths().tolist() == [1, 0]
    assert built.since(instant).n_users == 2


def test_saves_and_loads(frame, tmp_path):
    built = Interactions.from_frame(frame, np.array(["x", "y", "z"], dtype=object))
    built.save(tmp_path)
    loaded = Interactions.load(tmp_path)
    for name in ("user_ids", "item_ids", "offsets", "items", "times", "weights"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(built, name))


def test_what_was_taken_back_is_kept_apart_cut_by_time_and_saved(frame, tmp_path):
    taken = pl.DataFrame(
        {
            "user_id": ["b", "a", "nobody", "a", "a"],
            "item_id": ["z", "w", "x", "z", "unknown"],
            "event_at": [datetime(2026, 1, 3), datetime(2026, 1, 2), *[datetime(2026, 1, 1)] * 3],
        }
    )
    built = Interactions.from_frame(frame, np.array(["x", "y", "z", "w"], dtype=object), taken)
    assert built.items.tolist() == [2, 0, 1, 0]
    assert built.taken_back.users.tolist() == [0, 0, 1]
    assert built.taken_back.items.tolist() == [2, 3, 2]
    instant = int(datetime(2026, 1, 2, tzinfo=UTC).timestamp())
    assert built.before(instant).taken_back.items.tolist() == [2]
    assert built.since(instant).taken_back.items.tolist() == [3, 2]
    built.save(tmp_path)
    loaded = Interactions.load(tmp_path)
    for name in ("users", "items", "times"):
        np.testing.assert_array_equal(getattr(loaded.taken_back, name), getattr(built.taken_back, name))


def test_where_nothing_was_taken_back_nothing_is_written(frame, tmp_path):
    Interactions.from_frame(frame, np.array(["x", "y", "z"], dtype=object)).save(tmp_path)
    assert not list(tmp_path.glob("taken_back*"))
    assert len(Interactions.load(tmp_path).taken_back.items) == 0
