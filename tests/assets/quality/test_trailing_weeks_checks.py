import datetime as dt
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets.events.columns import RAW_EVENTS
from assets.graph import Graph
from assets.quality.evaluation_rows import rows_of
from assets.quality.trailing_weeks_checks import build, check_result
from models.quality.history_rules import HistoryRules
from models.quality.trailing_weeks import Finding
from resources.settings import Project, Settings
from resources.warehouse import Warehouse, insert

RULES = HistoryRules()


def finding(day: int, verdict: str = "ok", size: float = 0.05, measure: str = "psi", column: str = "price") -> Finding:
    at = dt.date(2025, 9, day)
    return Finding(at, measure, column, size, f"PSI {size}", "by chance up to 0.01", 0.1, verdict)


def value(result: dg.AssetCheckResult, name: str):
    found = result.metadata[name]
    return getattr(found, "value", found)


def test_days_like_the_others_pass():
    result = check_result([finding(1), finding(2)], RULES)
    assert result.passed
    assert (value(result, "days_judged"), value(result, "days_beyond_a_limit")) == (2, 0)


def test_a_difference_is_a_warning_and_an_error_is_one():
    for verdict, severity in (("warn", dg.AssetCheckSeverity.WARN), ("fail", dg.AssetCheckSeverity.ERROR)):
        result = check_result([finding(1), finding(2, verdict, 0.3)], RULES)
        assert (result.passed, result.severity) == (False, severity)
        assert "| 2025-09-02 | psi | price | PSI 0.3 |" in value(result, "differences")


def test_too_little_history_passes_and_says_so():
    result = check_result([], RULES)
    assert result.passed
    assert "no day has 3 of the 4 same weekdays before it with events, and 200 events" in value(result, "note")


def test_each_measure_of_each_column_is_a_row_of_the_history_with_its_farthest_day():
    findings = [finding(1), finding(2, "warn", 0.3), finding(3), finding(1, measure="volume", column="")]
    result = check_result(findings, RULES)
    evaluation = dg.AssetCheckEvaluation(
        dg.AssetKey("raw_events"), "c", result.passed, metadata=dict(result.metadata), severity=result.severity
    )
    whole, psi, volume = rows_of(evaluation)
    assert (psi["expectation"], psi["column_name"], psi["passed"]) == ("psi", "price", False)
    assert psi["limits"] == '{"fail": 0.25, "limit": 0.1}'
    assert '"days_beyond": 1, "days_judged": 3, "largest": 0.3' in psi["measured"]
    assert "on 2025-09-02" in psi["measured"]
    assert (volume["expectation"], volume["passed"], volume["limits"]) == ("volume", True, '{"limit": 0.1}')
    assert whole["kind"] == "python"


DAYS = dg.DailyPartitionsDefinition("2025-09-01", end_date="2025-11-01")
LAST = dt.date(2025, 10, 6)


@dg.asset(name="raw_events", partitions_def=DAYS)
def raw_events_stub() -> None:
    """The table is written by the test."""


class TestTheCheck:
    @pytest.fixture
    def warehouse(self, tmp_path: Path) -> Warehouse:
        """Six weeks of 300 clicks a day; on the last day, all are carts."""
        made = Warehouse(catalog_path=str(tmp_path / "catalog.sqlite"), data_path=str(tmp_path / "data"))
        made.ensure_table("raw_events", RAW_EVENTS, "Events")
        days = [LAST - dt.timedelta(days=back) for back in range(36)]
        frame = pl.DataFrame({"source_day": days, "event_type": ["cart", *["click"] * 35]}).join(
            pl.DataFrame({"price": [float(n % 7 + 1) for n in range(300)]}), how="cross"
        )
        made.write(lambda connection: insert(connection, "raw_events", frame))
        return made

    def run(self, folder: Path, warehouse: Warehouse, days: list[dt.date], **checks):
        settings = Settings.model_validate(
            {
                "name": "shop",
                "output": "out",
                "events": {
                    "path": "logs",
                    "format": "csv",
                    "columns": {"item_id": "item", "event_at": "at"},
                    "constants": {"event_type": "click"},
                },
                "event_types": {"click": {"weight": 1}},
                "partitions": {"start": "2025-09-01", "end": "2025-10-31"},
                "checks": checks,
                "retrievers": {"recent_popularity": {}},
            }
        )
        check, _ = build(Graph(Project(folder / "sluice.yaml", settings), DAYS, DAYS))
        evaluation = None
        for day in days:
            result = dg.materialize(
                [raw_events_stub, check],
                resources={"warehouse": warehouse},
                partition_key=str(day),
                raise_on_error=False,
                instance=dg.DagsterInstance.ephemeral(),
            )
            (evaluation,) = result.get_asset_check_evaluations()
        return evaluation

    def all_days(self) -> list[dt.date]:
        return [LAST - dt.timedelta(days=7 * back) for back in range(4, -1, -1)]

    def test_days_that_were_counted_before_are_what_a_day_is_held_against(self, tmp_path, warehouse):
        found = self.run(tmp_path, warehouse, self.all_days())
        assert (found.passed, found.severity, found.blocking) == (False, dg.AssetCheckSeverity.WARN, True)
        assert value(found, "days_judged") == 1
        assert "| 2025-10-06 | type_share | event_type | click 0.0% | 100.0% | warn |" in value(found, "differences")

    def test_a_day_whose_weeks_were_never_counted_has_too_little_history(self, tmp_path, warehouse):
        found = self.run(tmp_path, warehouse, [LAST])
        assert found.passed
        assert "Too little history" in value(found, "note")

    def test_the_rules_are_those_of_the_config(self, tmp_path, warehouse):
        history = {"blocks": ["type_share"], "fail_after_days": 1}
        found = self.run(tmp_path, warehouse, self.all_days(), history=history)
        assert found.severity == dg.AssetCheckSeverity.ERROR

    def test_it_can_be_turned_off(self, tmp_path, warehouse):
        found = self.run(tmp_path, warehouse, [LAST], history=None)
        assert found.passed
        assert value(found, "note") == "Turned off: checks.history is null."
        assert not warehouse.has_table("event_profile_daily")
