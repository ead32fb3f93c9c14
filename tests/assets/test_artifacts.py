import datetime as dt

import pytest

from assets.artifacts import COLUMNS, artifact_digest, artifact_folder, store_artifact
from models.errors import UserError
from resources.artifact_store import ArtifactStore
from resources.warehouse import Warehouse

DAY, OTHER = dt.date(2025, 3, 5), dt.date(2025, 3, 6)


@pytest.fixture
def warehouse(tmp_path):
    return Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=str(tmp_path / "data"))


def test_the_newest_artifact_of_a_day_is_the_one_that_is_loaded(warehouse, tmp_path):
    store = ArtifactStore(root=str(tmp_path / "artifacts"))

    def put(day, text):
        return store_artifact(warehouse, store, "ease", day, lambda to: to.joinpath("w").write_text(text) and None, {})

    first, other, second = put(DAY, "first"), put(OTHER, "other"), put(DAY, "second")
    assert len({first, other, second}) == 3
    assert artifact_digest(warehouse, "ease", DAY) == second
    assert (artifact_folder(warehouse, store, "ease", DAY) / "w").read_text() == "second"
    assert (artifact_folder(warehouse, store, "ease", OTHER) / "w").read_text() == "other"
    assert store.manifest("ease", second)["as_of_day"] == str(DAY)


def test_an_artifact_that_was_never_made_is_asked_for_by_name(warehouse):
    for _ in range(2):
        with pytest.raises(UserError, match=r"sasrec: no artifact for as-of day 2025-03-05\. Materialise sasrec"):
            artifact_digest(warehouse, "sasrec", DAY)
        warehouse.ensure_table("artifacts", COLUMNS, "t")
