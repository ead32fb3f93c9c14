"""`slice_findings`: where are the final lists worse than elsewhere, or than recent popularity's?

Grain: as-of day, slice, against. Partition D judges, at the end of D, the newest lists whose test days are complete.
Stale when metrics are, or `evaluation.slices`. Read by the report and by people. A column of `evaluation.slices`
of a table of users or items is read as it is now, not as of the day: nothing is learned from it.
"""

import datetime as dt

import dagster as dg
import polars as pl

from assets.display import rounded
from assets.evaluation.judged_lists import DAYS, DIFFERENCE_COLUMNS, store
from assets.evaluation.scoring import complete_target, read_lists, read_window
from assets.graph import Columns, Graph, as_of, preview, table_metadata
from models.errors import UserError
from models.evaluation.more_slices import behaviour_slices, column_slices, item_slices
from models.evaluation.slices import ALL, user_slices
from models.evaluation.window import Window
from models.evaluation.worst_slices import FINDINGS_SCHEMA, judge_slices
from resources.duckdb_instances import literal
from resources.settings import Settings
from resources.warehouse import Warehouse, quoted

CHECK = "no_slice_is_worse_than_recent_popularity"
IDS = ("user_id", "item_id")
SOURCE = "core_events.context.source"
USUAL_SQL = """
WITH counts AS (
    SELECT user_id, {value} AS usual, count(*) AS n_events FROM {table} WHERE event_day <= ? GROUP BY ALL
)
SELECT user_id, usual AS value FROM counts WHERE user_id IS NOT NULL AND usual IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY n_events DESC, usual) = 1
"""

COLUMNS: Columns = {
    **DAYS,
    "model": ("VARCHAR", "Whose lists: recommendations"),
    "slice": ("VARCHAR", "Users or items, as name=group; see docs/metrics.md"),
    "against": ("VARCHAR", "elsewhere (users or items outside the slice), or recent_popularity's lists in the slice"),
    "metric": ("VARCHAR", "ndcg for slices of users, recall for slices of items"),
    "k": ("INTEGER", "List length"),
    **DIFFERENCE_COLUMNS,
    "p_adjusted": ("DOUBLE", "The same, adjusted (Holm) over all slices"),
    "is_worse": ("BOOLEAN", "Worse by more than chance allows, after the adjustment"),
    "n_users": ("INTEGER", "Users of the slice"),
}


def build(graph: Graph) -> dg.AssetsDefinition:
    """The asset with its check, which warns."""
    common = graph.as_of_asset("evaluation", {"polars", "duckdb"}, ["metrics"])
    words = "In no slice of users or items are the final lists significantly worse than recent popularity's."

    @dg.asset(
        description="Slices of users and items where the final lists are worse, beyond chance",
        check_specs=[dg.AssetCheckSpec(CHECK, asset="slice_findings", description=words)],
        **common,
    )
    def slice_findings(context: dg.AssetExecutionContext, warehouse: Warehouse):
        day = as_of(context)
        target = complete_target(graph, warehouse, day)
        rows = judge(graph, warehouse, target) if target else pl.DataFrame(schema=FINDINGS_SCHEMA)
        table = ("slice_findings", COLUMNS, "One slice compared, as of one day")
        frame, snapshot = store(warehouse, table, rows, day, target)
        worse = frame.filter("is_worse")
        shown: dict = {"n_worse": worse.height, "worst": dg.MetadataValue.md(preview(worse, 10))}
        yield dg.MaterializeResult(metadata={**table_metadata("slice_findings", COLUMNS, frame, snapshot), **shown})
        yield check(frame)

    return slice_findings


def check(frame: pl.DataFrame) -> dg.AssetCheckResult:
    """Warns where the final lists lose to recent popularity's in a slice."""
    worse = frame.filter(pl.col("is_worse") & (pl.col("against") == "recent_popularity"))
    metadata: dict = {"n_worse": worse.height, "worst": dg.MetadataValue.md(preview(worse, 10))}
    if worse.height:
        first = worse.row(0, named=True)
        ours, theirs = rounded(first["value"]), rounded(first["value_against"])
        metadata["worst_slice"] = f"{first['slice']}: {ours}, theirs {theirs}"
    return dg.AssetCheckResult(
        check_name=CHECK, passed=worse.is_empty(), severity=dg.AssetCheckSeverity.WARN, metadata=metadata
    )


def judge(graph: Graph, warehouse: Warehouse, target: dt.date) -> pl.DataFrame:
    """Every slice of the lists as of `target`."""
    settings = graph.settings
    window = read_window(warehouse, target, target + dt.timedelta(days=settings.split.test_days))
    relevant, k = window.truth.relevant, settings.evaluation.ks[0]
    if relevant.is_empty():
        return pl.DataFrame(schema=FINDINGS_SCHEMA)
    of_users, of_items = slices_of_window(warehouse, slice_columns(settings), window, relevant)
    return judge_slices(read_lists(warehouse, target, k), relevant, of_users, of_items, k)


def slices_of_window(
    warehouse: Warehouse, columns: dict[str, str], window: Window, relevant: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows `user_id, slice` and `item_id, slice`, by what was known before the window.

    Args:
        warehouse: The lake, for the configured columns.
        columns: See `slice_columns`.
        window: The days judged.
        relevant: Rows `user_id, item_id`: the truth, whose users are sliced.
    """
    target, users = window.as_of_day, relevant["user_id"].unique().sort()
    own = read_columns(warehouse, columns, target)
    by_user = [user_slices(users, window.before, target).filter(pl.col("slice") != ALL)]
    by_user += [behaviour_slices(users, window.before, window.items, target), column_slices(own["user_id"])]
    by_item = [item_slices(window.items, window.before, target), column_slices(own["item_id"])]
    of_users, of_items = (pl.concat([part for part in parts if part.width]) for parts in (by_user, by_item))
    return of_users, of_items


def slice_columns(settings: Settings) -> dict[str, str]:
    """`evaluation.slices`, and where users come from if the log's context says so."""
    given = {"user_source": SOURCE} if "source" in settings.events.context else {}
    return {**given, **settings.evaluation.slices}


def read_columns(
    warehouse: Warehouse, slices: dict[str, str], as_of_day: dt.date
) -> dict[str, dict[str, pl.DataFrame]]:
    """The configured columns by the id their table has: `user_id` or `item_id` -> name -> rows of id and value.

    Args:
        warehouse: The lake.
        slices: Name -> `table.column`, or `table.column.key` of a map.
        as_of_day: Of a table of events a user has the value that most of theirs have up to this day.

    Raises:
        UserError: There is no such table or column, or nothing to read it by; see `_unreadable`.
    """
    sql = "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'lake' AND table_name = ?"
    found: dict[str, dict[str, pl.DataFrame]] = {key: {} for key in IDS}
    for name, place in slices.items():
        table, column, *entry = place.split(".")
        types = dict(warehouse.read(sql, [table]).iter_rows())
        if problem := _unreadable(types, table, column, entry):
            mend = (
                "Name a column of a table with one row per user or per item, such as core_users.country, or of events."
            )
            raise UserError(problem, f"evaluation.slices.{name}", mend)
        value = f"{quoted(column)}[{literal(entry[0])}]" if entry else quoted(column)
        if "user_id" in types and "event_day" in types:
            key, rows = "user_id", warehouse.read(USUAL_SQL.format(value=value, table=quoted(table)), [as_of_day])
        else:
            key = next(key for key in IDS if key in types)
            rows = warehouse.read(f"SELECT {key}, {value} AS value FROM {quoted(table)}")
        found[key][name] = rows
    return found


def _unreadable(types: dict[str, str], table: str, column: str, entry: list[str]) -> str | None:
    """What is wrong with a column to slice by, by the types of its table's columns."""
    keys = [key for key in IDS if key in types]
    if column not in types:
        return f"{table} has no column {column}"
    if len(keys) != 1 and not (keys and "event_day" in types):
        return f"{table} has {len(keys)} of {IDS}"
    if entry and not types[column].startswith("MAP("):
        return f"{table}.{column} is no map, so it has no {entry[0]}"
    return None
