import pytest

from assets.generator_calls import TABLE


@pytest.fixture(scope="module")
def shop(built, tmp_path_factory):
    """A copy of the built shop."""
    return built.copy(tmp_path_factory.mktemp("written") / "copy")


@pytest.fixture(autouse=True)
def _no_calls_yet(shop):
    """Nothing was asked and no model has written yet."""
    tables = ("item_profiles", "user_profiles")
    shop.sql(f"DROP TABLE IF EXISTS {TABLE}", *(f"DELETE FROM {name} WHERE backend <> 'extractive'" for name in tables))
