"""What the tests of one built shop read of it, once."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def tables(built):
    """Every table of the lake, whole."""
    return {name: built.warehouse.read(f'SELECT * FROM "{name}"') for name in built.tables()}


@pytest.fixture(scope="session")
def definitions(built):
    return built.definitions()
