import datetime as dt

import dagster as dg

from assets.quality.evaluation_rows import rows_of
from assets.quality.trailing_weeks_checks import check_result
from models.quality.history_rules import HistoryRules
from models.quality.trailing_weeks import Finding

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
