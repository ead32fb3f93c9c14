"""Reading what the ranker's features are computed from, as of one day."""

import datetime as dt

from assets.embeddings.text_vectors import read_text_vectors
from assets.point_in_time import daily_features_until, interactions_until, items_known
from models.ranking.features import FeatureContext
from resources.warehouse import Warehouse


def feature_context(warehouse: Warehouse, as_of_day: dt.date, vectors_of: dt.date) -> FeatureContext:
    """Everything known at the end of `as_of_day`, and the text vectors stored for `vectors_of`.

    Text vectors depend on the catalogue's text alone, so those of the run's own as-of day serve its earlier cut too; a
    text that changed between the two is known to the run, though not yet to the cut.
    """
    return FeatureContext(
        as_of_day=as_of_day,
        interactions=interactions_until(warehouse, as_of_day),
        items=items_known(warehouse, as_of_day),
        item_daily=daily_features_until(warehouse, "feat_item_daily", as_of_day),
        user_daily=daily_features_until(warehouse, "feat_user_daily", as_of_day),
        item_vectors=read_text_vectors(warehouse, "item", vectors_of),
    )
