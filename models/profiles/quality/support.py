"""Is what a profile claims of a user there? Cited events exist, are the user's own, lie in the past, and agree."""

from __future__ import annotations

import numpy as np
import orjson
import polars as pl

from models.profiles.item_facts import category_labels
from models.profiles.quality.measure import Measure, share_of
from models.text.languages import SMALL_WORDS, words_of

LISTS = ("long_term", "current", "dislikes")
CITED = pl.Schema({"user_id": pl.String, "kind": pl.String, "text": pl.String, "event_id": pl.String})


def cited_events(profiles: pl.DataFrame) -> pl.DataFrame:
    """Every event that a taste cites.

    Args:
        profiles: `user_id, profile`; a profile that is no JSON object cites nothing (the audit names it).

    Returns:
        `CITED`, a row per taste and event, in the order of the profiles.
    """
    rows: list[tuple[str, str, str, str]] = []
    for user_id, profile in profiles.select("user_id", "profile").iter_rows():
        try:
            said = orjson.loads(profile or "null")
        except orjson.JSONDecodeError:
            continue
        for taste in (taste for name in LISTS for taste in (said or {}).get(name, [])):
            rows += [(user_id, taste["kind"], taste["text"], event) for event in taste["event_ids"]]
    return pl.DataFrame(rows, schema=CITED, orient="row")


def support(profiles: pl.DataFrame, interactions: pl.DataFrame, items: pl.DataFrame, depth: int) -> list[Measure]:
    """How far the cited events carry the claims.

    An event agrees with a taste where its item carries the label: its category (to `depth` levels) or brand is the
    taste's text, a key phrase of its profile is, or every content word of a phrase stands in the item's text. A
    `topic` is the writer's own word for several items, so one of its content words is enough.

    Args:
        profiles: `user_id, profile` of one as-of day.
        interactions: `user_id, event_id, item_id` up to that day; a later event does not exist yet.
        items: `item_id, title, description, category, brand, key_phrases` as known on that day.
        depth: Category levels that name a taste.

    Returns:
        `cited_events_exist`, the share of citations whose event is there and its user's own, and `cited_events_agree`,
        the share of these whose item agrees. NaN where nothing is cited.
    """
    cited = cited_events(profiles)
    own = interactions.select("user_id", "event_id", "item_id").unique(["user_id", "event_id"])
    found = cited.join(own, on=["user_id", "event_id"], how="left", maintain_order="left")
    exists = found["item_id"].is_not_null().to_numpy()
    told = found.filter(pl.col("item_id").is_not_null()).join(_described(items, depth), on="item_id", how="left")
    pairs = zip(told["kind"], told["text"], told["labels"], told["text_of_item"], strict=True)
    agrees = np.array([_agrees(*pair) for pair in pairs], dtype=bool)
    return [share_of("cited_events_exist", exists), share_of("cited_events_agree", agrees)]


def _described(items: pl.DataFrame, depth: int) -> pl.DataFrame:
    """Per item what it can be liked for, and all its text."""
    text = pl.concat_str(
        [pl.col(name).fill_null("") for name in ("title", "description", "category", "brand")], separator=" "
    )
    labels = pl.concat_list(
        category_labels(depth),
        pl.concat_list(pl.col("brand").fill_null("").str.strip_chars()),
        pl.col("key_phrases").fill_null([]),
    )
    return items.select("item_id", labels=labels, text_of_item=text)


def _agrees(kind: str, text: str, labels: list[str] | None, text_of_item: str | None) -> bool:
    if labels is None or text_of_item is None:
        return False
    if text in labels:
        return True
    words = {word for word in words_of(text) if word not in SMALL_WORDS}
    known = set(words_of(text_of_item)).union(*map(words_of, labels))
    return bool(words & known) if kind == "topic" else bool(words) and words <= known
