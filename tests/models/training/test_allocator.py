import json
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import json, re, resource
from pathlib import Path
import torch
from models.training.allocator import kept_memory

def new_pages(n_times):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(n_times):
        torch.ones(64 * 2**18)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

before = resident()
usual = new_pages(10)
with kept_memory():
    new_pages(20)
    kept = new_pages(10)
    inside = resident()
print(json.dumps({"usual": usual, "kept": kept, "grown": inside - before, "after": resident() - before}))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has these settings")
def test_blocks_are_used_again_and_given_back_at_the_end():
    """Blocks of 64 MiB, which are 16,384 pages."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True)
    found = json.loads(done.stdout)
    assert found["kept"] < 0.02 * found["usual"]
    assert found["grown"] > 60
    assert found["after"] < 20
