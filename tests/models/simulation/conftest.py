"""Small shops that the tests of the simulation share."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from models.simulation.config import DirtConfig, SimulationConfig
from models.simulation.shop import simulate

SMALL = {"users": 150, "items": 160, "days": 6, "sessions_per_user_day": 0.5, "launch_days": 10}


@pytest.fixture(scope="session")
def small() -> Callable[..., SimulationConfig]:
    """Makes the config of a small shop, with some fields changed."""
    return lambda **changes: SimulationConfig(**(SMALL | changes))


@pytest.fixture(scope="session")
def contents() -> Callable[..., dict[str, bytes]]:
    """Reads every file below some parts of a folder, by relative name."""

    def read(folder: Path, *parts: str) -> dict[str, bytes]:
        files: list[Path] = []
        for part in parts or ("",):
            place = folder / part
            files += [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    return read


@pytest.fixture(scope="session")
def clean_shop(tmp_path_factory, small) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    simulate(small(dirt=DirtConfig.clean()), folder)
    return folder


@pytest.fixture(scope="session")
def clean_events(clean_shop) -> list[dict]:
    """Every event of a shop without dirt, in file order, with the day of its file."""
    files = sorted((clean_shop / "events").glob("*.jsonl"))
    return [{"file": file.stem} | json.loads(line) for file in files for line in file.read_bytes().splitlines()]
