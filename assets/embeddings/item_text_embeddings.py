"""`item_text_embeddings`: one unit vector per item, from the text of its profile.

Grain: item and as-of day. Stale when the item's profile or the encoder changes (vectors are cached by content, so only
new texts are encoded). Read by the ranker's features, by retrievers that read what items are, and by anyone in SQL.
"""

import dagster as dg

from assets.embeddings.text_vectors import check_specs, write_vectors
from assets.graph import Graph, as_of
from resources.text_encoder import CachedTextEncoder
from resources.warehouse import Warehouse


def build(graph: Graph) -> dg.AssetsDefinition:
    """The text embeddings asset with its checks."""
    common = graph.as_of_asset("embeddings", {"transformers", "duckdb"}, ["item_profiles"])

    @dg.asset(description="A unit text vector for every item's profile", check_specs=check_specs("item"), **common)
    def item_text_embeddings(context: dg.AssetExecutionContext, warehouse: Warehouse, text_encoder: CachedTextEncoder):
        day = as_of(context)
        sql = "SELECT item_id, text FROM item_profiles WHERE as_of_day = ? ORDER BY item_id"
        yield from write_vectors("item", warehouse.read(sql, [day]), day, warehouse, text_encoder)

    return item_text_embeddings
