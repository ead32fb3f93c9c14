"""`policy_values`: what other policies would have earned from the impressions of the last days.

Grain: as-of day, policy and estimator. Partition D looks at the impressions with a propensity of the `window_days` up
to D and at their clicks up to D; of the lists, at those made before an impression's day. Stale when impressions or
recommendations change. Read by people; docs/off-policy.md says how.
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets.graph import Columns, Graph, as_of, preview, table_metadata
from models.evaluation.off_policy.earlier_lists import LISTS
from models.evaluation.off_policy.limits import Limits
from models.evaluation.off_policy.policy_values import UNIFORM, value_policies
from resources.settings_sections import OffPolicy
from resources.warehouse import Warehouse

CHECK = "weights_of_the_even_policy_average_one"
COLUMNS: Columns = {
    "as_of_day": ("DATE", "Partition: nothing later than the end of this day is read"),
    "first_day": ("DATE", "First day of the impressions; as_of_day is the last"),
    "user_share": ("DOUBLE", "Share of users looked at; below 1 where there are more than `max_impressions`"),
    "policy": (
        "VARCHAR",
        "logged (what happened), uniform (any item shown, by chance), recommendations (the lists)",
    ),
    "estimator": (
        "VARCHAR",
        "mean, ips, snips, clipped_ips, dr, switch_dr, slate_ips or position_based; see docs/off-policy.md",
    ),
    "value": ("DOUBLE", "Clicks per impression under the policy; null where refused"),
    "standard_error": ("DOUBLE", "Of the value, with users as groups"),
    "ci_low": ("DOUBLE", "Lower end of the 95 % interval"),
    "ci_high": ("DOUBLE", "Upper end"),
    "ess": ("DOUBLE", "Effective sample size of the weights used: (sum w)^2 / sum w^2; of lists for slate_ips"),
    "effective_clicks": ("DOUBLE", "The same of the weights of clicked impressions, or of lists times their clicks"),
    "n_impressions": ("BIGINT", "Impressions with a propensity for which the policy has a choice"),
    "n_clicks": ("BIGINT", "Clicks on them up to as_of_day"),
    "mean_weight": ("DOUBLE", "Mean of the weights used; what it lacks to 1 are choices not logged, or clipped"),
    "largest_weight": ("DOUBLE", "Before any clipping"),
    "clipped_share": ("DOUBLE", "Share of the sum of weights that the estimator does not use"),
    "zero_weight_share": (
        "DOUBLE",
        "Share of impressions (of lists, for slate_ips) that the policy never would have shown",
    ),
    "unsupported_share": ("DOUBLE", "Share of the policy's choices that could not be logged where they are made"),
    "refused_because": ("VARCHAR", "Why there is no value; null where there is one"),
}
WINDOW = "FROM core_impressions WHERE event_day BETWEEN $first AND $last AND item_id IS NOT NULL"
LOOKED_AT = f"{WINDOW} AND md5_number_lower(user_id) % 1000000 < $share * 1000000"
IMPRESSIONS_SQL = f"""
SELECT event_day, user_id, item_id, impression_id, position, propensity,
    coalesce(click_event_day <= $last, false) AS is_clicked
{LOOKED_AT} ORDER BY event_day, event_id
"""
# Of all lists only what users who were shown something have down to the last position; the second half keeps days whose
# lists have none of these.
LISTS_SQL = f"""
WITH made AS (
    SELECT as_of_day, user_id, rank, item_id FROM recommendations
    WHERE as_of_day BETWEEN $first - INTERVAL 1 DAY AND $last - INTERVAL 1 DAY
)
SELECT * FROM made
WHERE user_id IN (SELECT user_id {LOOKED_AT}) AND rank <= (SELECT max(position) {LOOKED_AT})
UNION ALL SELECT DISTINCT as_of_day, NULL, NULL, NULL FROM made
"""


def build(graph: Graph) -> dg.AssetsDefinition:
    """The asset with its check."""
    settings = graph.settings.evaluation.off_policy
    days = settings.window_days
    window = dg.TimeWindowPartitionMapping(start_offset=1 - days, allow_nonexistent_upstream_partitions=True)
    earlier = dg.TimeWindowPartitionMapping(
        start_offset=-days, end_offset=-1, allow_nonexistent_upstream_partitions=True
    )
    deps = [
        dg.AssetDep("core_impressions", partition_mapping=window),
        dg.AssetDep("recommendations", partition_mapping=earlier),
    ]
    words = "Propensities are those of the log: weights of a policy that treats all items alike do not average above 1."
    common = graph.as_of_asset("evaluation", {"polars", "duckdb"}, deps)

    @dg.asset(
        description="What other policies would have earned per impression, or why the log cannot say",
        check_specs=[dg.AssetCheckSpec(CHECK, asset="policy_values", description=words)],
        **common,
    )
    def policy_values(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        day = as_of(context)
        first = day - dt.timedelta(days=days - 1)
        frame = values_between(warehouse, settings, first, day)
        frame = frame.select(pl.lit(day).alias("as_of_day"), pl.lit(first).alias("first_day"), pl.all())
        warehouse.ensure_table("policy_values", COLUMNS, "One estimator's value of one policy, as of one day")
        snapshot = warehouse.replace_days("policy_values", "as_of_day", day, day, frame)
        shown = frame.select("policy", "estimator", "value", "ci_low", "ci_high", "ess", "refused_because")
        metadata = table_metadata("policy_values", COLUMNS, frame, snapshot)
        yield dg.MaterializeResult(metadata={**metadata, "values": dg.MetadataValue.md(preview(shown, 20))})
        yield check_mean_weight(frame)

    return policy_values


def values_between(warehouse: Warehouse, settings: OffPolicy, first: dt.date, last: dt.date) -> pl.DataFrame:
    """Values of all policies on the impressions of some days, as known at the end of the last.

    Above `max_impressions` a share of the users is looked at, chosen by hash: wider intervals, no bias. A million
    impressions took 6 s where propensities are by position and 12 s, 2.1 GiB, by the list above.

    Args:
        warehouse: Holds core_impressions; recommendations may be missing, as before anything was learned.
        settings: The limits.
        first: First day of impressions.
        last: Last day, inclusive; later clicks do not count, and lists of this day are not looked at.

    Returns:
        `user_share`, and the columns of `value_policies`.
    """
    between = {"first": first, "last": last}
    n = warehouse.read(f"SELECT count(*) AS n {WINDOW}", between)["n"][0]
    share = min(1.0, settings.max_impressions / max(n, 1))
    looked_at = {**between, "share": share}
    impressions = warehouse.read(IMPRESSIONS_SQL, looked_at)
    lists = LISTS.to_frame()
    if warehouse.has_table("recommendations"):
        lists = warehouse.read(LISTS_SQL, looked_at)
    limits = Limits(
        min_effective_sample=settings.min_effective_sample,
        min_effective_rewards=settings.min_effective_clicks,
        max_weight=settings.max_weight,
        max_missing_mass=settings.max_missing_mass,
    )
    values = value_policies(impressions, lists, limits, settings.propensity_given == "list_above")
    return values.select(pl.lit(share).alias("user_share"), pl.all())


def check_mean_weight(frame: pl.DataFrame) -> dg.AssetCheckResult:
    """Warns where weights of the even policy average above 1 by more than chance allows: no propensities do that."""
    rows = frame.filter((pl.col("policy") == UNIFORM) & (pl.col("estimator") == "ips"))
    reason = rows["refused_because"][0]
    wrong = reason is not None and reason.endswith("propensities are not those of the log")
    note = reason or f"The mean weight is {rows['mean_weight'][0]:.3f}."
    if wrong:
        note += ". Is `evaluation.off_policy.propensity_given` right for this log?"
    return dg.AssetCheckResult(
        check_name=CHECK, passed=not wrong, severity=dg.AssetCheckSeverity.WARN, metadata={"note": note}
    )
