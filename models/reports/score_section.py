"""The page's section on scores: is what stands higher, or scores higher, taken more often?"""

from __future__ import annotations

import polars as pl

from models.evaluation.score_metrics import GroupedAuc
from models.reports.charts import to_svg
from models.reports.point_charts import Point, share_figure
from models.reports.rendering import Picture
from models.reports.section import Section
from models.reports.tables import percent

PROMISE = (
    "The ranker's scores order one user's items and are no probabilities, so there is no calibration error to give. "
    "What they promise is that what scores higher is taken more often: by place within a list, and by score over all "
    "lists. Dashed: all listed items; whiskers: 95\u202f% intervals by user."
)


def score_section(rates: pl.DataFrame | None, order: GroupedAuc | None) -> Section | None:
    """How often listed items were taken, by place and by score, each beside the share over all of them.

    Args:
        rates: What `take_rates` returned.
        order: What `order_within_lists` returned.

    Returns:
        `None` without listed items.
    """
    if rates is None or rates.is_empty():
        return None
    pictures = [_picture(rows) for by in ("rank", "score") if (rows := rates.filter(pl.col("by") == by)).height > 1]
    listed = rates.filter(pl.col("by") == "rank")
    n_shown, n_taken = int(listed["n_shown"].sum()), int(listed["n_taken"].sum())
    words = [PROMISE, f"Of {n_shown:,} listed items {n_taken:,} were taken ({percent(n_taken / n_shown)})."]
    if order is not None and order.n_users:
        words.append(
            f"Within a list, a taken item scored above one that was not in {percent(order.value)} of the pairs "
            f"({order.n_users:,} users; {percent(0.5)} is chance)."
        )
    return Section("Scores against what was taken", words, pictures=pictures)


def _picture(rows: pl.DataFrame) -> Picture:
    by = rows["by"][0]
    title = "Taken, by place in the list" if by == "rank" else "Taken, by score"
    axis = "place" if by == "rank" else f"listed items in {rows.height} groups, lowest scores first"
    points = [Point(*row) for row in rows.sort("bin").select("bin", "rate", "ci_low", "ci_high").iter_rows()]
    overall = int(rows["n_taken"].sum()) / int(rows["n_shown"].sum())
    return Picture(to_svg(share_figure(points, title, axis, overall), f"taken-by-{by}"), title)
