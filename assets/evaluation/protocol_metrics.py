"""`protocol_metrics`: the configured retrievers, fitted and scored under other protocols than the pipeline's own.

Grain: as-of day, protocol, origin, model, metric, k and slice. Partition D reads nothing later than D. Its only use is
comparison, with published numbers or of one shop's days with another's, so it is no part of the nightly run and no
release waits for it. Stale when core_interactions, a retriever's settings or a protocol change. Read by people.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from assets.graph import Columns, Graph, as_of, polars_schema, preview, table_metadata
from assets.point_in_time import available, interactions_between, interactions_until, items_known, taken_back_until
from models.errors import UserError
from models.evaluation.protocol_audit import audit_split
from models.evaluation.protocol_config import SPLIT_BY_DAY, ProtocolConfig
from models.evaluation.protocol_scores import score_split, split_data
from models.evaluation.protocol_splits import COLUMNS as ROWS
from models.evaluation.protocol_splits import leave_one_out_split, origins_of, read_fixed_split, split_at
from models.evaluation.protocols import Split
from models.evaluation.user_rows import Resampling
from models.retrieval import registry
from resources.compute import pick_device
from resources.warehouse import Warehouse

GROUP = "protocols"
CHECK = "no_protocol_learns_from_what_it_tests"

COLUMNS: Columns = {
    "partition_day": ("DATE", "Partition: nothing later than this day was read"),
    "protocol": ("VARCHAR", "Its name in evaluation.protocols"),
    "kind": ("VARCHAR", "temporal, rolling_origin, leave_one_out or fixed"),
    "origin": ("DATE", "The last day that could be seen, where days are split"),
    "ranking": ("VARCHAR", "full, or sampled_N: ranked among N drawn items, not comparable with full"),
    "leaks_future": ("BOOLEAN", "Whether training rows may be later than test rows of other users"),
    "later_training_share": ("DOUBLE", "How much of the training is later than a test row, on average"),
    "model": ("VARCHAR", "A retriever"),
    "metric": ("VARCHAR", "ndcg, recall, ...; see docs/metrics.md"),
    "k": ("INTEGER", "List length; 0 where it has no meaning"),
    "slice": ("VARCHAR", "all (users with a history), users=cold, items=warm, items=cold"),
    "value": ("DOUBLE", "Mean over users"),
    "ci_low": ("DOUBLE", "Lower end of the 95 % bootstrap interval by user"),
    "ci_high": ("DOUBLE", "Upper end"),
    "n_users": ("INTEGER", "Users behind the mean"),
}


def build(graph: Graph) -> list[dg.AssetsDefinition]:
    """The asset, where a protocol is configured."""
    if not graph.settings.evaluation.protocols:
        return []
    deps = ["core_interactions", "core_undone_interactions", "core_item_versions"]
    common = graph.as_of_asset(GROUP, {"polars", "duckdb"}, deps)
    words = "No test row of a protocol is among what its models were given; numbers of one that fails are not stored."
    spec = dg.AssetCheckSpec(CHECK, asset="protocol_metrics", blocking=True, description=words)

    @dg.asset(description="Retrievers under the protocols of evaluation.protocols", check_specs=[spec], **common)
    def protocol_metrics(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        day = as_of(context)
        frames, problems = [], []
        for name, config in graph.settings.evaluation.protocols.items():
            for part in parts_of(graph, warehouse, config, day):
                context.log.info(f"protocol {name}, origin {part.origin}: {len(part.split.train):,} rows to learn from")
                rows, found = judge(graph, name, config, part)
                frames.append(rows)
                problems += [f"{name}: {problem}" for problem in found]
        frame = pl.concat([empty(), *frames]).with_columns(partition_day=pl.lit(day)).select(list(COLUMNS))
        warehouse.ensure_table("protocol_metrics", COLUMNS, "One number of one retriever under one protocol")
        snapshot = warehouse.replace_days("protocol_metrics", "partition_day", day, day, frame)
        shown = frame.filter((pl.col("metric") == "ndcg") & (pl.col("slice") == "all")).sort("protocol", "origin", "k")
        table = dg.MetadataValue.md(preview(shown.select("protocol", "origin", "ranking", "model", "k", "value"), 40))
        metadata = table_metadata("protocol_metrics", COLUMNS, frame, snapshot)
        yield dg.MaterializeResult(metadata={**metadata, "ndcg": table})
        yield dg.AssetCheckResult(check_name=CHECK, passed=not problems, metadata={"problems": problems})

    return [protocol_metrics]


@dataclass(frozen=True)
class Part:
    """One split of a protocol and what goes with it.

    Attributes:
        origin: The last day that could be seen; `None` where days are not split.
        split: The split.
        vocabulary: Items: where days are split, those known by then.
        taken_back: What was bought and given back by then.
        withdrawn: Items that could not be had then.
    """

    origin: dt.date | None
    split: Split
    vocabulary: pl.Series
    taken_back: pl.DataFrame | None = None
    withdrawn: pl.Series | None = None


def parts_of(graph: Graph, warehouse: Warehouse, config: ProtocolConfig, day: dt.date) -> Iterator[Part]:
    """The splits of a protocol that reads nothing later than `day`; none of them without rows to learn from or test."""
    split = graph.settings.split
    if config.kind in SPLIT_BY_DAY:
        found = [
            part_as_of(warehouse, config, origin, through, split.validation_days)
            for origin, through in origins_of(config, day, split.test_days)
        ]
    elif config.kind == "fixed":
        fixed = read_fixed_split(config, (graph.project.base / str(config.file)).resolve())
        found = [Part(None, fixed, items_of(fixed))]
    else:
        last = leave_one_out_split(config, interactions_until(warehouse, day).select(ROWS))
        found = [Part(None, last, items_of(last))]
    return (part for part in found if part.split.train.height and part.split.test.height)


def part_as_of(
    warehouse: Warehouse, config: ProtocolConfig, origin: dt.date, through: dt.date, validation_days: int
) -> Part:
    """Everything as it was known at the end of `origin`, and what came after it."""
    before = interactions_until(warehouse, origin).select(ROWS)
    after = interactions_between(warehouse, origin, through).select(ROWS)
    undone = taken_back_until(warehouse, origin)
    split = split_at(config, before, after, origin, validation_days, undone)
    items = items_known(warehouse, origin)
    return Part(origin, split, items["item_id"], undone, items.filter(~available(items))["item_id"])


def items_of(split: Split) -> pl.Series:
    """Every item of any part, as published splits have it."""
    return pl.concat([part["item_id"] for part in (split.train, split.validation, split.test)]).unique()


def judge(graph: Graph, name: str, config: ProtocolConfig, part: Part) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The numbers of one split, none where the audit found something, and what it found."""
    settings = graph.settings
    data = split_data(part.split, part.vocabulary, part.taken_back, part.withdrawn)
    audit = audit_split(data.past, part.split)
    if audit.problems:
        return empty(), audit.problems
    names = judged_names(name, config, settings.retrievers)
    frame = score_split(
        part.split,
        data,
        {each: partial(registry.new_retriever, each, settings.retrievers[each]) for each in names},
        settings.evaluation.ks,
        pick_device(settings.compute.device),
        sampled_negatives=config.sampled_negatives,
        resampling=Resampling(n_resamples=settings.evaluation.n_resamples),
    )
    about = {
        "partition_day": pl.lit(None, pl.Date),
        "protocol": pl.lit(name),
        "kind": pl.lit(config.kind),
        "origin": pl.lit(part.origin, pl.Date),
        "ranking": pl.lit(f"sampled_{config.sampled_negatives}" if config.sampled_negatives else "full"),
        "leaks_future": pl.lit(part.split.leaks_future),
        "later_training_share": pl.lit(audit.later_training_share),
    }
    return frame.with_columns(**about).select(list(COLUMNS)), ()


def judged_names(protocol: str, config: ProtocolConfig, configured: Mapping[str, dict[str, Any]]) -> list[str]:
    """The retrievers of a protocol: those it names, or all that look at nothing but interactions.

    Raises:
        UserError: It names one that reads what items are, which a protocol's split does not say.
    """
    reading = [
        each for each, settings in configured.items() if registry.new_retriever(each, settings).reads_item_features
    ]
    asked = [each for each in config.retrievers or [] if each in reading]
    if asked:
        raise UserError(
            f"{', '.join(asked)} reads what items are, which a protocol does not give",
            f"setting evaluation.protocols.{protocol}.retrievers",
            "Leave it out; the metrics of an as-of day judge it",
        )
    return config.retrievers or [each for each in configured if each not in reading]


def empty() -> pl.DataFrame:
    """No rows, right columns."""
    return pl.DataFrame(schema=polars_schema(COLUMNS))
