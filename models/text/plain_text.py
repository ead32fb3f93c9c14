"""Readable text out of what catalogues call a description: HTML, entities, control characters."""

from __future__ import annotations

import html

import polars as pl

# Polars' regular expressions run in linear time, so hostile markup (100,000 unclosed tags) costs no more than honest
# markup; the same patterns in Python's `re` would take minutes on it.
_HIDDEN = r"(?is)<script\b.*?(?:</script[^<>]*>|\z)|<style\b.*?(?:</style[^<>]*>|\z)|<!--.*?(?:-->|\z)"
_BLOCK = r"(?i)</?(?:p|br|hr|div|li|ul|ol|dl|dt|dd|tr|td|th|table|h[1-6]|section|article|blockquote)\b[^<>]*>"
_TAG = r"</?[a-zA-Z!?][^<>]*>"
_INVISIBLE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff\u00ad]"


def _without_markup(texts: pl.Series) -> pl.Series:
    return texts.str.replace_all(_HIDDEN, " ").str.replace_all(_BLOCK, "\n").str.replace_all(_TAG, " ")


def _unescaped(texts: pl.Series) -> pl.Series:
    if not texts.str.contains("&", literal=True).any():
        return texts
    values = [html.unescape(text) if text and "&" in text else text for text in texts.to_list()]
    return pl.Series(texts.name, values, dtype=pl.String)


def plain_text(texts: pl.Series, max_characters: int | None = None) -> pl.Series:
    """Strip markup, entities and invisible characters; paragraphs become lines.

    Tags are removed before and after entities are decoded, because catalogues often hold HTML that was escaped once
    too often. A `<` that opens no tag ("sizes < 40") stays.

    Args:
        texts: `[n]` strings or nulls.
        max_characters: Length to cut the readable text to; `None` keeps all of it.

    Returns:
        `[n]` strings, never null: NFC, single spaces, one `\n` between blocks, no leading or trailing space.
    """
    cleaned = _without_markup(_unescaped(_without_markup(texts.cast(pl.String).fill_null(""))))
    cleaned = cleaned.str.replace_all(_INVISIBLE, "").str.replace_all(r"[^\S\n]+", " ")
    cleaned = cleaned.str.replace_all(r" *(?:\n *)+", "\n").str.normalize("NFC").str.strip_chars()
    return cleaned if max_characters is None else cleaned.str.slice(0, max_characters).str.strip_chars_end()
