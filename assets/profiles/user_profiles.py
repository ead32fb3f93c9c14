"""`user_profiles`: long-term and current tastes with the events that support them; by rules, or in a model's words.

Grain: user and as-of day. Stale when the user's interactions or the items' profiles change, or the prompts or the model
that write it. Read by people, and by models that take words.
"""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets.graph import Columns, Graph, as_of, table_metadata
from assets.point_in_time import interactions_until, items_known
from assets.profiles.checks import user_profile_checks, user_profile_specs
from assets.profiles.questions import generator_of
from assets.profiles.written_users import write_users
from assets.quality.suite_metadata import data_docs_file
from models.profiles.company import favourites, favourites_text
from models.profiles.extractive import user_profiles as profile_users
from models.profiles.user_texts import user_texts
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
        day, settings = as_of(context), graph.settings
        interactions = interactions_until(warehouse, day)
        item_profiles = warehouse.read("SELECT * FROM item_profiles WHERE as_of_day = ? ORDER BY item_id", [day])
        items = items_known(warehouse, day)
        frame = profile_users(interactions, items, item_profiles, day, settings.profiles)
        counts: dict[str, int] = {}
        if settings.profiles.user_backend == "generator":
            known = (interactions, items, day)
            frame, counts = write_users(warehouse, generator_of(settings), settings, frame, *known)
        company = settings.profiles.company
        liked = favourites(interactions, items, company) if company.n_items else {}
        own = zip(frame["user_id"], user_texts(frame), strict=True)
        texts = [favourites_text(liked[user]) if user in liked else text for user, text in own]
        frame = frame.with_columns(pl.Series("text", texts, dtype=pl.Utf8))
        warehouse.ensure_table("user_profiles", COLUMNS, "One user's profile as of one day")
        snapshot = warehouse.replace_days("user_profiles", "as_of_day", day, day, frame)
        metadata = table_metadata("user_profiles", COLUMNS, frame, snapshot)
        if counts:
            metadata["written"] = dg.MetadataValue.json(counts)
        yield dg.MaterializeResult(metadata=metadata)
        page, allowed = data_docs_file(graph, "user_profiles", str(day)), settings.profiles.allowed_private_attributes
        yield from user_profile_checks(frame, interactions, page, allowed)

    return user_profiles
