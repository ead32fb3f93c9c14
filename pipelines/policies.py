"""`sluice policies`: what other policies would have earned from all impressions there are, or why nobody can say."""

from assets.evaluation.policy_values import values_between
from models.errors import UserError
from pipelines.console import console, say
from pipelines.query import as_table
from pipelines.storage import warehouse_of
from resources.settings import Project

SHOWN = ("policy", "estimator", "value", "ci_low", "ci_high", "ess", "effective_clicks", "refused_because")
DAYS_SQL = "SELECT min(event_day) AS first, max(event_day) AS last, count(*) AS n FROM core_impressions"


def policies(project: Project) -> None:
    """Print every estimator's value of every policy, in clicks per impression, on the impressions of all days.

    Raises:
        UserError: No tables were built, or no impression is in them.
    """
    warehouse = warehouse_of(project)
    if not warehouse.has_table("core_impressions"):
        raise UserError("there is no table core_impressions yet", str(project.path), "Run `sluice build` first.")
    first, last, n = warehouse.read(DAYS_SQL).row(0)
    if not n:
        raise UserError(
            "core_impressions has no rows",
            str(project.path),
            "Name the types that show an item in `cleaning.impression_event_types`; such events need a user.",
        )
    say(f"{n:,} impressions of {first} to {last}; clicks per impression, 95 % intervals")
    values = values_between(warehouse, project.settings.evaluation.off_policy, first, last)
    console.print(as_table(values.select(SHOWN)))
