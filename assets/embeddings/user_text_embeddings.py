"""`user_text_embeddings`: one unit vector per user, from what their profile says.

Grain: user and as-of day. Exists where `text.user_vectors` says so or a retriever aligns users. Stale when the user's
profile or the encoder changes (vectors are cached by content, so only new texts are encoded). Read by retrievers that
align users with their texts, and by anyone in SQL.
"""

import datetime as dt

import dagster as dg
import numpy as np
import polars as pl

from assets.embeddings.text_vectors import check_specs, read_text_vectors, write_vectors
from assets.graph import Graph, as_of
from models.profiles.user_texts import user_texts
from models.retrieval import registry
from models.retrieval.user_texts import UserTexts
from resources.text_encoder import CachedTextEncoder
from resources.warehouse import Warehouse

TABLE = "user_text_embeddings"


def wanted(graph: Graph) -> bool:
    """Whether the asset exists."""
    given = graph.settings.retrievers
    return graph.settings.text.user_vectors or any(
        registry.new_retriever(*each).reads_user_texts for each in given.items()
    )


def build(graph: Graph) -> list[dg.AssetsDefinition]:
    """The text embeddings of users with their checks; nothing where nobody wants them."""
    common = graph.as_of_asset("embeddings", {"transformers", "duckdb"}, ["user_profiles"])

    @dg.asset(description="A unit text vector for every user's profile", check_specs=check_specs("user"), **common)
    def user_text_embeddings(context: dg.AssetExecutionContext, warehouse: Warehouse, text_encoder: CachedTextEncoder):
        day = as_of(context)
        sql = "SELECT user_id, summary, profile, text FROM user_profiles WHERE as_of_day = ? ORDER BY user_id"
        profiles = warehouse.read(sql, [day])
        texts = profiles.select("user_id", text=pl.col("text").fill_null(user_texts(profiles)))
        yield from write_vectors("user", texts, day, warehouse, text_encoder)

    return [user_text_embeddings] if wanted(graph) else []


def newest_user_texts(warehouse: Warehouse, until: dt.date, encoder: str | None) -> UserTexts | None:
    """Users' text vectors of the newest as-of day up to a day; `None` where there are none of this encoder.

    Args:
        warehouse: Where `user_text_embeddings` is.
        until: Nothing known later is read.
        encoder: What the items' vectors are made by.
    """
    if not warehouse.has_table(TABLE):
        return None
    sql = f"SELECT max(as_of_day) AS day FROM {TABLE} WHERE as_of_day <= ? AND encoder = ?"
    day = warehouse.read(sql, [until, encoder])["day"][0]
    if day is None:
        return None
    ids, vectors = read_text_vectors(warehouse, "user", day)
    return UserTexts(np.array(ids, dtype=object), vectors)
