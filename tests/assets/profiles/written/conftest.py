import pytest

from assets.generator_calls import TABLE


@pytest.fixture(scope="module")
def shop(built, tmp_path_factory):
    """A copy of the built shop."""
    return built.copy(tmp_path_factory.mktemp("written") / "copy")


@pytest.fixture(autouse=True)
def _no_calls_yet(shop):
    """Nothing was asked and no model has written yet."""
    shop.sql(f"DROP TABLE IF EXISTS {TABLE}", "DELETE FROM item_profiles WHERE backend <> 'extractive'")
