"""Reading a range of days into the raw frames."""

import datetime as dt

import pytest

from assets.events.raw_events import read_days
from assets.events.raw_items import read_items
from assets.fingerprints import catalogue_digests
from resources.settings import load_project

FIRST, LAST = dt.date(2025, 9, 4), dt.date(2025, 9, 6)


@pytest.fixture
def files(built, tmp_path):
    return built.copy(tmp_path / "files", built=False)


def test_dated_files_of_the_range_are_read_and_no_other(files):
    files.day_file(dt.date(2025, 9, 7)).write_bytes(b"\xff")
    frames = read_days(files.project, FIRST, LAST)
    assert frames["source_files"]["source_day"].to_list() == [FIRST, dt.date(2025, 9, 5), LAST]
    assert frames["raw_events"].height == frames["source_files"]["n_accepted"].sum() > 0


def test_undated_files_give_the_events_of_the_range(files):
    dated = read_days(files.project, dt.date(2025, 9, 1), dt.date(2025, 9, 20))["raw_events"]
    files.configure(events={"day_pattern": None})
    frames = read_days(files.project, FIRST, LAST)
    events = frames["raw_events"]
    assert set(events["source_day"]) == {FIRST, dt.date(2025, 9, 5), LAST}
    assert (events["source_day"] == events["event_day"]).all()
    assert events.height >= dated.filter(dated["event_day"].is_between(FIRST, LAST)).height > 0
    files_of_a_day = frames["source_files"].group_by("source_day").len()["len"]
    assert set(files_of_a_day) == {19}, "every file speaks of every day, with zero lines where it has none"


def test_a_range_without_a_file_gives_empty_frames_with_columns(files):
    gap = dt.date(2025, 9, 10)
    frames = read_days(files.project, gap, gap)
    assert {name: frame.height for name, frame in frames.items()} == dict.fromkeys(frames, 0)
    assert all("source_day" in frame.columns for frame in frames.values())


def test_a_shop_without_a_catalogue_has_no_raw_item(files):
    path = files.folder / "sluice.yaml"
    text = path.read_text()
    start = text.index("catalogue:")
    end = text.index("\ncleaning:") + 1
    path.write_text(text[:start] + text[end:])
    project = load_project(path)
    assert project.settings.catalogue is None
    assert {name: frame.height for name, frame in read_items(project).items()} == {"raw_items": 0, "rejected_items": 0}
    assert catalogue_digests(project, [FIRST, LAST]) == {FIRST: "", LAST: ""}
