"""The real UI of a small real project, driven as a user would; see `dagster_ui.py`."""

import re

import pytest

pytest.importorskip("playwright")
from dagster_ui import GROUPS, PATIENCE_MS, asset_graph, chromium, launch, show_markdown  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ui,
    pytest.mark.skipif(chromium() is None, reason="no Chromium is installed (Debian: apt-get install chromium)"),
]

ASSETS = "{ assetNodes { assetKey { path } groupName } }"


@pytest.fixture(scope="module")
def backfill(browser, ui) -> str:
    """Id of a backfill of three event days that was launched from the page of the job; it runs on in the daemon."""
    before = set(ui.backfills())
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    page.goto(f"{ui.base}/locations/sluice/jobs/tables")
    launch(page, "[2025-09-03...2025-09-05]")
    page.get_by_text("Created backfill").wait_for(timeout=PATIENCE_MS)
    page.close()
    return ui.wait_for(lambda: next(iter(set(ui.backfills()) - before), None), "no backfill was created")


def test_a_backfill_is_listed_once_it_was_launched(backfill, page, ui, shoot):
    page.goto(f"{ui.base}/runs?view=backfills")
    listed = page.get_by_text(backfill).first
    listed.wait_for()
    assert listed.is_visible()
    shoot("backfills")


def test_the_graph_shows_every_group_and_asset(page, ui, shoot):
    nodes = ui.graphql(ASSETS)["assetNodes"]
    assert {node["groupName"] for node in nodes} == set(GROUPS)
    page.set_viewport_size({"width": 2400, "height": 1300})
    boxes = asset_graph(page, ui.base)
    shoot("graph")
    shown = boxes.all_text_contents()
    for group in GROUPS:
        assert group in shown
    for node in nodes:
        # Dagster cuts a long name in its middle.
        name = node["assetKey"]["path"][-1]
        cut = re.compile("|".join([re.escape(name), *(rf"{re.escape(name[:n])}….*" for n in range(3, len(name)))]))
        assert any(cut.fullmatch(text) for text in shown), f"{name} is not in the graph: {shown}"


def test_the_page_of_a_model_shows_its_metadata_and_its_learning_curve(page, ui, shoot):
    page.goto(f"{ui.base}/assets/sasrec")
    for key in ("validation_ndcg_at_10", "best_epoch", "digest"):
        page.get_by_role("cell", name=key, exact=True).wait_for()
    shoot("metadata")
    assert_drawn(show_markdown(page, "learning_curve"))
    shoot("curve")


def test_the_page_of_the_metrics_shows_columns_rows_and_bars(page, ui, shoot):
    page.goto(f"{ui.base}/assets/metrics")
    page.get_by_text("Upper end", exact=False).first.wait_for()
    page.get_by_role("cell", name="dagster/partition_row_count", exact=True).wait_for()
    assert_drawn(show_markdown(page, "ndcg_at_10"))
    shoot("bars")


def test_checks_are_shown_as_passed_with_what_they_found(page, ui, shoot):
    for check, key in (("every_active_user_has_a_list", "n_without"), ("recommendations_keep_their_suite", "suite")):
        page.goto(f"{ui.base}/assets/recommendations?view=checks&checkDetail={check}")
        page.get_by_text("This is a blocking asset check").wait_for()
        page.get_by_text("Passed", exact=True).wait_for()
        page.get_by_role("cell", name=key, exact=True).first.wait_for()
        shoot(check)
    dialog = show_markdown(page, "suite")
    dialog.get_by_role("cell").first.wait_for()
    shoot("suite")
    found = dialog.get_by_role("cell").all_inner_texts()
    assert "holds" in found and "FAILS" not in found


def test_the_schedule_and_the_sensor_are_listed(page, ui, shoot):
    page.goto(f"{ui.base}/automation")
    for name in ("nightly", "learn_after_nightly_tables", "record_quality_history"):
        page.get_by_text(name, exact=True).wait_for()
    page.get_by_text("At 03:00 AM UTC").wait_for()
    shoot("automation")
    listed = "{ schedulesOrError(repositorySelector: %s) { ... on Schedules { results { name cronSchedule } } } }"
    selector = '{repositoryName: "__repository__", repositoryLocationName: "sluice"}'
    schedules = ui.graphql(listed % selector)["schedulesOrError"]["results"]
    assert {"name": "nightly", "cronSchedule": "0 3 * * *"} in schedules


def test_the_pages_ask_nothing_of_other_machines(page, ui, asked_elsewhere):
    for path in ("/overview/activity/timeline", "/runs", "/assets", "/jobs", "/deployment/daemons"):
        page.goto(f"{ui.base}{path}", wait_until="networkidle")
    assert asked_elsewhere == []


def test_the_backfill_of_event_days_finishes_in_one_run(backfill, page, ui, shoot):
    found = ended_well(ui, lambda: ui.backfills()[backfill], "COMPLETED_SUCCESS")
    assert found["numPartitions"] == 3
    assert [run["status"] for run in found["runs"]] == ["SUCCESS"]
    page.goto(f"{ui.base}/runs/b/{backfill}")
    page.get_by_text("Succeeded").first.wait_for()
    shoot("backfill")


def test_a_materialisation_started_from_the_page_of_an_asset_succeeds(page, ui, shoot):
    before = set(ui.runs())
    page.goto(f"{ui.base}/assets/event_funnel")
    launch(page, "2025-09-07")
    run = new_run(ui, before)
    assert run["assetSelection"] == [{"path": ["event_funnel"]}]
    assert {"key": "dagster/partition", "value": "2025-09-07"} in run["tags"]
    page.goto(f"{ui.base}/runs/{run['runId']}")
    page.get_by_text("RUN_SUCCESS").first.wait_for()
    shoot("run")


def test_one_as_of_day_of_a_model_can_be_made_again(page, ui, shoot):
    before = set(ui.runs())
    page.goto(f"{ui.base}/assets/popularity")
    launch(page, "2025-09-10")
    run = new_run(ui, before)
    assert {"key": "dagster/partition", "value": "2025-09-10"} in run["tags"]
    page.goto(f"{ui.base}/assets/popularity?view=partitions&partition=2025-09-10")
    page.get_by_role("link", name=run["runId"][:8]).first.wait_for()
    page.get_by_role("cell", name="validation_ndcg_at_10", exact=True).wait_for()
    shoot("partition")


def test_ending_it_leaves_no_process(ui):
    assert ui.stop() == []
    assert ui.process.returncode == 0


def assert_drawn(dialog) -> None:
    """A picture stands in the dialog, and the browser could decode it."""
    picture = dialog.locator("img")
    picture.wait_for()
    width, height = picture.evaluate("image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])")
    assert width > 200
    assert height > 100


def new_run(ui, before: set[str]) -> dict:
    """The run that came after `before`, once it has succeeded."""
    run_id = ui.wait_for(lambda: next(iter(set(ui.runs()) - before), None), "no run was created")
    return ended_well(ui, lambda: ui.runs()[run_id], "SUCCESS")


def ended_well(ui, state, wanted: str) -> dict:
    """A run or backfill once it has ended, which it must have done with the status `wanted`."""
    one = ui.wait_for(lambda: re.search("SUCCESS|FAIL|CANCEL", state()["status"]) and state(), "it has not ended")
    assert one["status"] == wanted, f"{one}; log:\n{ui.log.read_text(errors='replace')[-4000:]}"
    return one
