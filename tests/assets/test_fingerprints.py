"""Equal fingerprints mean nothing to rebuild; whatever a day is made from changes them."""

import datetime as dt

import polars as pl
import pytest

from assets.fingerprints import (
    forget_fingerprint,
    learning_fingerprint,
    recorded_fingerprint,
    source_fingerprints,
)

FIRST, LAST, DAY = dt.date(2025, 9, 1), dt.date(2025, 9, 20), dt.date(2025, 9, 5)


@pytest.fixture
def files(built, tmp_path):
    return built.copy(tmp_path / "files", built=False)


def changed(before, after):
    return [day for (day, old), (_, new) in zip(before.iter_rows(), after.iter_rows(), strict=True) if old != new]


def test_a_changed_file_changes_its_day_alone(files):
    before = source_fingerprints(files.project, FIRST, LAST)
    assert before["source_day"].to_list()[0] == FIRST and before.height == 20
    files.day_file(DAY).write_text("{}\n")
    assert changed(before, source_fingerprints(files.project, FIRST, LAST)) == [DAY]


def test_a_new_file_in_a_gap_changes_its_day_alone(files):
    before = source_fingerprints(files.project, FIRST, LAST)
    gap = dt.date(2025, 9, 10)
    files.day_file(gap).write_text("{}\n")
    assert changed(before, source_fingerprints(files.project, FIRST, LAST)) == [gap]


@pytest.mark.parametrize(
    ("section", "values"),
    [("cleaning", {"session_gap_minutes": 31}), ("partitions", {"end": "2025-10-30"}), ("events", {"late_days": 3})],
)
def test_settings_of_the_tables_change_every_day(files, section, values):
    before = source_fingerprints(files.project, FIRST, LAST)
    files.configure(**{section: values})
    assert len(changed(before, source_fingerprints(files.project, FIRST, LAST))) == 20


def test_the_catalogue_changes_every_day(files):
    before = source_fingerprints(files.project, FIRST, LAST)
    files.catalogue.write_text(files.catalogue.read_text() + "{}\n")
    assert len(changed(before, source_fingerprints(files.project, FIRST, LAST))) == 20


def test_a_dated_catalogue_changes_its_day_and_those_that_follow(files):
    files.configure(catalogue={"path": "shop/items", "day_pattern": r"(\d{4}-\d{2}-\d{2})"})
    folder = files.folder / "shop" / "items"
    folder.mkdir()
    (folder / "2025-08-25.jsonl").write_text("{}\n")
    before = source_fingerprints(files.project, FIRST, LAST)
    (folder / f"{LAST}.jsonl").write_text("{}\n")
    newer = source_fingerprints(files.project, FIRST, LAST)
    assert changed(before, newer) == [LAST], "a new day's catalogue rebuilds that day alone"
    (folder / f"{DAY}.jsonl").write_text("{}\n")
    late = source_fingerprints(files.project, FIRST, LAST)
    assert changed(newer, late) == [day for day in newer["source_day"] if day >= DAY]
    (folder / "2025-08-25.jsonl").write_text("{ }\n")
    assert len(changed(late, source_fingerprints(files.project, FIRST, LAST))) == 20
    part = source_fingerprints(files.project, DAY, LAST)
    assert part.equals(source_fingerprints(files.project, FIRST, LAST).filter(pl.col("source_day") >= DAY))


def test_settings_of_learning_change_no_day(files):
    before = source_fingerprints(files.project, FIRST, LAST)
    files.configure(split={"test_days": 4}, checks={"max_rejected_share": 0.5})
    assert changed(before, source_fingerprints(files.project, FIRST, LAST)) == []


def test_files_without_a_day_count_for_every_day(files):
    files.configure(events={"day_pattern": None})
    before = source_fingerprints(files.project, FIRST, LAST)
    files.day_file(DAY).write_text("{}\n")
    assert len(changed(before, source_fingerprints(files.project, FIRST, LAST))) == 20


def test_a_stage_is_forgotten(copied, files):
    assert recorded_fingerprint(copied.warehouse, "recommendations", LAST)
    forget_fingerprint(copied.warehouse, "recommendations", LAST)
    assert recorded_fingerprint(copied.warehouse, "recommendations", LAST) is None
    assert recorded_fingerprint(copied.warehouse, "release", LAST)
    forget_fingerprint(files.warehouse, "recommendations", LAST)
    assert recorded_fingerprint(files.warehouse, "recommendations", LAST) is None
    assert not files.warehouse.exists(), "asking creates nothing"


def test_the_language_model_counts_where_it_writes_the_profiles_and_not_how_patient_it_is(copied):
    def fingerprint(**generator) -> str:
        copied.configure(generator=generator)
        return learning_fingerprint(copied.warehouse, copied.project, LAST)

    one = {"backend": "openai", "base_url": "http://localhost:1/v1"}
    by_rules = [fingerprint(**one, model=name) for name in ("a", "b")]
    assert by_rules[0] == by_rules[1]
    copied.configure(profiles={"backend": "generator"})
    a, b = (fingerprint(model=name) for name in ("a", "b"))
    assert len({a, b, by_rules[0]}) == 3
    assert (
        fingerprint(concurrency=2, max_attempts=3, price_per_million_tokens_in=1, price_per_million_tokens_out=1) == b
    )
    assert len({fingerprint(**changed) for changed in ({"max_tokens": 9}, {"seed": 1}, {"temperature": 1})} | {b}) == 4
