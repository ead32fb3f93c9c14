"""`item_profiles`: what an item is, in the schema a language model fills too; by rules, or by the model itself.

Grain: item and as-of day. Stale when the item's text or facts change, or the prompt or the model (`input_digest`).
Read by text embeddings, user profiles and people.
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets.graph import Columns, Graph, as_of, table_metadata
from assets.point_in_time import interactions_until, items_known
from assets.profiles.checks import item_profile_checks, item_profile_specs
from assets.profiles.questions import generator_of
from assets.profiles.written_items import write_items
from assets.quality.suite_metadata import data_docs_file
from models.profiles.company import item_company
from models.profiles.extractive import item_profiles as profile_items
from models.profiles.extractive import profile_text
from resources.warehouse import Warehouse

COLUMNS: Columns = {
    "as_of_day": ("DATE", "Partition: what was known at the end of this day"),
    "item_id": ("VARCHAR", "The item"),
    "prompt_version": ("VARCHAR", "Version of the rules or the prompt"),
    "backend": ("VARCHAR", "extractive, transformers or openai"),
    "input_digest": ("VARCHAR", "Digest of what entered the profile"),
    "profile": ("VARCHAR", "JSON, valid against models.profiles.schema.ItemProfile"),
    "summary": ("VARCHAR", "A sentence or two"),
    "key_phrases": ("VARCHAR[]", "Telling phrases of title and description"),
    "category_path": ("VARCHAR", "Path such as Home > Kitchen"),
    "price_band": ("VARCHAR", "low, middle or high within its category; unknown without a price"),
    "days_available": ("INTEGER", "Days since it could first be had"),
    "n_tokens_in": ("BIGINT", "Words read"),
    "n_tokens_out": ("BIGINT", "Words written"),
    "language": ("VARCHAR", "Language of the text, as far as it shows"),
    "text": ("VARCHAR", "The text that is embedded"),
}


def build(graph: Graph) -> dg.AssetsDefinition:
    """The item profiles asset with its checks."""
    company = graph.settings.profiles.company
    events = ["core_interactions", "core_undone_interactions"] if company.n_items else []
    common = graph.as_of_asset("profiles", {"polars", "duckdb"}, ["core_item_versions", "event_funnel", *events])

    @dg.asset(
        description="What each item is: summary, key phrases, category path, price band",
        check_specs=item_profile_specs(),
        **common,
    )
    def item_profiles(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        day, settings = as_of(context), graph.settings
        items = items_known(warehouse, day)
        profiles = profile_items(items, day, settings.profiles)
        counts: dict[str, int] = {}
        if settings.profiles.backend == "generator":
            profiles, counts = write_items(warehouse, generator_of(settings), settings, profiles, items, day)
        with_whom = company_of(graph, warehouse, items, day) if company.n_items else {}
        texts = [profile_text(row, with_whom.get(row["item_id"], ())) for row in profiles.iter_rows(named=True)]
        frame = profiles.with_columns(pl.Series("text", texts, dtype=pl.Utf8))
        warehouse.ensure_table("item_profiles", COLUMNS, "One item's profile as of one day")
        snapshot = warehouse.replace_days("item_profiles", "as_of_day", day, day, frame)
        metadata = table_metadata("item_profiles", COLUMNS, frame, snapshot)
        if counts:
            metadata["written"] = dg.MetadataValue.json(counts)
        yield dg.MaterializeResult(metadata=metadata)
        yield from item_profile_checks(frame, items, data_docs_file(graph, "item_profiles", str(day)))

    return item_profiles


def company_of(graph: Graph, warehouse: Warehouse, items: pl.DataFrame, day: dt.date) -> dict[str, list[str]]:
    """Titles of what items were taken with before the validation days.

    Models are judged, and the ranker is taught, on what users took in these days; vectors of texts that knew of it
    would tell them.
    """
    before = day - dt.timedelta(days=graph.settings.split.validation_days)
    return item_company(interactions_until(warehouse, before), items, graph.settings.profiles.company)
