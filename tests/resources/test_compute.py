import subprocess
import sys

import pytest

from models.errors import UserError
from resources.compute import pick_device


@pytest.mark.parametrize(
    ("wanted", "available", "expected"),
    [("cpu", True, "cpu"), ("auto", True, "cuda"), ("auto", False, "cpu"), ("cuda", True, "cuda")],
)
def test_auto_takes_a_gpu_where_there_is_one(monkeypatch, wanted: str, available: bool, expected: str):
    monkeypatch.setattr("torch.cuda.is_available", lambda: available)
    assert pick_device(wanted) == expected


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(UserError, match="compute.device: no CUDA device is visible"):
        pick_device("cuda")


def test_asking_for_the_cpu_imports_no_torch():
    program = (
        "import sys; from resources.compute import pick_device; pick_device('cpu'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
