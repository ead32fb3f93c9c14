"""What only later events tell of user profiles: whether what is taken next picks them out, and whether they find it."""

import datetime as dt
from collections.abc import Iterator

import numpy as np
import polars as pl

from assets.profiles.quality_sample import Profiles, mean_vectors
from models.profiles.quality.measure import Measure
from models.profiles.quality.specificity import specificity
from models.profiles.quality.usefulness import ndcg_by_user, nearest_items, usefulness

PAIR = ["user_id", "item_id"]


def later_measures(source: Profiles, profiles: pl.DataFrame, day: dt.date, until: dt.date) -> Iterator[Measure]:
    """Measures of some users' profiles as of `day` by what the users took for the first time in the days to `until`.

    Users who took nothing new are left out; items are those known on `day`.
    """
    config, known = source.config.quality, source.items(day)
    past = source.events(profiles["user_id"], day).select(PAIR).unique(maintain_order=True)
    later = source.later_events(profiles["user_id"], day, until).select(PAIR).unique(maintain_order=True)
    later = later.join(known, on="item_id", how="semi", maintain_order="left").join(
        past, on=PAIR, how="anti", maintain_order="left"
    )
    users = profiles.join(later, on="user_id", how="semi", maintain_order="left")
    past = past.join(users, on="user_id", how="semi", maintain_order="left")
    ids, items = users["user_id"].to_list(), _ranked(known, past, later, config.n_items)
    if not ids:
        return
    item_ids = items["item_id"].to_list()
    of_users, of_items = source.vectors(users["text"].to_list()), source.vectors(items["text"].to_list())
    evidence = mean_vectors(later, ids, item_ids, of_items)
    yield specificity(of_users, evidence, config.n_candidates, metric="specificity_later")
    titles = source.vectors(items["title"].fill_null("").to_list())
    seen, truth = (_places(pairs, ids, item_ids) for pairs in (past, later))
    scores = [
        ndcg_by_user(nearest_items(vectors, places, seen, config.k)[0], truth, config.k)
        for vectors, places in ((of_users, of_items), (mean_vectors(past, ids, item_ids, titles), titles))
    ]
    yield from usefulness(*scores)


def _ranked(known: pl.DataFrame, past: pl.DataFrame, later: pl.DataFrame, n_items: int) -> pl.DataFrame:
    """The items lists choose from: what the users took before and after, and so many others, drawn once and for all."""
    taken = pl.concat([past, later])["item_id"].unique()
    own = pl.col("item_id").is_in(taken.implode())
    others = known.filter(~own & pl.col("is_available"))
    drawn = others.sample(min(n_items, others.height), seed=0) if others.height else others
    return pl.concat([known.filter(own), drawn]).sort("item_id")


def _places(pairs: pl.DataFrame, users: list[str], items: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Rows of users and of items, of pairs whose item is among them."""
    of_users, of_items = ({one: row for row, one in enumerate(ids)} for ids in (users, items))
    rows = [(of_users[user], of_items[item]) for user, item in pairs.select(PAIR).iter_rows() if item in of_items]
    both = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]
