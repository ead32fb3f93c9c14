import json
import os
import subprocess
import sys

HEAVY = ("torch", "lightgbm", "faiss", "sentence_transformers", "transformers", "great_expectations", "matplotlib")

PROGRAM = f"""
import json, sys, time
started = time.perf_counter()
from pipelines.code_location import defs
seconds = time.perf_counter() - started
heavy = [name for name in {HEAVY!r} if name in sys.modules]
n_assets = len(defs.resolve_asset_graph().executable_asset_keys)
print(json.dumps({{"heavy": heavy, "seconds": seconds, "n_assets": n_assets}}))
"""


def test_it_loads_without_what_only_assets_need(tiny):
    environment = {**os.environ, "SLUICE_CONFIG": str(tiny.config)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"code location loaded in {found['seconds']:.1f} s")
    assert found["heavy"] == []
    assert found["n_assets"] > 30
