"""Dagster's own folder of a project: `dagster.yaml`, run storage, schedules."""

import os
from pathlib import Path

import dagster as dg

DAGSTER_YAML = """\
# Written by sluice; delete the file to get the shipped one back, edit it to keep your own.
telemetry: {enabled: false}
nux: {enabled: false}

# Runs train models, so few go side by side. Writers of the lake are few as well; a pool slot held by a dead run is
# freed by run monitoring.
concurrency:
  runs:
    max_concurrent_runs: 2
  pools:
    default_limit: 2
    granularity: op

run_monitoring:
  enabled: true
  start_timeout_seconds: 300
  poll_interval_seconds: 30
  free_slots_after_run_end_seconds: 30

run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false
"""


def prepare(home: Path) -> Path:
    """Create the folder with its `dagster.yaml` where they are missing, and point `DAGSTER_HOME` at it."""
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    if not config.exists():
        config.write_text(DAGSTER_YAML)
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    return home


def instance_of(home: Path) -> dg.DagsterInstance:
    """The project's Dagster instance."""
    return dg.DagsterInstance.from_config(str(prepare(home)))
