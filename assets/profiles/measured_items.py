"""Quality of item profiles: valid, covering, telling, of the right language and length."""

import datetime as dt
from collections.abc import Iterator

import polars as pl

from assets.profiles.quality_sample import Profiles
from models.profiles.audit import audit_profiles
from models.profiles.quality.language import same_language
from models.profiles.quality.length import lengths
from models.profiles.quality.measure import Measure
from models.profiles.quality.specificity import specificity
from models.profiles.quality.validity import coverage, validity
from models.text.languages import language_of


def item_measures(source: Profiles, profiles: pl.DataFrame, day: dt.date, _: dt.date) -> Iterator[Measure]:
    """Measures of some items' profiles of one day.

    An item's own title and description have to pick out its profile; items without any are left out.
    """
    everything = source.items(day)
    yield validity(audit_profiles(profiles, profiles["item_id"]))
    yield coverage(source.n_like(profiles, "item", day), everything.height)
    known = everything.join(profiles.select("item_id"), on="item_id", how="semi")
    words = [pl.col(name).fill_null("") for name in ("title", "description")]
    texts = known.select("item_id", own=pl.concat_str(words, separator=" ").str.strip_chars())
    told = profiles.join(texts.filter(pl.col("own") != ""), on="item_id", maintain_order="left")
    config = source.config.quality
    of_profiles, of_items = (source.vectors(told[name].to_list()) for name in ("text", "own"))
    yield specificity(of_profiles, of_items, config.n_candidates)
    yield same_language(told["summary"].to_list(), [language_of(text) for text in told["own"]])
    yield from lengths(profiles["summary"].to_list(), config.words)
