"""`user_profiles`: long-term and current tastes with the events that support them; by rules, or in a model's words.

Grain: user and as-of day. Stale when the user's interactions or the items' profiles change, or the prompts or the model
that write it. Read by people, and by models that take words.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial

import dagster as dg
import polars as pl

from assets.graph import PARTITION_ROWS, Columns, Graph, as_of, table_metadata
from assets.point_in_time import interactions_by_users, interactions_until, items_known
from assets.profiles.checks import UserFindings, user_profile_specs
from assets.profiles.questions import generator_of
from assets.profiles.user_histories import shown_catalogue
from assets.profiles.written_users import write_users
from assets.quality.suite_metadata import data_docs_file
from models.profiles.company import favourites, favourites_text
from models.profiles.company_config import CompanyConfig
from models.profiles.extractive import UserProfiler
from models.profiles.user_texts import user_texts
from resources.parquet_portions import ParquetPortions
from resources.settings import Settings
from resources.warehouse import Warehouse

COLUMNS: Columns = {
    "as_of_day": ("DATE", "Partition: what was known at the end of this day"),
    "user_id": ("VARCHAR", "Who"),
    "prompt_version": ("VARCHAR", "Version of the rules or the prompt"),
    "backend": ("VARCHAR", "extractive, transformers or openai"),
    "input_digest": ("VARCHAR", "Digest of what entered the profile"),
    "profile": ("VARCHAR", "JSON, valid against models.profiles.schema.UserProfile"),
    "summary": ("VARCHAR", "A sentence or two"),
    "top_categories": ("VARCHAR[]", "Categories liked most, best first"),
    "price_attitude": ("VARCHAR", "thrifty, average or premium against what their categories cost"),
    "novelty_attitude": ("VARCHAR", "familiar, balanced or adventurous"),
    "n_events": ("BIGINT", "Interactions it was made from"),
    "n_tokens_in": ("BIGINT", "Interactions read; tokens, where a model wrote it"),
    "n_tokens_out": ("BIGINT", "Words written, or tokens"),
    "text": ("VARCHAR", "The text that is embedded"),
}


def build(graph: Graph) -> dg.AssetsDefinition:
    """The user profiles asset with its checks."""
    deps = ["core_interactions", "core_undone_interactions", "core_item_versions", "item_profiles", "event_funnel"]
    common = graph.as_of_asset("profiles", {"polars", "duckdb"}, deps)

    @dg.asset(
        description="Each user's long-term tastes and current interests, with the events that support them",
        check_specs=user_profile_specs(),
        **common,
    )
    def user_profiles(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        day = as_of(context)
        findings, counts, snapshot = profile_everyone(warehouse, day, graph.settings)
        metadata = table_metadata("user_profiles", COLUMNS, findings.example, snapshot)
        if counts:
            metadata["written"] = dg.MetadataValue.json(counts)
        yield dg.MaterializeResult(metadata=metadata | {PARTITION_ROWS: findings.n_rows})
        yield from findings.results(data_docs_file(graph, "user_profiles", str(day)))

    return user_profiles


def profile_everyone(
    warehouse: Warehouse, day: dt.date, settings: Settings
) -> tuple[UserFindings, dict[str, int], int]:
    """Profile all users of a day, some at a time, and store the profiles in one commit.

    Args:
        warehouse: The lake.
        day: The as-of day.
        settings: The project's; `profiles.portion_interactions` says how many are some.

    Returns:
        What the checks look at, how many profiles a model was asked for came about how, and the snapshot that holds
        the profiles.
    """
    items, config = items_known(warehouse, day), settings.profiles
    item_profiles = warehouse.read("SELECT * FROM item_profiles WHERE as_of_day = ? ORDER BY item_id", [day])
    profiler = UserProfiler.of(items, item_profiles, day, config)
    write = None
    if config.user_backend == "generator":
        catalogue = shown_catalogue(items, day, settings)
        write = partial(write_users, warehouse, generator_of(settings), settings, catalogue=catalogue, day=day)
    warehouse.ensure_table("user_profiles", COLUMNS, "One user's profile as of one day")
    findings, counts = UserFindings(config.allowed_private_attributes), Counter[str]()
    liked: dict[str, str] = {}
    if config.company.n_items:
        liked = texts_of_favourites(interactions_until(warehouse, day), items, item_profiles, config.company)
    with ParquetPortions(warehouse, "user_profiles", day) as portions:
        for interactions in interactions_by_users(warehouse, day, config.portion_interactions):
            frame = profiler.profiles(interactions)
            if write is not None:
                frame, told = write(frame, interactions)
                counts.update(told)
            frame = _with_texts(frame, liked)
            findings.add(frame, interactions)
            portions.add(frame)
        return findings, dict(counts), portions.replace("as_of_day")


def texts_of_favourites(
    interactions: pl.DataFrame, items: pl.DataFrame, item_profiles: pl.DataFrame, config: CompanyConfig
) -> dict[str, str]:
    """What is embedded of each user with favourites: what is embedded of these."""
    texts = dict(item_profiles.select("item_id", "text").iter_rows())
    liked = favourites(interactions, items, config)
    return {user: favourites_text([texts[item] for item in ids if texts.get(item)]) for user, ids in liked.items()}


def _with_texts(profiles: pl.DataFrame, liked: Mapping[str, str]) -> pl.DataFrame:
    """The profiles with what is embedded of each: that of the favourites where they are known, else the words."""
    own = zip(profiles["user_id"], user_texts(profiles), strict=True)
    texts = [liked.get(user) or text for user, text in own]
    return profiles.with_columns(pl.Series("text", texts, dtype=pl.Utf8))
