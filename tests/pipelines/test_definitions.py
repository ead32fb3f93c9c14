import datetime as dt
from pathlib import Path

import dagster as dg
import pytest

from models.retrieval.registry import RETRIEVERS, new_retriever, retriever_class
from pipelines import dbt_manifest
from pipelines.dagster_home import instance_of
from pipelines.definitions import build_definitions
from pipelines.jobs import LEARNING_JOB, MAINTENANCE_JOB, TABLES_JOB
from pipelines.partitions import daily, event_axis, key_of
from pipelines.schedules import NIGHTLY_TAG
from resources.settings import Project, load_project

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def definitions(tiny) -> dg.Definitions:
    return build_definitions(tiny.project)


class TestJobs:
    def test_together_they_run_every_asset_once(self, definitions: dg.Definitions):
        names = (TABLES_JOB, LEARNING_JOB, MAINTENANCE_JOB)
        tables, learning, upkeep = (
            definitions.resolve_job_def(name).asset_layer.executable_asset_keys for name in names
        )
        assert not tables & learning
        assert upkeep == {dg.AssetKey("maintenance")}
        assert not upkeep & (tables | learning)
        assert tables | learning | upkeep == definitions.resolve_asset_graph().executable_asset_keys
        assert {key.to_user_string() for key in tables} >= {"raw_events", "core_interactions", "event_funnel"}
        assert {key.to_user_string() for key in learning} >= {"item_profiles", "recommendations", "release"}

    def test_every_asset_has_a_description_an_owner_a_group_and_kinds(self, definitions: dg.Definitions):
        graph = definitions.resolve_asset_graph()
        for key in graph.executable_asset_keys:
            node = graph.get(key)
            name = key.to_user_string()
            assert node.description, name
            assert node.owners, name
            assert node.group_name != "default", name
            assert any(tag.startswith("dagster/kind/") for tag in node.tags), name

    def test_writers_share_the_pool(self, definitions: dg.Definitions):
        graph = definitions.resolve_asset_graph()
        assert {pool for key in graph.executable_asset_keys for pool in graph.get(key).pools} == {"warehouse"}


def test_every_retriever_becomes_an_asset_with_its_check_and_where_it_has_vectors_an_index(tiny):
    settings = tiny.project.settings.model_copy(update={"retrievers": {name: {} for name in RETRIEVERS}})
    project = Project(tiny.project.path, settings)
    graph = build_definitions(project).resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.executable_asset_keys}
    checks = {key.name for key in graph.asset_check_keys}
    for name in RETRIEVERS:
        about = retriever_class(name)
        assert name in keys
        assert (f"{name}_index" in keys) == about.has_vectors, name
        assert (f"{name}_is_not_worse_than_recent_popularity" in checks) == (not about.is_baseline), name
        reads = {key.to_user_string() for key in graph.get(dg.AssetKey(name)).parent_keys}
        assert ("item_text_embeddings" in reads) == new_retriever(name, {}).reads_item_features, name


class TestSchedule:
    @pytest.fixture
    def tick(self, definitions: dg.Definitions):
        repository = definitions.get_repository_def()
        schedule = repository.get_schedule_def("nightly")

        def evaluate(at: str):
            context = dg.build_schedule_context(
                scheduled_execution_time=dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC),
                repository_def=repository,
                instance=dg.DagsterInstance.ephemeral(),
            )
            return schedule.evaluate_tick(context)

        return evaluate

    def test_it_runs_the_tables_of_yesterday(self, tick):
        (request,) = tick("2025-09-15T03:00:00").run_requests
        assert request.partition_key == "2025-09-14"
        assert request.run_key == "nightly-2025-09-14"
        assert request.tags[NIGHTLY_TAG] == "2025-09-14"

    @pytest.mark.parametrize("at", ["2025-09-01T03:00:00", "2025-10-02T03:00:00"])
    def test_outside_the_partitions_it_skips(self, tick, at: str):
        found = tick(at)
        assert not found.run_requests
        assert "lies outside the partitions 2025-09-01 to 2025-09-30" in found.skip_message

    def test_the_last_day_is_inside(self, tick):
        assert tick("2025-10-01T03:00:00").run_requests[0].partition_key == "2025-09-30"

    def test_its_line_is_the_configs_in_utc(self, definitions: dg.Definitions):
        schedule = definitions.resolve_schedule_def("nightly")
        assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 3 * * *", "UTC")

    def test_with_monthly_partitions_it_runs_the_month(self, unbuilt: Path, configure):
        months = {"start": "2025-09-01", "end": "2025-09-30", "event_partitions": "monthly"}
        monthly = build_definitions(load_project(configure(unbuilt.parent, partitions=months, output="../build")))
        repository = monthly.get_repository_def()
        context = dg.build_schedule_context(
            scheduled_execution_time=dt.datetime(2025, 9, 15, 3, tzinfo=dt.UTC),
            repository_def=repository,
            instance=dg.DagsterInstance.ephemeral(),
        )
        (request,) = repository.get_schedule_def("nightly").evaluate_tick(context).run_requests
        assert request.partition_key == "2025-09-01"
        assert request.tags[NIGHTLY_TAG] == "2025-09-14"
        # The learning job, which follows that tag, stays with days.
        assert monthly.resolve_job_def(LEARNING_JOB).partitions_def.has_partition_key("2025-09-14")


class TestMaintenanceSchedule:
    def test_it_runs_upkeep_weekly_and_is_switched_on_by_hand(self, definitions: dg.Definitions):
        schedule = definitions.resolve_schedule_def("weekly_maintenance")
        assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 5 * * 0", "UTC")
        assert schedule.job_name == MAINTENANCE_JOB
        assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED

    def test_its_line_is_the_configs(self, unbuilt: Path, configure):
        config = configure(unbuilt.parent, maintenance={"cron": "0 1 1 * *"}, output="../build")
        found = build_definitions(load_project(config)).resolve_schedule_def("weekly_maintenance")
        assert found.cron_schedule == "0 1 1 * *"


class TestSensor:
    @pytest.fixture
    def after(self, definitions: dg.Definitions):
        sensor = definitions.resolve_sensor_def("learn_after_nightly_tables")
        instance = dg.DagsterInstance.ephemeral()

        def evaluate(tags: dict[str, str]):
            run = instance.create_run_for_job(definitions.resolve_job_def(TABLES_JOB), tags=tags)
            event = dg.DagsterEvent("PIPELINE_SUCCESS", TABLES_JOB)
            context = dg.build_run_status_sensor_context(
                sensor_name=sensor.name, dagster_event=event, dagster_instance=instance, dagster_run=run
            )
            return sensor(context), run

        return evaluate

    def test_a_nightly_run_is_followed_by_learning_for_the_same_day(self, after):
        request, run = after({NIGHTLY_TAG: "2025-09-14"})
        assert request.partition_key == "2025-09-14"
        assert request.run_key == f"learning-2025-09-14-{run.run_id}"

    def test_a_day_that_is_materialised_again_is_learned_from_again(self, after):
        keys = {after({NIGHTLY_TAG: "2025-09-14"})[0].run_key for _ in range(2)}
        assert len(keys) == 2

    def test_other_runs_are_not_followed(self, after):
        found, _ = after({"dagster/partition": "2025-09-14"})
        assert isinstance(found, dg.SkipReason)

    def test_it_watches_successes_of_the_tables_and_starts_learning(self, definitions: dg.Definitions):
        sensor = definitions.resolve_sensor_def("learn_after_nightly_tables")
        assert sensor.job_name == LEARNING_JOB
        assert sensor.default_status == dg.DefaultSensorStatus.RUNNING


class TestHistorySensor:
    @pytest.fixture
    def tick(self, copy):
        definitions = build_definitions(copy.project)
        sensor = definitions.resolve_sensor_def("record_quality_history")
        instance = instance_of(copy.project.dagster_home)

        def evaluate(cursor: str | None = None) -> tuple[str, str | None]:
            context = dg.build_sensor_context(
                instance=instance, cursor=cursor, repository_def=definitions.get_repository_def()
            )
            found = sensor(context)
            return found.skip_message, context.cursor

        return evaluate

    def test_runs_of_the_ui_are_recorded_once(self, copy, tick):
        before = copy.warehouse.digest("quality_history")
        copy.warehouse.write(lambda connection: connection.execute("DELETE FROM quality_history"))
        said, cursor = tick()
        assert said == "recorded 3 run(s)"
        assert copy.warehouse.digest("quality_history") == before
        assert tick(cursor)[0] == "no run has ended since"
        assert tick()[0] == "recorded 0 run(s)"

    def test_it_looks_once_a_minute_without_being_switched_on(self, definitions: dg.Definitions):
        sensor = definitions.resolve_sensor_def("record_quality_history")
        assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
        assert sensor.minimum_interval_seconds == 60


class TestPartitions:
    def test_days_are_those_of_the_config(self, tiny):
        keys = daily(tiny.project.settings).get_partition_keys()
        assert (keys[0], keys[-1], len(keys)) == ("2025-09-01", "2025-09-30", 30)

    def test_an_open_shop_has_days_until_yesterday(self, unbuilt: Path, configure):
        today = dt.datetime.now(dt.UTC).date()
        start = today - dt.timedelta(days=3)
        settings = load_project(configure(unbuilt.parent, partitions={"start": start})).settings
        assert daily(settings).get_partition_keys()[-1] == str(today - dt.timedelta(days=1))

    def test_months_reach_to_the_end(self):
        settings = load_project(CONFIGS / "movielens.yaml").settings
        keys = event_axis(settings).get_partition_keys()
        assert (keys[0], keys[-1]) == ("1996-03-01", "2018-09-01")
        assert daily(settings).get_partition_keys()[-1] == "2018-09-24"

    def test_the_month_that_has_begun_is_there_and_the_next_is_not(self, unbuilt: Path, configure):
        today = dt.datetime.now(dt.UTC).date()
        this_month = today.replace(day=1)
        months = {"start": this_month.replace(year=today.year - 1), "end": today + dt.timedelta(days=90)}
        months |= {"event_partitions": "monthly"}
        settings = load_project(configure(unbuilt.parent, partitions=months)).settings
        assert event_axis(settings).get_partition_keys()[-1] == str(this_month)
        assert len(event_axis(settings).get_partition_keys()) == 13

    @pytest.mark.parametrize(
        ("end", "last"), [("2025-12-31", "2025-12-01"), ("2026-01-01", "2026-01-01"), ("2025-11-30", "2025-11-01")]
    )
    def test_the_month_of_the_end_is_there(self, unbuilt: Path, configure, end: str, last: str):
        months = {"start": "2025-09-01", "end": end, "event_partitions": "monthly"}
        settings = load_project(configure(unbuilt.parent, partitions=months)).settings
        window = event_axis(settings).time_window_for_partition_key(last)
        assert window.start.date() <= dt.date.fromisoformat(end) < window.end.date()

    def test_a_day_finds_its_partition(self, tiny):
        months = event_axis(load_project(CONFIGS / "movielens.yaml").settings)
        assert key_of(daily(tiny.project.settings), dt.date(2025, 9, 30)) == "2025-09-30"
        for day in (dt.date(1996, 4, 1), dt.date(1996, 4, 30)):
            assert key_of(months, day) == "1996-04-01"


class TestManifest:
    def test_it_is_parsed_once(self, tiny, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(dbt_manifest.subprocess, "run", lambda *a, **k: pytest.fail("parses again"))
        assert dbt_manifest.ensure_manifest(tiny.project).is_file()

    def test_changed_sql_is_parsed_again_and_dbts_words_are_told(self, copy, monkeypatch: pytest.MonkeyPatch):
        import subprocess

        from models.errors import UserError

        answer = subprocess.CompletedProcess([], 2, "Compilation Error\n  in model x", "")
        monkeypatch.setattr(dbt_manifest, "code_digest", lambda *folders: "other")
        monkeypatch.setattr(dbt_manifest.subprocess, "run", lambda *a, **k: answer)
        with pytest.raises(UserError, match="dbt could not parse the project: Compilation Error"):
            dbt_manifest.ensure_manifest(copy.project)
