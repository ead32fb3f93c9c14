"""dbt's command line for Dagster, without two things that dagster-dbt does before every run and Sluice never uses."""

import importlib.metadata
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from dagster_dbt import DbtCliResource
from packaging.version import Version


class DbtCli(DbtCliResource):
    """`DbtCliResource` that starts dbt at once: six seconds less for every run, a third of a day's tables.

    Two of its private methods are replaced. Where a later dagster-dbt names them otherwise, it is merely slower again,
    and a test says so.
    """

    @cached_property
    def _cli_version(self) -> Version:
        """The version of the installed package, without a `dbt --version` of its own (3 s)."""
        return Version(importlib.metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        """None: a second adapter in this process serves `fetch_row_counts` and the like, which we do without (3 s)."""
        return None
