"""Building again: nothing new does nothing, a new or changed day rebuilds what depends on it and nothing else."""

import datetime as dt
import json

import pytest

from models.errors import UserError

pytestmark = pytest.mark.slow

FIRST, LAST, NEXT = dt.date(2025, 9, 1), dt.date(2025, 9, 20), dt.date(2025, 9, 21)
RAW = ["raw_events", "rejected_events", "source_files", "raw_items", "rejected_items"]
CLEANED = [
    *("stg_events", "stg_items", "core_events", "filtered_events", "core_sessions", "core_items", "core_users"),
    *("core_interactions", "core_impressions", "core_returns", "core_undone_interactions"),
    *("stg_catalogue_days", "core_item_days", "core_item_versions", "core_user_days", "core_user_versions"),
    *("feat_user_category_daily", "feat_user_hour_daily"),
    *("feat_user_daily", "feat_item_daily", "event_funnel"),
]
COUNTED = ["event_profile_daily", "source_schemas"]
OF_THE_CATALOGUE = {"raw_items", "rejected_items", "stg_items", "stg_catalogue_days"}
DAILY = ["item_profiles", "user_profiles", "item_text_embeddings", "candidates", "recommendations", "artifacts"]


def until_last(shop, table):
    return shop.warehouse.read(f"SELECT * FROM {table} WHERE as_of_day <= '{LAST}' ORDER BY ALL")


def runs(shop):
    """What each run of the shop was about, oldest first: its day, or its first and last day."""
    tags = [run.tags for run in reversed(shop.instance().get_runs())]
    ends = [f"dagster/asset_partition_range_{end}" for end in ("start", "end")]
    return [tag.get("dagster/partition") or tuple(tag[end] for end in ends) for tag in tags]


def test_a_second_build_does_nothing(built):
    before = built.warehouse.snapshot(), len(runs(built))
    assert built.build().outcomes == []
    assert (built.warehouse.snapshot(), len(runs(built))) == before


def test_one_more_day_rebuilds_that_day_and_the_new_as_of_day(copied):
    before = copied.newest_release()
    old = {name: until_last(copied, name) for name in DAILY}
    copied.deliver(NEXT)
    outcomes = copied.build().outcomes
    assert runs(copied)[-2:] == [("2025-09-21", "2025-09-21"), "2025-09-21"]
    assert len(outcomes) == 2
    release = copied.newest_release()
    assert (before.as_of_day, release.as_of_day) == (LAST, NEXT)
    assert copied.warehouse.read("SELECT count(*) AS n FROM releases")["n"][0] == 2
    assert {str(row["as_of_day"]) for row in release.metrics} == {"2025-09-17"}
    for name, rows in old.items():
        assert until_last(copied, name).equals(rows), name
        assert copied.warehouse.read(f"SELECT count(*) AS n FROM {name} WHERE as_of_day = '{NEXT}'")["n"][0] > 0
    assert copied.build().outcomes == []


def change(path) -> None:
    """Drop, edit, copy and break lines of a day file; what the next file delivers again is here no more."""
    lines = [line for line in path.read_bytes().splitlines() if line.startswith(b"{") and line.endswith(b"}")]
    twice = next(line for line in lines if b'"click"' in line)
    edited = []
    for number, line in enumerate(line for number, line in enumerate(lines) if number % 7 and line != twice):
        event = json.loads(line)
        if number % 11 == 0:
            event |= {"type": "click", "item_id": "not-in-the-catalogue", "user_id": "u00001"}
        edited.append(json.dumps(event).encode())
    copies = [line.replace(b'"user_id": "u', b'"user_id": "newcomer') for line in edited[5:8]]
    path.write_bytes(b"\n".join([*edited, *copies, b"{broken"]) + b"\n")


def test_a_changed_day_backfilled_equals_a_clean_build(built, copied, tmp_path):
    """To the last bit of every column, so none is left out of the digests."""
    day = dt.date(2025, 9, 15)
    funnel = "SELECT n_filtered FROM event_funnel WHERE source_day = '2025-09-16'"
    change(copied.day_file(day))
    copied.backfill_days(day, day)
    assert runs(copied)[-1] == ("2025-09-15", "2025-09-15")
    before, after = built.digests(RAW + CLEANED), copied.digests(RAW + CLEANED)
    assert {name for name in after if after[name] == before[name]} == OF_THE_CATALOGUE
    assert copied.warehouse.read(funnel)["n_filtered"][0] < built.warehouse.read(funnel)["n_filtered"][0]
    clean = copied.copy(tmp_path / "clean", built=False)
    clean.backfill_days(FIRST, LAST)
    assert after == clean.digests(RAW + CLEANED)
    assert copied.digests(COUNTED) == clean.digests(COUNTED)


def test_days_that_a_killed_run_had_begun_are_made_again(built, copied, tmp_path, monkeypatch):
    """A day loses its late lines; the run dies when the staging table has forgotten them and the others have not."""
    from pipelines.dbt_cli import DbtCli

    day, earlier = dt.date(2025, 9, 15), dt.date(2025, 9, 14)
    lines = copied.day_file(day).read_bytes().splitlines(keepends=True)
    left = [line for line in lines if f'"ts":"{earlier}'.encode() not in line]
    assert len(left) < len(lines)
    copied.day_file(day).write_bytes(b"".join(left))
    cli = DbtCli.cli

    def dies(self, arguments, **options):
        cli(self, ["run", "--select", "stg_events", *arguments[-2:]]).wait()
        raise RuntimeError("killed")

    with monkeypatch.context() as patch, pytest.raises(UserError):
        patch.setattr(DbtCli, "cli", dies)
        copied.backfill_days(day, day)
    assert copied.digests(["stg_events"]) != built.digests(["stg_events"])
    assert copied.digests(["core_events"]) == built.digests(["core_events"])
    assert earlier in copied.warehouse.read("SELECT * FROM unfinished_days")["event_day"].to_list()
    copied.backfill_days(day, day)
    assert copied.warehouse.read("SELECT * FROM unfinished_days").is_empty()
    clean = copied.copy(tmp_path / "clean", built=False)
    clean.backfill_days(FIRST, LAST)
    assert copied.digests(RAW + CLEANED) == clean.digests(RAW + CLEANED)


def test_a_bad_day_whose_old_file_comes_back_is_built_again(copied):
    from pipelines.plan import plan_days

    good = copied.day_file(LAST).read_bytes()
    copied.day_file(LAST).write_bytes(good + b"{broken\n" * 200)
    with pytest.raises(UserError, match="rejected_share_is_small"):
        copied.build()
    copied.day_file(LAST).write_bytes(good)
    assert plan_days(copied.project, copied.warehouse, None, None).stale == [(LAST, LAST)]


def test_a_bad_day_does_not_come_in_with_the_next_one(copied):
    """Its lines lie in raw_events, and the next day's run would clean them too."""
    before = copied.digests(CLEANED[:-1])
    copied.day_file(LAST).write_bytes(copied.day_file(LAST).read_bytes() + b"{broken\n" * 200)
    copied.deliver(NEXT)
    with pytest.raises(UserError, match="rejected_share_is_small"):
        copied.backfill_days(LAST, LAST)
    with pytest.raises(UserError, match="rejected_share_is_small"):
        copied.backfill_days(NEXT, NEXT)
    assert copied.digests(CLEANED[:-1]) == before
