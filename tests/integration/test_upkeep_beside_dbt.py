"""Maintenance merges files; dbt, which writes with a connection of its own, would not try again where the two collide."""

import datetime as dt

import pytest

from models.errors import UserError
from pipelines.dbt_cli import DbtCli


def test_dbt_keeps_upkeep_away(copied, monkeypatch: pytest.MonkeyPatch):
    found = []

    def cli(self, *arguments, **options):
        try:
            with copied.warehouse.alone(patience_seconds=0):
                found.append("alone")
        except UserError as error:
            found.append(error.found)
        raise RuntimeError("seen enough")

    monkeypatch.setattr(DbtCli, "cli", cli)
    with pytest.raises(UserError, match="seen enough"):
        copied.backfill_days(dt.date(2025, 9, 20), dt.date(2025, 9, 20))
    assert found == ["something has been writing to the lake for 0 s"]
    with copied.warehouse.alone(patience_seconds=0):
        pass
