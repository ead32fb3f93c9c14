"""Quality of user profiles on their own day: valid, covering, supported, telling, stable, of the right language."""

import datetime as dt
from collections.abc import Iterator

import polars as pl

from assets.profiles.quality_sample import Profiles, mean_vectors
from models.profiles.audit import audit_profiles
from models.profiles.quality.language import same_language
from models.profiles.quality.length import lengths
from models.profiles.quality.measure import Measure
from models.profiles.quality.specificity import specificity
from models.profiles.quality.stability import stability
from models.profiles.quality.support import support
from models.profiles.quality.validity import coverage, validity
from models.text.languages import UNKNOWN, majority_language


def user_measures(source: Profiles, profiles: pl.DataFrame, day: dt.date, _: dt.date) -> Iterator[Measure]:
    """Measures of some users' profiles of one day."""
    config, users = source.config.quality, profiles["user_id"]
    events, items = source.events(users, day), source.items(day)
    yield validity(audit_profiles(profiles, users))
    yield coverage(source.n_like(profiles, "user", day), source.n_users(day))
    yield from support(profiles, events, items, source.config.user.category_depth)
    yield _specificity(source, profiles, events.group_by("user_id", maintain_order=True).tail(config.n_recent), items)
    yield from _stability(source, profiles, day)
    spoken = events.join(items.select("item_id", "language"), on="item_id").group_by("user_id").agg("language")
    languages = {user: majority_language(told) for user, told in spoken.iter_rows()}
    yield same_language(profiles["summary"].to_list(), [languages.get(user, UNKNOWN) for user in users])
    yield from lengths(profiles["summary"].to_list(), config.words)


def _specificity(source: Profiles, profiles: pl.DataFrame, recent: pl.DataFrame, items: pl.DataFrame) -> Measure:
    """Whether the profile texts of a user's latest items pick out the user's profile."""
    taken = items.join(recent, on="item_id", how="semi")
    users = profiles.join(recent.join(taken, on="item_id", how="semi"), on="user_id", how="semi", maintain_order="left")
    ids = users["user_id"].to_list()
    evidence = mean_vectors(recent, ids, taken["item_id"].to_list(), source.vectors(taken["text"].to_list()))
    return specificity(source.vectors(users["text"].to_list()), evidence, source.config.quality.n_candidates)


def _stability(source: Profiles, profiles: pl.DataFrame, day: dt.date) -> list[Measure]:
    """Against the newest earlier profiles of the same users; nothing where there are none."""
    earlier = source.day_before(day)
    if earlier is None:
        return []
    before = source.sample("user", earlier, of=profiles["user_id"])
    after = profiles.join(before.select("user_id"), on="user_id", how="semi", maintain_order="left")
    active = source.later_events(after["user_id"], earlier, day)["user_id"].unique()
    moved = after["user_id"].is_in(active.implode()).to_numpy()
    return stability(source.vectors(before["text"].to_list()), source.vectors(after["text"].to_list()), moved)
