import os
import time

import pytest

from resources.unfinished_work import ABANDONED_SECONDS, unfinished_work


def test_what_was_begun_is_found_again_until_it_is_done(tmp_path):
    with pytest.raises(KeyboardInterrupt), unfinished_work(tmp_path / "home", "day") as folder:
        (folder / "half").write_text("1")
        raise KeyboardInterrupt
    with unfinished_work(tmp_path / "home", "day") as folder:
        assert (folder / "half").read_text() == "1"
    assert list((tmp_path / "home").iterdir()) == []
    with unfinished_work(tmp_path / "home", "day") as folder:
        assert list(folder.iterdir()) == []


def test_two_at_the_same_work_do_not_share_it(tmp_path):
    with unfinished_work(tmp_path, "day") as first:
        with unfinished_work(tmp_path, "day") as second, unfinished_work(tmp_path, "other") as other:
            assert first and second is None and other
        assert first.is_dir(), "the second one's end is not the first one's"


def test_a_lock_on_a_folder_that_was_removed_is_none(tmp_path, monkeypatch):
    """The one who held it ended between opening and locking."""
    from resources import unfinished_work as module

    real = module.fcntl.flock

    def late(file, how):
        folder = tmp_path / ".unfinished-day"
        (folder / "lock").rename(folder / "of another")
        real(file, how)

    monkeypatch.setattr(module.fcntl, "flock", late)
    with unfinished_work(tmp_path, "day") as folder:
        assert folder is None


@pytest.mark.parametrize(("age", "stays"), [(ABANDONED_SECONDS - 60, True), (ABANDONED_SECONDS + 60, False)])
def test_what_nobody_came_back_to_is_removed_a_week_later(tmp_path, age, stays):
    with pytest.raises(ValueError), unfinished_work(tmp_path, "old"):
        raise ValueError
    then = time.time() - age
    os.utime(tmp_path / ".unfinished-old", (then, then))
    with unfinished_work(tmp_path, "new"):
        pass
    assert (tmp_path / ".unfinished-old").exists() is stays


def test_what_somebody_is_at_is_not_removed(tmp_path):
    with unfinished_work(tmp_path, "long") as folder:
        then = time.time() - 2 * ABANDONED_SECONDS
        os.utime(tmp_path / ".unfinished-long", (then, then))
        with unfinished_work(tmp_path, "new"):
            pass
        assert folder.is_dir()
