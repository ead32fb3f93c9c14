"""Item profiles by rules alone: from the catalogue's text and facts, deterministic, without a model."""

from __future__ import annotations

from datetime import date

import polars as pl

from models.profiles.config import ExtractiveConfig, ItemExtraction
from models.profiles.digests import row_digests
from models.profiles.item_facts import available_since, category_path, known_items, price_bands, recency
from models.profiles.key_phrases import ItemText, extract_key_phrases
from models.profiles.personal_data import CANDIDATE, remove_personal_data
from models.profiles.schema import PROMPT_VERSION, SCHEMA_VERSION
from models.profiles.summaries import item_summary
from models.text.plain_text import plain_text

BACKEND = "extractive"

ITEM_PROFILE_COLUMNS: dict[str, pl.DataType] = {
    "as_of_day": pl.Date(),
    "item_id": pl.String(),
    "prompt_version": pl.String(),
    "backend": pl.String(),
    "input_digest": pl.String(),
    "profile": pl.String(),
    "summary": pl.String(),
    "key_phrases": pl.List(pl.String()),
    "category_path": pl.String(),
    "price_band": pl.String(),
    "days_available": pl.Int32(),
    "n_tokens_in": pl.Int64(),
    "n_tokens_out": pl.Int64(),
    "language": pl.String(),
}
"""The columns of the `item_profiles` table, whichever backend filled them."""

_CLAIM = pl.List(pl.Struct({"text": pl.String(), "basis": pl.String()}))
_MAX_TITLE_CHARACTERS = 500
_MAX_BRAND_CHARACTERS = 200


def _readable(texts: pl.Series, max_characters: int) -> pl.Series:
    """Plain text, personal data removed; the costly patterns run on suspects only."""
    texts = plain_text(texts, max_characters)
    cleaned = without_personal_data(texts)
    return texts if cleaned is texts else plain_text(cleaned)


def without_personal_data(texts: pl.Series) -> pl.Series:
    """Texts without personal data, the very same series where there is nothing that could be any."""
    suspect = texts.str.contains(CANDIDATE)
    if not suspect.any():
        return texts
    cleaned = [remove_personal_data(text) if found else text for text, found in zip(texts, suspect, strict=True)]
    return pl.Series(texts.name, cleaned, dtype=pl.String)


def readable_items(known: pl.DataFrame, config: ItemExtraction) -> pl.DataFrame:
    """Rows of `known_items` with title, description and brand as plain text, without personal data, never null."""
    return known.with_columns(
        _readable(known["title"], _MAX_TITLE_CHARACTERS).str.replace_all("\n", " "),
        _readable(known["description"], config.max_text_characters),
        _readable(known["brand"], _MAX_BRAND_CHARACTERS).str.replace_all("\n", " "),
    )


def _with_text(frame: pl.DataFrame, config: ItemExtraction) -> pl.DataFrame:
    """Add what reading the text gives: phrases, language, summary and the number of words read."""
    rows = frame.select("title", "description", "brand", "path").rows()
    found = extract_key_phrases([ItemText(title, text, brand) for title, text, brand, _ in rows], config)
    summaries = [
        item_summary(title, text, brand, path, item.phrases, config.summary_sentences, config.summary_characters)
        for (title, text, brand, path), item in zip(rows, found, strict=True)
    ]
    return frame.with_columns(
        pl.Series("key_phrases", [[phrase for phrase, _ in item.phrases] for item in found], pl.List(pl.String)),
        pl.Series("language", [item.language for item in found], pl.String),
        pl.Series("n_tokens_in", [item.n_words for item in found], pl.Int64),
        pl.Series("summary", summaries, pl.String),
    )


def _claims(column: str) -> pl.Expr:
    return pl.col(column).list.eval(pl.struct(text=pl.element(), basis=pl.lit("stated"))).cast(_CLAIM)


def _attributes() -> pl.Expr:
    brand = pl.struct(name=pl.lit("brand"), value="brand", basis=pl.lit("stated"))
    return pl.when(pl.col("brand") != "").then(pl.concat_list(brand)).otherwise(pl.concat_list(brand).list.head(0))


def _profile_json() -> pl.Expr:
    """The `ItemProfile` of every row as JSON."""
    nothing = pl.lit([], dtype=_CLAIM)
    return pl.struct(
        schema_version=pl.lit(SCHEMA_VERSION),
        item_id="item_id",
        title="title",
        summary="summary",
        audience=nothing,
        category_path="path",
        attributes=_attributes(),
        key_phrases=_claims("key_phrases"),
        style_words=nothing,
        occasions=nothing,
        substitutes=nothing,
        complements=nothing,
        price_band="price_band",
        recency="recency",
        available_since="available_since",
        language="language",
    ).struct.json_encode()


def _input_digests(frame: pl.DataFrame, config: ItemExtraction) -> pl.Series:
    """What enters an item's profile: its own fields, and of the rest of the catalogue only what it decided.

    The other items decide the price band, which words are telling, and the language of texts that do not give theirs
    away; those results are digested, so that a profile becomes stale when they change and not with every new item.
    The age enters as its band, for the same reason.
    """
    inputs = frame.select(
        pl.struct(
            "item_id", "title", "description", "brand", "category", "key_phrases", "summary",
            "price_band", "recency", "available_since", "language",
        ).alias("input_digest")
    )  # fmt: skip
    return row_digests(inputs.to_series(), PROMPT_VERSION, config)


def item_profiles(items: pl.DataFrame, as_of_day: date, config: ExtractiveConfig | None = None) -> pl.DataFrame:
    """Profile every item that may be known on a day.

    Args:
        items: Rows of `items_known`; those first seen after `as_of_day` are left out and influence nothing.
        as_of_day: Last day seen.
        config: Only its `item` part is read.

    Returns:
        `ITEM_PROFILE_COLUMNS`, one row per item, sorted by id. `profile` is valid against `schema.ItemProfile`.
        `n_tokens_in` and `n_tokens_out` count words here (a model backend counts its own tokens). `days_available` is
        not part of the profile or its digest, which change only when the age passes into another band.
    """
    rules = (config or ExtractiveConfig()).item
    frame = readable_items(known_items(items, as_of_day), rules).with_columns(
        path=category_path(),
        price_band=price_bands(rules),
        available_since=available_since(as_of_day),
    )
    frame = _with_text(frame.with_columns(recency=recency(as_of_day, rules)), rules)
    frame = frame.with_columns(_input_digests(frame, rules)).with_columns(
        as_of_day=pl.lit(as_of_day),
        prompt_version=pl.lit(PROMPT_VERSION),
        backend=pl.lit(BACKEND),
        profile=_profile_json(),
        category_path=pl.col("path").list.join(" > "),
        days_available=(pl.lit(as_of_day) - pl.col("available_since")).dt.total_days(),
        n_tokens_out=pl.col("summary").str.count_matches(r"\S+")
        + pl.col("key_phrases").list.join(" ").str.count_matches(r"\S+"),
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in ITEM_PROFILE_COLUMNS.items())
