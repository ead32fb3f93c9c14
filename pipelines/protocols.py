"""`sluice protocols`: the retrievers under other protocols than the pipeline's own, for comparing with papers."""

import datetime as dt

from pipelines.build import judge_by_protocols
from pipelines.console import console, say
from pipelines.query import as_table
from pipelines.storage import warehouse_of
from resources.settings import Project

SHOWN = """SELECT protocol, origin, ranking, model, slice, k, round(value, 4) AS ndcg, round(ci_low, 4) AS ci_low,
        round(ci_high, 4) AS ci_high, n_users
    FROM protocol_metrics WHERE partition_day = ? AND metric = 'ndcg' AND k = ?
    ORDER BY protocol, origin, slice, value DESC"""


def protocols(project: Project, as_of: dt.date | None = None) -> None:
    """Make `protocol_metrics` as of a day and print its NDCG.

    Raises:
        UserError: As `judge_by_protocols`.
    """
    day = judge_by_protocols(project, as_of)
    rows = warehouse_of(project).read(SHOWN, [day, project.settings.evaluation.ks[0]])
    console.print(as_table(rows))
    leaking = warehouse_of(project).read(
        "SELECT DISTINCT protocol, later_training_share FROM protocol_metrics WHERE partition_day = ? AND leaks_future",
        [day],
    )
    for name, share in leaking.iter_rows():
        say(f"{name}: on average {share:.0%} of what was learned from is later than the moment a list is asked for")
