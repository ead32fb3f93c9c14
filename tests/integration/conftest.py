"""What the tests of one built shop read of it, once."""

import sys
from pathlib import Path

import pytest

from models.errors import UserError

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def tables(built):
    """Every table of the lake, whole."""
    return {name: built.warehouse.read(f'SELECT * FROM "{name}"') for name in built.tables()}


@pytest.fixture(scope="session")
def definitions(built):
    return built.definitions()


@pytest.fixture
def upkeep_during_dbt(monkeypatch: pytest.MonkeyPatch):
    """Runs a day of a shop whose dbt step only tries to have the lake for itself; what came of that."""
    from pipelines.dbt_cli import DbtCli

    def run(shop, day) -> str:
        found = []

        def cli(self, *arguments, **options):
            try:
                with shop.warehouse.alone(patience_seconds=0):
                    found.append("alone")
            except UserError as error:
                found.append(error.found)
            raise RuntimeError("seen enough")

        monkeypatch.setattr(DbtCli, "cli", cli)
        with pytest.raises(UserError, match="seen enough"):
            shop.backfill_days(day, day)
        (only,) = found
        return only

    return run
