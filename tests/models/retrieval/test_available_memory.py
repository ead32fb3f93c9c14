import psutil
import pytest

from models.retrieval import available_memory
from models.retrieval.available_memory import left_in_control_groups


def write(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_the_machine_says_what_is_available(monkeypatch):
    """About: others on it do not stand still."""
    monkeypatch.setattr(available_memory, "left_in_control_groups", list)
    machine = psutil.virtual_memory()
    assert abs(available_memory.available_memory() - machine.available) < 0.1 * machine.total


@pytest.mark.parametrize("left", [[5], [2**60, 5, 7]])
def test_less_in_a_control_group_counts(monkeypatch, left):
    monkeypatch.setattr(available_memory, "left_in_control_groups", lambda: left)
    assert available_memory.available_memory() == 5


def test_a_limit_of_the_control_group_counts_less_what_it_holds(tmp_path):
    group = "sys/fs/cgroup/jobs/one"
    files = {
        "proc/self/cgroup": "0::/jobs/one\n",
        f"{group}/memory.max": "3000000\n",
        f"{group}/memory.current": "1500000\n",
        f"{group}/memory.stat": "anon 900000\ninactive_file 500000\n",
    }
    write(tmp_path, files)
    assert left_in_control_groups(tmp_path) == [3_000_000 - 1_500_000 + 500_000]


def test_groups_above_count_too(tmp_path):
    files = {
        "proc/self/cgroup": "0::/jobs/one\n",
        "sys/fs/cgroup/jobs/one/memory.max": "max\n",
        "sys/fs/cgroup/jobs/memory.max": "2000000\n",
        "sys/fs/cgroup/jobs/memory.current": "100000\n",
    }
    write(tmp_path, files)
    assert left_in_control_groups(tmp_path) == [1_900_000]


def test_control_groups_of_version_1(tmp_path):
    base = "sys/fs/cgroup/memory/box"
    files = {
        "proc/self/cgroup": "5:cpu:/box\n4:memory:/box\n",
        f"{base}/memory.limit_in_bytes": "1000000\n",
        f"{base}/memory.usage_in_bytes": "400000\n",
        f"{base}/memory.stat": "total_inactive_file 100000\n",
    }
    write(tmp_path, files)
    assert left_in_control_groups(tmp_path) == [700_000]


def test_a_group_that_is_full_has_nothing_left(tmp_path):
    files = {
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.max": "1000\n",
        "sys/fs/cgroup/memory.current": "2000\n",
    }
    write(tmp_path, files)
    assert left_in_control_groups(tmp_path) == [0]


def test_a_system_that_says_nothing_sets_no_bound(tmp_path):
    assert left_in_control_groups(tmp_path) == []
