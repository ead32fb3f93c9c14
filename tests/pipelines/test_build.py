import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import UserError
from pipelines import build as building
from pipelines.build_lock import LOCK, build_is_running, build_lock
from pipelines.runs import RunOutcome
from pipelines.storage import warehouse_of
from resources.lake_catalogue import PostgresCatalogue
from resources.settings import load_project

WITHOUT_USERS = r"""
name: shown
output: build
events:
  path: "*.jsonl"
  format: jsonl
  day_pattern: '(\d{4}-\d{2}-\d{2})'
  columns: {item_id: item, event_at: ts, position: rank, propensity: share}
  constants: {event_type: impression}
event_types: {impression: {weight: 0}, click: {weight: 1}}
partitions: {start: 2025-09-01}
retrievers: {popularity: {}, recent_popularity: {}, ease: {}}
"""
LEARNED = ("ease", "lambdarank", "popularity", "recent_popularity", "sasrec", "evaluation_report")


class TestAWholeBuild:
    def test_it_ends_with_assets_checks_metrics_and_a_release(self, tiny):
        shown = tiny.built.stdout
        for line in ("\nAssets", "\nChecks: ", "\nMetrics at 10: lists as of 2025-09-12, scored through 2025-09-14"):
            assert line in shown
        assert "tables     2025-09-01 to 2025-09-14  (" in shown
        assert "learning   as of 2025-09-12, up to the recommendations  (" in shown
        assert "learning   as of 2025-09-14, up to the release  (" in shown
        assert " 0 failed" in shown
        assert "release 2025-09-14-" in shown
        for asset in LEARNED:
            assert f"\n{asset} " in shown
        for model in ("oracle", "recommendations", "recent_popularity"):
            assert f"\n{model} " in shown
        assert "of the oracle" in shown

    def test_without_a_terminal_it_is_plain_and_fits_120_columns(self, tiny):
        shown = tiny.built.output
        assert "\x1b" not in shown
        lines = [line for line in shown.splitlines() if not line.startswith("next: ")]
        assert max(len(line) for line in lines) <= 120
        assert tiny.built.stderr == ""

    def test_what_dbt_says_is_in_the_log_only(self, tiny):
        assert "PASS" not in tiny.built.output
        assert "Completed successfully" in (tiny.project.output / building.LOG).read_text()

    def test_every_line_is_accounted_for(self, tiny):
        n_lines = sum(len(path.read_bytes().splitlines()) for path in (tiny.folder / "shop" / "events").iterdir())
        sql = "SELECT sum(n_lines), sum(n_rejected) + sum(n_accepted) FROM event_funnel"
        assert tiny.warehouse.read(sql).row(0) == (n_lines, n_lines)

    def test_the_next_steps_name_the_config(self, tiny):
        assert f"sluice report -c {os.path.relpath(tiny.config)}" in tiny.built.stdout

    def test_a_second_build_has_nothing_to_do(self, tiny, invoke):
        before = tiny.warehouse.snapshot()
        result = invoke("build", "-c", tiny.config)
        assert result.exit_code == 0
        assert "tables     up to date, 2025-09-01 to 2025-09-14" in result.stdout
        assert "release    up to date, as of 2025-09-14" in result.stdout
        assert "Checks: nothing was rebuilt" in result.stdout
        assert tiny.warehouse.snapshot() == before


class TestALogWithoutUsers:
    """What a policy showed and what was clicked, as Open Bandit has it: tables to judge policies by."""

    def test_its_tables_are_built_and_nothing_is_learned(self, tmp_path: Path, invoke):
        lines = [
            {"item": f"i{n % 5}", "ts": f"2025-09-01T10:{n:02}:00Z", "rank": 1 + n % 3, "share": 0.2, "click": n % 2}
            for n in range(60)
        ]
        (tmp_path / "2025-09-01.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
        config = tmp_path / "sluice.yaml"
        config.write_text(WITHOUT_USERS)
        result = invoke("build", "-c", config)
        assert result.exit_code == 0, result.output
        assert "learning   left out: the log names no users" in result.stdout
        assert " 0 failed" in result.stdout
        rows = warehouse_of(load_project(config)).read("SELECT count(*) AS n, count(user_id) AS named FROM raw_events")
        assert rows.row(0) == (60, 0)
        assert "up to date" in invoke("build", "-c", config).stdout


class TestBadInput:
    """One line, status 2, nothing written."""

    @pytest.fixture
    def refusal(self, refused):
        def run(config: Path, *options: str) -> str:
            before = {path: path.stat().st_mtime_ns for path in config.parent.rglob("*")}
            line = refused("build", "-c", config, *options)
            assert {path: path.stat().st_mtime_ns for path in config.parent.rglob("*")} == before
            return line

        return run

    def test_a_missing_source_folder(self, refusal, tmp_path: Path, configure):
        assert "shop/events does not exist" in refusal(configure(tmp_path))

    def test_an_empty_source_folder(self, refusal, unbuilt: Path):
        for path in (unbuilt.parent / "shop" / "events").iterdir():
            path.unlink()
        assert "holds no file" in refusal(unbuilt)

    def test_a_missing_catalogue(self, refusal, unbuilt: Path):
        (unbuilt.parent / "shop" / "catalogue.jsonl").unlink()
        assert "catalogue.jsonl does not exist" in refusal(unbuilt)

    def test_a_missing_column(self, refusal, tmp_path: Path, configure):
        events = {"path": "logs", "format": "csv", "day_pattern": r"(\d{4}-\d{2}-\d{2})"}
        columns = {"user_id": "user", "item_id": "item", "event_type": "type", "event_at": "at"}
        config = configure(tmp_path, events={**events, "columns": columns}, catalogue=None)
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs" / "2025-09-01.csv").write_text("user,item,type,time\nu,i,click,2025-09-01 10:00:00\n")
        line = refusal(config)
        assert "logs/2025-09-01.csv: " in line
        assert "'at'" in line

    def test_a_name_without_a_day(self, refusal, unbuilt: Path):
        (unbuilt.parent / "shop" / "events" / "notes.txt").write_text("x")
        assert "notes.txt: the name does not match `day_pattern" in refusal(unbuilt)

    def test_a_malformed_day(self, refusal, unbuilt: Path):
        assert "Invalid value for '--from'" in refusal(unbuilt, "--from", "2025-9-1x")

    def test_a_day_outside_the_partitions(self, refusal, unbuilt: Path):
        assert "--until: 2026-01-01 lies outside the partitions" in refusal(unbuilt, "--until", "2026-01-01")

    def test_an_output_folder_that_cannot_be(self, refusal, unbuilt: Path, configure):
        configure(unbuilt.parent, output="sluice.yaml/out")
        assert "Choose another `output`" in refusal(unbuilt) or "choose another `output`" in refusal(unbuilt)

    def test_an_output_folder_that_is_a_file(self, refusal, unbuilt: Path, configure):
        (unbuilt.parent / "out").write_text("a file")
        configure(unbuilt.parent, output="out")
        assert "choose another `output`" in refusal(unbuilt)

    def test_damaged_storage_of_dagster(self, copy, refused):
        (copy.folder / "shop" / "events" / "2025-09-05.jsonl").write_text("{}\n")
        for path in (copy.project.dagster_home / "history").rglob("*.db"):
            path.write_bytes(b"no database" * 500)
        assert "Dagster's storage: file is not a database" in refused("build", "-c", copy.config)


class TestBackfill:
    @pytest.mark.parametrize("what", ["days", "as-of"])
    def test_days_outside_are_refused(self, tiny, refused, what: str):
        arguments = ["backfill", what, "-c", tiny.config, "--from", "2025-08-30", "--until", "2025-09-02"]
        assert "--from: 2025-08-30 lies outside the partitions" in refused(*arguments)

    def test_swapped_days_are_refused(self, tiny, refused):
        arguments = ["backfill", "days", "-c", tiny.config, "--from", "2025-09-05", "--until", "2025-09-02"]
        assert "Swap the two days" in refused(*arguments)

    def test_models_of_days_without_tables_are_refused(self, tiny, unbuilt: Path, refused):
        days = ["--from", "2025-09-10", "--until", "2025-09-20"]
        assert "the tables reach to 2025-09-14" in refused("backfill", "as-of", "-c", tiny.config, *days)
        assert "the tables reach to no day yet" in refused("backfill", "as-of", "-c", unbuilt, *days)

    def test_a_range_is_one_run_and_as_of_days_are_one_each(self, tiny, invoke, monkeypatch: pytest.MonkeyPatch):
        runs = []
        monkeypatch.setattr(building.Runner, "_run", lambda self, job, days, *rest: runs.append((job, str(days))))
        for what in ("days", "as-of"):
            assert (
                invoke("backfill", what, "-c", tiny.config, "--from", "2025-09-10", "--until", "2025-09-11").exit_code
                == 0
            )
        assert [job for job, _ in runs] == ["tables", "learning", "learning"]
        assert [days for job, days in runs if job == "learning"] == ["2025-09-10", "2025-09-11"]


class TestFailures:
    @pytest.fixture
    def fails_with(self, copy, refused, monkeypatch: pytest.MonkeyPatch):
        def run(outcome: RunOutcome) -> str:
            monkeypatch.setattr(building, "run_days", lambda *arguments: outcome)
            (copy.folder / "shop" / "events" / "2025-09-05.jsonl").write_text("{}\n")
            return refused("build", "-c", copy.config)

        return run

    def test_a_blocking_check_is_named_with_what_it_found(self, fails_with):
        checks = {
            "raw_events:warns": (False, False, "warning"),
            "raw_events:fails": (False, True, "share=0.9;\n | days |"),
            "raw_events:fails_too": (False, True, ""),
            "raw_events:passes": (True, True, ""),
        }
        line = fails_with(RunOutcome("r1", checks=checks, failures=[("step", "dependency failed")]))
        assert line == (
            "tables 2025-09-05 to 2025-09-05: blocking check raw_events:fails failed (and 1 more): share=0.9; | days |."
            " Run r1 in `sluice ui` has the details."
        )

    def test_a_failed_step_is_named_with_its_words(self, fails_with):
        line = fails_with(RunOutcome("r1", failures=[("raw_events", "events.csv: no column 'at'.")]))
        assert line.startswith("tables 2025-09-05 to 2025-09-05, step raw_events: events.csv: no column 'at'. Run r1")

    def test_a_run_that_said_nothing(self, fails_with):
        assert "the run did not finish" in fails_with(RunOutcome("r1"))


class TestLock:
    def test_the_second_build_says_that_the_first_is_running(self, copy, refused):
        with build_lock(copy.project.output):
            assert build_is_running(copy.project.output)
            line = refused("build", "-c", copy.config)
        assert f"a build is already running (process {os.getpid()}). Wait for it to end" in line
        assert not build_is_running(copy.project.output)

    def test_it_dies_with_its_process(self, tmp_path: Path):
        program = f"""
import os, signal
from pathlib import Path
from pipelines.build_lock import build_lock
with build_lock(Path({str(tmp_path)!r})):
    os.kill(os.getpid(), signal.SIGKILL)
"""
        assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
        assert (tmp_path / LOCK).exists()
        with build_lock(tmp_path):
            pass

    def test_an_error_lets_it_go(self, tmp_path: Path):
        with pytest.raises(ValueError, match="x"), build_lock(tmp_path):
            raise ValueError("x")
        with build_lock(tmp_path):
            pass

    def test_a_holder_that_has_not_said_who_it_is(self, tmp_path: Path):
        with build_lock(tmp_path):
            (tmp_path / LOCK).write_text("")
            with pytest.raises(UserError, match="process unknown"), build_lock(tmp_path):
                pass

    def test_a_build_on_another_machine_holds_the_lock_of_the_server(self, tmp_path: Path, postgres):
        """Two machines: two folders of lock files, one catalogue."""
        catalogue = PostgresCatalogue(postgres.connection(), postgres.new_name())
        here, there = tmp_path / "here", tmp_path / "there"
        with build_lock(here, catalogue):
            assert build_is_running(there, catalogue)
            with (
                pytest.raises(UserError, match=rf"a build is already running \(sluice-{os.getpid()}-"),
                build_lock(there, catalogue),
            ):
                pytest.fail("beside the other")
        assert not build_is_running(there, catalogue)
        with build_lock(there, catalogue):
            pass

    def test_no_lock_no_build(self, tmp_path: Path):
        assert not build_is_running(tmp_path / "nowhere")

    def test_a_build_that_ended_in_between_is_noticed(self, copy, invoke, monkeypatch: pytest.MonkeyPatch):
        """The plan is made before the lock is held; here another build changes the tables just before."""
        shutil.copy(copy.folder / "shop/events/2025-09-14.jsonl", copy.folder / "shop/events/2025-09-15.jsonl")
        plans = []

        def plan_days(project, warehouse, first, last):
            made = original(project, warehouse, first, last)
            plans.append(made.stale)
            if len(plans) == 1:
                warehouse.write(lambda connection: connection.execute("DELETE FROM profile_calls"))
                (copy.folder / "shop/events/2025-09-15.jsonl").unlink()
            return made

        original = building.plan_days
        monkeypatch.setattr(building, "plan_days", plan_days)
        result = invoke("build", "-c", copy.config)
        assert "tables     up to date" in result.stdout
        assert len(plans) == 2
