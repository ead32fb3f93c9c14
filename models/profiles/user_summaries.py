"""A user profile in a few sentences, written from its own fields."""

from __future__ import annotations

import polars as pl

_PRICE_WORDS = {
    "thrifty": "Takes cheaper items than usual in these categories.",
    "average": "Takes usual prices.",
    "premium": "Takes dearer items than usual in these categories.",
}
_NOVELTY_WORDS = {
    "familiar": "Returns to known items.",
    "balanced": "Tries new items in known categories.",
    "adventurous": "Often turns to new categories.",
}
_WEEKDAYS = dict(enumerate(("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"), 1))


def taste_names(tastes: str, kind: str, limit: int) -> pl.Expr:
    """The names of a user's strongest tastes of one kind, as a list; null where the user has no tastes."""
    of_kind = pl.element().filter(pl.element().struct.field("kind") == kind)
    return pl.col(tastes).list.eval(of_kind.struct.field("text")).list.head(limit)


def _sentence(start: str, names: pl.Expr) -> pl.Expr:
    return pl.when(names.list.len() > 0).then(pl.concat_str(pl.lit(start), names.list.join(", "), pl.lit(".")))


def _words(column: str, words: dict[str, str]) -> pl.Expr:
    return pl.col(column).replace_strict(words, default=None, return_dtype=pl.String)


def user_summary() -> pl.Expr:
    """Sentences on tastes, prices, novelty and rhythm; what is unknown is left out.

    Reads `long_term, current` (lists of `tastes.TASTE`), `price_attitude, novelty_attitude, rhythm, n_events`.
    """
    weekday = pl.col("rhythm").struct.field("top_weekdays").list.first()
    hour = pl.col("rhythm").struct.field("top_hours").list.first()
    latest = pl.concat_list(
        taste_names("current", "category", 1).fill_null([]), taste_names("current", "phrase", 3).fill_null([])
    )
    unknown = pl.format("{} interactions with items that are not described.", "n_events")
    sentences = [
        pl.when(pl.col("long_term").is_null()).then(unknown),
        _sentence("Mostly interested in ", taste_names("long_term", "category", 3)),
        _sentence("Favours the brands ", taste_names("long_term", "brand", 2)),
        _sentence("Drawn to ", taste_names("long_term", "phrase", 4)),
        _sentence("Lately: ", latest),
        _words("price_attitude", _PRICE_WORDS),
        _words("novelty_attitude", _NOVELTY_WORDS),
        pl.format("Most active on {} and around {}:00 UTC.", weekday.replace_strict(_WEEKDAYS), hour),
    ]
    return pl.concat_str(sentences, separator=" ", ignore_nulls=True).str.slice(0, 2000)
