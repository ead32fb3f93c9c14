"""Damaged artifacts are refused by name; days without a line or a file pass through every table."""

import datetime as dt

import pytest

from models.errors import UserError

LAST = dt.date(2025, 9, 20)


def spoil(shop, asset: str) -> str:
    """Flip one byte of the largest file of an asset's newest artifact; the artifact's name."""
    digest = shop.newest_release().artifacts[asset]
    folder = shop.artifacts.get(asset, digest)
    path = max(
        (path for path in folder.rglob("*") if path.name != "manifest.json"), key=lambda path: path.stat().st_size
    )
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return f"{asset}/{digest}"


@pytest.mark.parametrize("asset", ["interaction_sequences", "sasrec", "sasrec_index", "ranking_dataset", "lambdarank"])
def test_a_spoilt_artifact_is_refused_on_load(copied, asset):
    from assets.artifacts import artifact_folder

    assert artifact_folder(copied.warehouse, copied.artifacts, asset, LAST).is_dir()
    name = spoil(copied, asset)
    with pytest.raises(UserError, match=name):
        artifact_folder(copied.warehouse, copied.artifacts, asset, LAST)


def test_an_asset_that_reads_a_spoilt_artifact_fails_and_names_it(built, copied):
    from pipelines.runs import run_days

    name = spoil(copied, "sasrec")
    before = copied.warehouse.digest("candidates")
    definitions, instance = copied.definitions(), copied.instance()
    outcome = run_days(definitions, instance, copied.project.settings, "learning", LAST, print, ["candidates"])
    assert not outcome.success
    assert name in outcome.failures[0][1]
    assert copied.warehouse.digest("candidates") == before


@pytest.mark.parametrize("content", [None, ""])
def test_a_day_that_loses_its_lines_is_emptied_with_a_warning(copied, content):
    """Only the raw tables run here; the shared shop has such days in all of its tables."""
    from pipelines.runs import run_days

    if content is None:
        copied.day_file(LAST).unlink()
    else:
        copied.day_file(LAST).write_text(content)
    definitions, instance, settings = copied.definitions(), copied.instance(), copied.project.settings
    raw = ["raw_events", "rejected_events", "source_files", "event_corrections"]
    outcome = run_days(definitions, instance, settings, "tables", (LAST, LAST), print, raw)
    assert outcome.success
    assert outcome.checks["raw_events:no_day_is_empty"][:2] == (False, False)
    rows = copied.warehouse.read("SELECT count(*) AS n FROM raw_events WHERE source_day = '2025-09-20'")
    assert rows["n"][0] == 0
