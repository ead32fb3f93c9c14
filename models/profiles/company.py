"""What items are taken together with, in titles, and users' favourites, for the text that is embedded.

A title and a few genres say little of who will like a film; that the same people took certain others says much, and an
encoder understands titles. The titles stand in the embedded text only, never in a profile or a prompt: text from
outside must not come into another item's words. One that talks to a language model is left out here too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from models.profiles.company_config import CompanyConfig
from models.retrieval.history_matrix import history_matrix
from models.retrieval.interactions import Interactions
from models.retrieval.item_knn import ItemKnn, ItemKnnConfig
from models.text.hostile import hostile_kind
from models.text.paragraphs import BLANK_LINE

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_YEAR = re.compile(r"\s*\((?:19|20)\d\d\)$")
_NEIGHBOURS = 100
BLOCK_USERS = 1024


def item_company(interactions: pl.DataFrame, items: pl.DataFrame, config: CompanyConfig) -> dict[str, list[str]]:
    """The titles of the items most often taken by the same users, for items that enough users took.

    How well two items go together is the cosine of their users with `shrinkage`, see `models.retrieval.item_knn`.

    Args:
        interactions: Rows of `core_interactions` up to the as-of day.
        items: `item_id, title` as known on that day.
        config: See `CompanyConfig`.

    Returns:
        Item id -> at most `n_items` titles, the nearest first; items without any are left out.
    """
    data, near = _together(interactions, items, config)
    names, by_item = _names(items, data), near.T.tocsr()
    enough = np.bincount(np.unique(_pairs(data), axis=0)[:, 1], minlength=data.n_items) >= config.min_users
    told = {}
    for item in np.flatnonzero(enough):
        row = slice(by_item.indptr[item], by_item.indptr[item + 1])
        nearest = by_item.indices[row][np.argsort(-by_item.data[row], kind="stable")]
        told[str(data.item_ids[item])] = [names[other] for other in nearest if names[other]][: config.n_items]
    return {item: titles for item, titles in told.items() if titles}


def favourites(interactions: pl.DataFrame, items: pl.DataFrame, config: CompanyConfig) -> dict[str, list[str]]:
    """Each user's items that go best with all the others the user took.

    Args:
        interactions: As for `item_company`.
        items: Likewise.
        config: Likewise.

    Returns:
        User id -> at most `n_favourites` item ids, the best first, ties by item; none of an item whose title may not
        be shown, and no user without any.
    """
    data, near = _together(interactions, items, config)
    names, told = _names(items, data), {}
    for start in range(0, data.n_users, BLOCK_USERS):
        users = np.arange(start, min(start + BLOCK_USERS, data.n_users))
        taken = history_matrix(data, users)
        for user, own, scores in zip(users, taken, taken @ near, strict=True):
            worth = np.asarray(scores[:, own.indices].todense()).ravel()
            best = own.indices[np.lexsort((own.indices, -worth))]
            shown = [str(data.item_ids[item]) for item in best if names[item]]
            told[str(data.user_ids[user])] = shown[: config.n_favourites]
    return {user: ids for user, ids in told.items() if ids}


def favourites_text(texts: Sequence[str]) -> str:
    """What is embedded of a user with favourites: their texts, a paragraph each, and nothing else.

    So a user's vector is the mean of vectors that are there already, those of the items.
    """
    return BLANK_LINE.join(texts)


def _together(
    interactions: pl.DataFrame, items: pl.DataFrame, config: CompanyConfig
) -> tuple[Interactions, csr_matrix]:
    """Who took what, and column j of `[n_items, n_items]`: the cosines of the items nearest to j."""
    rows = interactions.filter(pl.col("weight") > 0).join(items.select("item_id"), on="item_id", how="semi")
    data = Interactions.from_frame(rows, items["item_id"].to_numpy().astype(object))
    model = ItemKnn(ItemKnnConfig(n_neighbours=_NEIGHBOURS, shrinkage=config.shrinkage))
    model.fit(data)
    assert model.similar is not None
    return data, model.similar


def _pairs(data: Interactions) -> np.ndarray:
    return np.column_stack([data.user_of_position(), data.items])


def _names(items: pl.DataFrame, data: Interactions) -> list[str]:
    """Titles in the order of the items, without a year at the end; empty where there is none that may be shown."""
    titles = dict(items.select("item_id", "title").iter_rows())
    return [_name(titles.get(item) or "") for item in data.item_ids]


def _name(title: str) -> str:
    """A title as it is named in another's text; the year tells editions apart and nothing about taste."""
    name = _YEAR.sub("", " ".join(title.split())[:200])
    return "" if hostile_kind(name) else name
