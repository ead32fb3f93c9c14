"""Measure the promises of the demo: `python benchmarks/demo.py [--folder F]`.

Times whole processes: the full demo, a second one with nothing new, one more day, and loading the code location. Peak
memory is the largest sum of resident memory of the process and its children, sampled ten times a second.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from measuring import ROOT, measure

SLUICE = str(Path(sys.executable).parent / "sluice")
HEAVY = ("torch", "lightgbm", "faiss", "sentence_transformers", "great_expectations", "matplotlib")
PROMISES = {"full": 300.0, "again": 45.0, "load": 6.0, "peak_gib": 4.0, "one_day_share": 0.25}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="Where to build; a new temporary folder by default.")
    folder = parser.parse_args().folder or Path(tempfile.mkdtemp(prefix="sluice-demo-"))
    config = write_config(folder)
    sys.stdout.write(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, building in {folder}\n")
    full = demo(config, 42)
    again = demo(config, 42)
    one_day = demo(config, 43)
    load = load_code_location(config)
    rows = [
        ("full demo, seconds", full.seconds, PROMISES["full"]),
        ("full demo, peak GiB", full.peak, PROMISES["peak_gib"]),
        ("again with nothing new, seconds", again.seconds, PROMISES["again"]),
        ("build of one more day, seconds", one_day.built, PROMISES["one_day_share"] * full.built),
        ("  with its simulation, seconds", one_day.seconds, PROMISES["one_day_share"] * full.seconds),
        ("loading the code location, seconds", load[0], PROMISES["load"]),
    ]
    for name, value, promise in rows:
        sys.stdout.write(f"{name:<38} {value:8.2f}   promised below {promise:.2f}\n")
    sys.stdout.write(f"{'heavy imports while loading':<38} {load[1] or 'none'}\n")


def write_config(folder: Path) -> Path:
    """The demo's config with everything written below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    text = (ROOT / "configs" / "demo.yaml").read_text()
    path = folder / "demo.yaml"
    path.write_text(text.replace("../out/demo", str(folder)))
    return path


@dataclass
class Demo:
    """What `sluice simulate` and `sluice build` took: seconds, and peak GiB."""

    simulated: float
    built: float
    peak: float

    @property
    def seconds(self) -> float:
        """Both, as `make demo` runs them."""
        return self.simulated + self.built


def demo(config: Path, days: int) -> Demo:
    """Simulate and build."""
    simulated = measure([SLUICE, "simulate", "-c", str(config), "--days", str(days)])
    built = measure([SLUICE, "build", "-c", str(config)])
    return Demo(simulated.wall, built.wall, max(simulated.peak, built.peak))


def load_code_location(config: Path) -> tuple[float, str]:
    """Seconds of a fresh Python that imports the code location, and the heavy packages it imported."""
    code = f"import sys, pipelines.code_location; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    environment = {**os.environ, "SLUICE_CONFIG": str(config), "PYTHONWARNINGS": "ignore"}
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return time.monotonic() - started, done.stdout.strip()


if __name__ == "__main__":
    main()
