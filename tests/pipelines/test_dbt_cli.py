import importlib.metadata

import dagster_dbt.core.resource as dagster_dbt_resource
import pytest

from pipelines.definitions import dbt_resource


def test_dbt_starts_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """Neither a second dbt process for its version nor an adapter in this one; both names must still be dagster-dbt's."""
    assert "_cli_version" in vars(dagster_dbt_resource.DbtCliResource)
    assert "_initialize_dbt_core_adapter" in vars(dagster_dbt_resource.DbtCliResource)
    monkeypatch.setattr(dagster_dbt_resource, "check_output", lambda *a, **k: pytest.fail("asks dbt for its version"))
    monkeypatch.setenv("SLUICE_CATALOG", ":parse:")
    monkeypatch.setenv("SLUICE_DATA_PATH", ":parse:")
    invocation = dbt_resource().cli(["--version"], target_path=tmp_path)
    assert invocation.wait().is_successful()
    assert invocation.adapter is None
    assert str(invocation.cli_version) == importlib.metadata.version("dbt-core")


def test_runs_start_from_what_was_parsed(built):
    """Neither the days nor the path of the lake may make dbt parse its project again (2 s)."""
    (log,) = built.project.output.glob("dbt/dbt_models-*/dbt.log")
    assert "Partial parsing enabled, no changes found, skipping parsing" in log.read_text()
