"""Digests of what enters a profile: equal digests mean equal profiles, on any machine."""

from __future__ import annotations

import hashlib

import polars as pl
from pydantic import BaseModel


def digest_of(*parts: str) -> str:
    """SHA-256 of some strings, hexadecimal; moving characters from one part to the next changes it."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    return digest.hexdigest()


def row_digests(rows: pl.Series, version: str, config: BaseModel) -> pl.Series:
    """Digest every row's inputs together with the rules that read them.

    Args:
        rows: `[n]` strings or structs (digested as their JSON).
        version: Version of the prompt or of the extractive rules.
        config: Settings that change what is made of the inputs.

    Returns:
        `[n]` hexadecimal SHA-256 digests.
    """
    texts = rows if rows.dtype == pl.String else rows.struct.json_encode()
    settings = config.model_dump_json()
    values = [digest_of(version, settings, text) for text in texts.to_list()]
    return pl.Series(rows.name, values, dtype=pl.String)
