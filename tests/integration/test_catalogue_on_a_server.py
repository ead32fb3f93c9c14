"""One line of the config moves the catalogue to PostgreSQL, and nothing else changes: the same tables, digest for digest."""

import datetime as dt
import json

import pytest

pytestmark = pytest.mark.slow

FIRST, LAST = dt.date(2025, 9, 1), dt.date(2025, 9, 9)
OF_RUNS = "quality_history"  # names each run and its time
COUNT = "SELECT count(*) AS n FROM core_events"


@pytest.fixture(scope="module")
def shops(postgres, new_shop, tmp_path_factory):
    """The same shop twice, its tables built: behind a file, and behind a server."""
    folder = tmp_path_factory.mktemp("catalogues")
    on_file = new_shop(folder / "file")
    on_server = on_file.copy(folder / "server", built=False)
    on_server.configure(warehouse={"catalog": f"postgres:{postgres.connection()}"})
    for shop in (on_file, on_server):
        shop.backfill_days(FIRST, LAST)
    return on_file, on_server


@pytest.fixture
def sluice(shops):
    """What the command prints about the shop behind a server."""
    from typer.testing import CliRunner

    from pipelines.cli import app

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, [*arguments, "-c", str(shops[1].folder / "sluice.yaml")])
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_every_table_is_the_same(shops):
    on_file, on_server = shops
    assert not on_server.project.catalog_path.exists()
    assert on_server.tables() == on_file.tables()
    assert len(on_file.tables()) > 10
    made = [name for name in on_file.tables() if name != OF_RUNS]
    assert on_server.digests(made) == on_file.digests(made)
    assert on_server.warehouse.read(COUNT)["n"][0] > 100


def test_a_day_built_again_changes_nothing_and_can_be_compared(shops, sluice):
    on_server = shops[1]
    made = [name for name in on_server.tables() if name != OF_RUNS]
    before, snapshot = on_server.digests(made), on_server.warehouse.snapshot()
    n_events = on_server.warehouse.read(COUNT)["n"][0]
    on_server.backfill_days(LAST, LAST)
    assert on_server.digests(made) == before
    found = json.loads(sluice("diff", "core_events", "--from", str(snapshot), "--format", "json"))
    assert (found["added"], found["removed"], found["changed"]) == (0, 0, 0)
    on_server.sql("DELETE FROM core_events WHERE event_day = '2025-09-02'")
    found = json.loads(sluice("diff", "core_events", "--from", str(snapshot), "--format", "json"))
    assert found["removed"] > 0
    assert sluice("sql", "--as-of", str(snapshot), COUNT, "--format", "csv") == f"n\n{n_events}\n"
    assert sluice("sql", "--live", COUNT, "--format", "csv") == f"n\n{n_events - found['removed']}\n"


def test_upkeep_keeps_the_newest_tables(shops):
    from assets.maintenance.maintenance import keep_up

    shop = shops[1]
    before, far = shop.digests(shop.tables()), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    done = keep_up(shop.warehouse, shop.artifacts, shop.project.settings.maintenance, far)
    assert done["snapshots_after"] < done["snapshots_before"]
    assert done["files_after"] < done["files_before"]
    assert shop.digests(shop.tables()) == before


def test_dbt_keeps_upkeep_of_another_machine_away(shops, upkeep_during_dbt):
    assert upkeep_during_dbt(shops[1], LAST) == "something has been writing to the lake for 0 s"
