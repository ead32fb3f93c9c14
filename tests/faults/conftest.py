import sys
from pathlib import Path

import pytest

from resources.warehouse import Warehouse

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(params=["sqlite", "postgres"])
def lake(request: pytest.FixtureRequest):
    """Makes a lake whose data lie in a folder, behind either catalogue."""

    def make(folder: Path) -> Warehouse:
        data_path = str(folder / "data")
        if request.param == "sqlite":
            return Warehouse(catalog_path=str(folder / "catalog.sqlite"), data_path=data_path)
        server = request.getfixturevalue("postgres")
        return Warehouse(postgres=server.connection(), schema_name=server.new_name(), data_path=data_path)

    return make
