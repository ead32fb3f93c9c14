"""A user profile as one text to encode: the strongest tastes, then the summary."""

from __future__ import annotations

import polars as pl

N_TASTES = 12
"""Tastes named: about as many words as an encoder reads of a short text."""

_NAMES = pl.List(pl.Struct({"text": pl.String()}))


def user_texts(profiles: pl.DataFrame) -> pl.Series:
    """What is encoded of each profile.

    The names of long-term tastes and current ones in turn, strongest first and none twice, come before the summary,
    because encoders cut the end: in a summary the tastes stand beside what tells users of one taste apart, such as
    when they are active.

    Args:
        profiles: Rows with `summary` and `profile`, JSON of `models.profiles.schema.UserProfile`, whoever wrote it.

    Returns:
        The texts, in order, `text`.
    """
    tastes = profiles["profile"].str.json_decode(pl.Struct({"long_term": _NAMES, "current": _NAMES}))
    names = tastes.struct.unnest().select(
        pl.col(kind).list.eval(pl.element().struct.field("text")).list.head(N_TASTES)
        for kind in ("long_term", "current")
    )
    texts = []
    for lasting, current, summary in zip(names["long_term"], names["current"], profiles["summary"], strict=True):
        pairs = [list(part) if part is not None else [] for part in (lasting, current)]
        in_turn = [side[place] for place in range(N_TASTES) for side in pairs if place < len(side)]
        named = list(dict.fromkeys(in_turn))[:N_TASTES]
        texts.append(". ".join(part for part in (", ".join(named), summary) if part))
    return pl.Series("text", texts, dtype=pl.String)
