import polars as pl
import pytest

from models.text.plain_text import plain_text


def _one(text: str | None, **kwargs) -> str:
    return plain_text(pl.Series("t", [text], dtype=pl.String), **kwargs)[0]


@pytest.mark.parametrize(
    ("raw", "readable"),
    [
        (None, ""),
        ("", ""),
        ("  a \t b  ", "a b"),
        ("<p>One</p><p>Two &amp; three</p>", "One\nTwo & three"),
        ("a<b>bold</b>c", "a bold c"),
        ("x<script>alert(1)</script>y", "x y"),
        ("x<SCRIPT src='a'>alert(1)", "x"),
        ("<style>p{}</style>x<!-- hidden -->y", "x y"),
        ("sizes < 40 and > 20", "sizes < 40 and > 20"),
        ("&lt;p&gt;escaped&lt;/p&gt;", "escaped"),
        ("a\u200bb\x00c", "abc"),
        ("caf\u0065\u0301", "caf\u00e9"),
        ("😀", "😀"),
    ],
)
def test_markup_entities_and_invisible_characters_go(raw, readable):
    assert _one(raw) == readable


def test_limit_counts_readable_characters_not_markup():
    assert _one("<div class='x'>" * 500 + "hello world", max_characters=5) == "hello"


@pytest.mark.parametrize(
    "hostile", ["<" * 200_000, "<script" * 30_000, "<a " * 70_000, "<!--" * 50_000, "&lt;" * 50_000]
)
def test_hostile_markup_of_200_kilobytes_is_read_in_linear_time(hostile):
    assert isinstance(
        _one(hostile, max_characters=100), str
    )  # a quadratic pattern would run into the test's time limit


def test_a_column_of_nulls_has_no_null_left():
    assert plain_text(pl.Series("t", [None, None])).to_list() == ["", ""]
