import json
import os
import socket
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.storage.tags import REPOSITORY_LABEL_TAG, TagType, get_tag_type

from models.errors import UserError
from pipelines.dagster_home import instance_of
from pipelines.runs import ACTIVE, PID_TAG, SERVER_TAG, end_dead_runs, range_tags, run_days
from resources.code_version import ROOT
from resources.settings import Settings

POOL = "warehouse"


@pytest.fixture
def instance(tmp_path: Path):
    instance = instance_of(tmp_path / "dagster")
    yield instance
    instance.dispose()


@dg.op
def work():
    return 1


@dg.job
def small():
    work()


def run(instance: dg.DagsterInstance, tags: dict[str, str], status=dg.DagsterRunStatus.STARTED) -> str:
    return instance.create_run_for_job(small, status=status, tags=tags).run_id


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    found = instance.get_run_by_id(run_id)
    assert found is not None
    return found.status


class TestDeadRuns:
    @pytest.mark.parametrize("before", ACTIVE)
    def test_a_run_of_a_build_that_is_gone_is_marked_as_failed(self, instance, before):
        run_id = run(instance, {PID_TAG: "999999999"}, before)
        assert end_dead_runs(instance) == 1
        assert status(instance, run_id) == dg.DagsterRunStatus.FAILURE
        assert end_dead_runs(instance) == 0

    def test_its_pool_slots_are_free_again(self, instance):
        storage = instance.event_log_storage
        storage.set_concurrency_slots(POOL, 1)
        run_id = run(instance, {PID_TAG: "999999999"})
        assert storage.claim_concurrency_slot(POOL, run_id, "step").is_claimed
        next_run = run(instance, {"other": "run"})
        assert not storage.claim_concurrency_slot(POOL, next_run, "step").is_claimed
        end_dead_runs(instance)
        assert storage.claim_concurrency_slot(POOL, next_run, "step").is_claimed

    def test_the_number_of_a_dead_process_may_be_taken_again(self, instance):
        """As in a container, where every build is process 7."""
        run_id = run(instance, {PID_TAG: str(os.getpid())})
        assert end_dead_runs(instance) == 1
        assert status(instance, run_id) == dg.DagsterRunStatus.FAILURE

    def test_while_a_build_is_running_its_runs_are_left_alone(self, instance):
        run_id = run(instance, {PID_TAG: "999999999"})
        assert end_dead_runs(instance, building=True) == 0
        assert status(instance, run_id) == dg.DagsterRunStatus.STARTED

    def test_runs_that_ended_are_left_alone(self, instance):
        for ended in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED):
            run(instance, {PID_TAG: "999999999"}, ended)
        assert end_dead_runs(instance) == 0

    def test_a_run_of_the_ui_is_dead_when_its_code_server_is(self, instance, tmp_path: Path):
        address = str(tmp_path / "s")
        alive, dead = (run(instance, {SERVER_TAG: json.dumps({"socket": path})}) for path in (address, address + "x"))
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(address)
            server.listen()
            assert end_dead_runs(instance, building=True) == 1
        assert status(instance, alive) == dg.DagsterRunStatus.STARTED
        assert status(instance, dead) == dg.DagsterRunStatus.FAILURE
        assert end_dead_runs(instance) == 1, "the server has ended"

    def test_a_builds_run_started_again_from_the_ui_is_the_uis(self, instance, tmp_path: Path):
        """It inherits the tags of the build's run."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            tag = json.dumps({"host": "127.0.0.1", "port": server.getsockname()[1]})
            run_id = run(instance, {PID_TAG: "999999999", SERVER_TAG: tag})
            assert end_dead_runs(instance) == 0
        assert end_dead_runs(instance, building=True) == 1
        assert status(instance, run_id) == dg.DagsterRunStatus.FAILURE

    def test_a_code_server_on_a_port(self, instance):
        with socket.create_server(("127.0.0.1", 0)) as server:
            tag = json.dumps({"host": "127.0.0.1", "port": server.getsockname()[1]})
            run(instance, {SERVER_TAG: tag})
            assert end_dead_runs(instance) == 0
        assert end_dead_runs(instance) == 1

    def test_a_run_nobody_knows_the_process_of_is_left_alone(self, instance):
        run(instance, {})
        run(instance, {SERVER_TAG: "{}"})
        assert end_dead_runs(instance) == 0


class TestRunDays:
    """With a job of its own: the project's are run by the whole build."""

    settings = Settings.model_construct()

    def outcome(self, instance, *assets, selection=None, day="2025-09-02"):
        import datetime as dt

        steps: list[tuple[str, str]] = []
        definitions = dg.Definitions(assets=list(assets), jobs=[dg.define_asset_job("learning")])
        when = dt.date.fromisoformat(day)
        listen = lambda step, word: steps.append((step, word))  # noqa: E731
        return run_days(definitions, instance, self.settings, "learning", when, listen, selection), steps

    @staticmethod
    def asset(name: str, raises: Exception | None = None, passed: bool = True, deps=()):
        spec = dg.AssetCheckSpec("is_fine", asset=name, blocking=True)
        days = dg.DailyPartitionsDefinition("2025-09-01", end_date="2025-09-30")

        @dg.asset(name=name, partitions_def=days, check_specs=[spec], deps=list(deps))
        def made():
            if raises:
                raise raises
            yield dg.MaterializeResult()
            yield dg.AssetCheckResult(check_name="is_fine", passed=passed, metadata={"n": 3})

        return made

    def test_steps_and_checks_are_told(self, instance):
        outcome, steps = self.outcome(instance, self.asset("one"))
        assert outcome.success
        assert steps == [("one", "started"), ("one", "succeeded")]
        assert outcome.checks == {"one:is_fine": (True, True, "n=3")}
        record = instance.get_run_by_id(outcome.run_id)
        assert record.tags[PID_TAG] == str(os.getpid())
        assert record.tags["dagster/partition"] == "2025-09-02"

    def test_a_run_of_a_build_belongs_to_the_jobs_of_the_ui(self, instance):
        """The UI asks for a job's runs by the label that Dagster gives to those it starts itself."""
        (loaded,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
        label = f"{dg.Definitions().get_repository_def().name}@{loaded['python_module']['location_name']}"
        outcome, _ = self.outcome(instance, self.asset("one"))
        found = instance.get_runs(filters=dg.RunsFilter(job_name="learning", tags={REPOSITORY_LABEL_TAG: label}))
        assert [run.run_id for run in found] == [outcome.run_id]
        assert get_tag_type(PID_TAG) == get_tag_type(REPOSITORY_LABEL_TAG) == TagType.HIDDEN

    def test_a_failing_blocking_check_stops_what_follows(self, instance):
        outcome, steps = self.outcome(instance, self.asset("one", passed=False), self.asset("two", deps=["one"]))
        assert not outcome.success
        assert outcome.checks == {"one:is_fine": (False, True, "n=3")}
        assert ("two", "started") not in steps

    def test_only_the_selected_assets_run(self, instance):
        _, steps = self.outcome(instance, self.asset("one"), self.asset("two", deps=["one"]), selection=["one"])
        assert {step for step, _ in steps} == {"one"}

    def test_a_users_error_is_found_at_the_bottom_without_its_class(self, instance):
        error = UserError("no column 'at'", "events.csv", "Mend it.")
        outcome, steps = self.outcome(instance, self.asset("one", raises=error))
        assert outcome.failures == [("one", "events.csv: no column 'at'. Mend it.")]
        assert steps[-1] == ("one", "failed")

    def test_a_users_error_counts_more_than_what_caused_it(self, instance):
        error = UserError("cannot be opened", "catalog.sqlite", "Move it.")
        error.__cause__ = OSError("low-level words")
        outcome, _ = self.outcome(instance, self.asset("one", raises=error))
        assert outcome.failures == [("one", "catalog.sqlite: cannot be opened. Move it.")]

    def test_another_error_keeps_its_class(self, instance):
        outcome, _ = self.outcome(instance, self.asset("one", raises=KeyError("x")))
        assert outcome.failures == [("one", "KeyError: 'x'")]


def test_a_range_is_two_tags():
    assert range_tags("2025-09-01", "2025-09-03") == {
        "dagster/asset_partition_range_start": "2025-09-01",
        "dagster/asset_partition_range_end": "2025-09-03",
    }


class TestDagsterHome:
    def test_dagster_reads_our_settings(self, instance, tmp_path: Path):
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_settings["poll_interval_seconds"] == 30
        assert instance.run_retries_enabled
        assert instance.get_concurrency_config().pool_config.default_pool_limit == 2
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 2
        assert not instance.get_settings("telemetry")["enabled"]
        assert not instance.nux_enabled
        assert os.environ["DAGSTER_HOME"] == str(tmp_path / "dagster")

    def test_a_dagster_yaml_of_the_users_own_is_kept(self, tmp_path: Path):
        home = tmp_path / "own"
        home.mkdir()
        (home / "dagster.yaml").write_text("telemetry: {enabled: false}\nrun_monitoring: {enabled: false}\n")
        instance = instance_of(home)
        assert not instance.run_monitoring_enabled
        instance.dispose()
