"""`profile_quality`: how good the profiles of a day are, in numbers with intervals.

Grain: as-of day, kind, backend, prompt version and metric. Partition D measures the profiles of D; what only later
events can tell (`specificity_later`, usefulness) is measured of the newest profiles whose test days are complete at
the end of D, whose day is in `profiles_of`. Stale when profiles, interactions or the text encoder change. Read by
people; its checks warn, but for events that no user has.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg
import polars as pl

from assets.graph import Columns, Graph, as_of, polars_schema, preview, table_metadata
from assets.profiles.measured_items import item_measures
from assets.profiles.measured_later import later_measures
from assets.profiles.measured_users import user_measures
from assets.profiles.quality_checks import quality_checks, quality_specs
from assets.profiles.quality_sample import Profiles
from models.profiles.quality.measure import Measure
from resources.text_encoder import CachedTextEncoder
from resources.warehouse import Warehouse

COLUMNS: Columns = {
    "as_of_day": ("DATE", "Partition: measured at the end of this day"),
    "kind": ("VARCHAR", "item or user"),
    "backend": ("VARCHAR", "extractive, transformers or openai"),
    "prompt_version": ("VARCHAR", "Version of the rules or the prompt"),
    "metric": ("VARCHAR", "What was measured, see docs/profiles.md"),
    "value": ("DOUBLE", "The number; null where there was nothing to measure"),
    "ci_low": ("DOUBLE", "Lower end of its 95 % interval"),
    "ci_high": ("DOUBLE", "Upper end"),
    "n": ("BIGINT", "Profiles, or cited events, it is about"),
    "profiles_of": ("DATE", "The as-of day of the profiles measured"),
}


@dataclass(frozen=True)
class Group:
    """Profiles of one kind that one backend wrote with one prompt on one day."""

    kind: str
    backend: str
    prompt_version: str
    profiles_of: dt.date


def build(graph: Graph) -> dg.AssetsDefinition:
    """The asset with its checks."""
    deps = ["item_profiles", "user_profiles", "item_text_embeddings", "core_interactions", "core_item_versions"]
    common = graph.as_of_asset("profiles", {"polars", "transformers"}, deps)

    @dg.asset(
        description="How good the profiles are: support, specificity, stability, language, length, usefulness",
        check_specs=quality_specs(),
        **common,
    )
    def profile_quality(
        context: dg.AssetExecutionContext, warehouse: Warehouse, text_encoder: CachedTextEncoder
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        day = as_of(context)
        frame = measure_profiles(graph, warehouse, text_encoder, day)
        warehouse.ensure_table("profile_quality", COLUMNS, "One number about the profiles of one day")
        snapshot = warehouse.replace_days("profile_quality", "as_of_day", day, day, frame)
        shown = frame.select("kind", "prompt_version", "metric", "value", "ci_low", "ci_high", "n")
        metadata = table_metadata("profile_quality", COLUMNS, frame, snapshot)
        yield dg.MaterializeResult(metadata={**metadata, "measured": dg.MetadataValue.md(preview(shown, 60))})
        yield from quality_checks(frame, graph.settings.profiles.quality)

    return profile_quality


def measure_profiles(graph: Graph, warehouse: Warehouse, encoder: CachedTextEncoder, day: dt.date) -> pl.DataFrame:
    """The rows of one day."""
    rows: list[tuple] = []
    config, test_days = graph.settings.profiles, graph.settings.split.test_days
    source = Profiles(warehouse, encoder, config)
    for kind, measures in (("item", item_measures), ("user", user_measures), ("user", later_measures)):
        of_day = day if measures is not later_measures else source.complete_day(day, test_days)
        if of_day is None:
            continue
        everyone = source.sample(kind, of_day)
        for (backend, version), profiles in everyone.group_by("backend", "prompt_version", maintain_order=True):
            group = Group(kind, str(backend), str(version), of_day)
            rows += [_row(day, group, one) for one in measures(source, profiles, of_day, day)]
    return pl.DataFrame(rows, schema=polars_schema(COLUMNS), orient="row").with_columns(
        pl.col("value", "ci_low", "ci_high").fill_nan(None)
    )


def _row(day: dt.date, group: Group, measure: Measure) -> tuple:
    kind, backend, version, profiles_of = dataclasses.astuple(group)
    return (day, kind, backend, version, *measure, profiles_of)
