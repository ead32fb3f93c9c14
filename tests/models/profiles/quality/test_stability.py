import numpy as np

from models.profiles.quality.stability import stability


def test_those_who_did_something_are_told_from_the_others():
    before = np.eye(3, dtype=np.float32)
    after = np.array([[1, 0, 0], [0, 1, 0], [0, 0.8, 0.6]], dtype=np.float32)
    idle, active = stability(before, after, np.array([False, False, True]))
    assert (idle.metric, idle.value, idle.n) == ("stability_idle", 1.0, 2)
    assert (active.metric, round(active.value, 6), active.n) == ("stability_active", 0.6, 1)


def test_without_users_there_is_nothing():
    assert [one.n for one in stability(np.zeros((0, 0)), np.zeros((0, 0)), np.zeros(0, dtype=bool))] == [0, 0]
