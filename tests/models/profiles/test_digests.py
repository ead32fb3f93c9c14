import hashlib

import polars as pl
from pydantic import BaseModel

from models.profiles.digests import digest_of, row_digests


class Rules(BaseModel):
    k: int = 1


def test_parts_are_told_apart():
    assert len({digest_of("ab", "c"), digest_of("a", "bc"), digest_of("abc"), digest_of("abc", "")}) == 4


def test_known_value():
    assert digest_of("a") == hashlib.sha256(b"\x01\0\0\0\0\0\0\0a").hexdigest()


def test_rows_version_and_settings_all_count():
    rows = pl.DataFrame({"a": ["x", "x", None], "b": [1, 2, 1]}).select(pl.struct("a", "b").alias("row")).to_series()
    base = row_digests(rows, "1", Rules())
    assert base.n_unique() == 3 and base.name == "row"
    assert set(base).isdisjoint(row_digests(rows, "2", Rules()))
    assert set(base).isdisjoint(row_digests(rows, "1", Rules(k=2)))
    assert base.equals(row_digests(rows, "1", Rules()))
