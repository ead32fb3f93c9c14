"""Checks of `recommendations`: what a list may never hold, and who may never be without one."""

import datetime as dt
from typing import Any

import dagster as dg
import polars as pl

from assets.fingerprints import forget_fingerprint
from assets.graph import Graph, checked_day, preview
from assets.quality.suite_metadata import data_docs_file, suite_metadata
from models.quality.run import run_suite
from models.quality.suites import recommendations_suite
from resources.warehouse import Warehouse

ENRICHED_SQL = """
SELECT r.as_of_day, r.user_id, r.rank, r.item_id, r.score, r.source,
    s.item_id IS NOT NULL AS is_seen,
    i.item_id IS NOT NULL AND (i.withdrawn_at IS NULL OR i.withdrawn_at >= $day + INTERVAL 1 DAY) AS is_available
FROM recommendations AS r
LEFT JOIN (SELECT DISTINCT user_id, item_id FROM core_interactions WHERE event_day <= $day) AS s
    USING (user_id, item_id)
LEFT JOIN (SELECT * FROM core_items WHERE first_seen_on <= $day) AS i USING (item_id)
WHERE r.as_of_day = $day
"""

UNSERVED_SQL = """
SELECT DISTINCT c.user_id FROM core_interactions AS c JOIN core_items AS i USING (item_id)
WHERE c.event_day <= $day AND c.event_day > $day - to_days($active) AND i.first_seen_on <= $day
    AND c.user_id NOT IN (SELECT user_id FROM recommendations WHERE as_of_day = $day)
ORDER BY ALL
"""


def build(graph: Graph) -> list[dg.AssetChecksDefinition]:
    """Every check of the group `ranking` that is not part of an asset's own op."""
    return [_suite(graph), _everyone_served(graph)]


def enriched(warehouse: Warehouse, day: dt.date) -> pl.DataFrame:
    """The lists of a day with `is_seen` and `is_available`, worked out afresh from the tables."""
    with warehouse.connect(read_only=True) as connection:
        return connection.execute(ENRICHED_SQL, {"day": day}).pl()


def _suite(graph: Graph) -> dg.AssetChecksDefinition:
    k = graph.settings.recommendations.k

    @dg.asset_check(
        asset="recommendations",
        name="recommendations_keep_their_suite",
        blocking=True,
        description="Great Expectations: no seen, withdrawn or unknown item, ranks 1 to k, finite scores.",
    )
    def recommendations_keep_their_suite(context: dg.AssetCheckExecutionContext, warehouse: Warehouse):
        day = checked_day(context, graph)
        result = run_suite(enriched(warehouse, day), recommendations_suite(k))
        page = data_docs_file(graph, result.name, str(day))
        if not result.success:
            forget_fingerprint(warehouse, "recommendations", day)
        return dg.AssetCheckResult(passed=result.success, metadata=suite_metadata(result, page))

    return recommendations_keep_their_suite


def _everyone_served(graph: Graph) -> dg.AssetChecksDefinition:
    active = graph.settings.recommendations.active_days

    @dg.asset_check(
        asset="recommendations",
        name="every_active_user_has_a_list",
        blocking=True,
        description=f"Every user with an interaction in the last {active} days has a list.",
    )
    def every_active_user_has_a_list(context: dg.AssetCheckExecutionContext, warehouse: Warehouse):
        day = checked_day(context, graph)
        with warehouse.connect(read_only=True) as connection:
            rows = connection.execute(UNSERVED_SQL, {"day": day, "active": active}).pl()
        if rows.height:
            forget_fingerprint(warehouse, "recommendations", day)
        metadata: dict[str, Any] = {"n_without": rows.height, "examples": dg.MetadataValue.md(preview(rows, 10))}
        return dg.AssetCheckResult(passed=rows.is_empty(), metadata=metadata)

    return every_active_user_has_a_list
