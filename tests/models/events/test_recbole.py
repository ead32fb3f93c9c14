from datetime import datetime

import polars as pl
import pytest

from models.errors import UserError
from models.events.catalogue import read_catalogue
from models.events.recbole import HEADER, inter_text
from models.events.source import CatalogueSource

INTER = {"user_id": "user_id", "item_id": "item_id", "value": "rating", "event_at": "timestamp"}
OPTIONS = {"format": "recbole", "columns": INTER, "constants": {"event_type": "rating"}, "time_format": "epoch_seconds"}


@pytest.fixture
def interactions():
    return pl.DataFrame(
        {
            "user_id": ["u1", "ü 2", "9007199254740993"],
            "item_id": ['5" pipe', "a/b", "😀" * 200],
            "weight": [1.0, 0.1, 4.5],
            "event_at": [datetime(2011, 1, 5), datetime(2011, 1, 5, 10, 0, 0, 5), datetime(2199, 12, 31, 23, 59, 59, 999_999)],
            "event_type": ["click"] * 3,
        }
    )  # fmt: skip


def test_a_written_file_is_read_back(read, interactions):
    batch = read(inter_text(interactions), name="log.inter", **OPTIONS)
    assert batch.rejected.height == 0
    expected = interactions.select("user_id", "item_id", "weight", "event_at").rows()
    assert batch.accepted.select("user_id", "item_id", "value", "event_at").rows() == expected


def test_the_text_is_that_of_recbole(interactions):
    first, second, *_ = inter_text(interactions).removeprefix(HEADER).splitlines()
    assert first == 'u1\t5" pipe\t1.0\t1294185600' and second == "ü 2\ta/b\t0.1\t1294221600.000005"
    assert HEADER == "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    assert inter_text(interactions.clear()) == HEADER


@pytest.mark.parametrize("column", ["user_id", "item_id"])
@pytest.mark.parametrize("bad", ["a\tb", "a\nb", "a\r"])
def test_an_id_that_would_break_the_lines_is_refused(interactions, column, bad):
    broken = interactions.with_columns(pl.Series(column, ["a", bad, "b"]))
    with pytest.raises(UserError, match=f"{column} .* holds a tab or a line break"):
        inter_text(broken)


@pytest.mark.parametrize("column", ["user_id", "weight", "event_at"])
def test_a_missing_value_is_refused(interactions, column):
    with pytest.raises(UserError, match="is missing in a row"):
        inter_text(interactions.with_columns(pl.lit(None, dtype=interactions.schema[column]).alias(column)))


def test_types_are_no_part_of_a_name(read):
    batch = read("user_id:token\tn:float_seq\titem_id:token\trating:float\ttimestamp:float\nu\t1 2\ti\t4\t1294185600\n",
                 name="log.inter", **OPTIONS)  # fmt: skip
    assert batch.accepted.select("user_id", "item_id", "value", "event_at").row(0) == (
        "u",
        "i",
        4.0,
        datetime(2011, 1, 5),
    )


@pytest.mark.parametrize("name", ["rating", "rating:number", ":float"])
def test_a_header_without_types_is_refused(read, name):
    text = f"user_id:token\titem_id:token\t{name}\ttimestamp:float\n"
    with pytest.raises(UserError, match=f"the header field '{name}' is not `name:type`"):
        read(text, name="log.inter", **OPTIONS)


def test_a_missing_field_names_the_bare_names(read):
    with pytest.raises(UserError, match="no column 'rating'; the header holds 'user_id', 'item_id', 'timestamp'"):
        read("user_id:token\titem_id:token\ttimestamp:float\n", name="log.inter", **OPTIONS)


def test_a_repeated_header_is_rejected(read, reasons, interactions):
    batch = read(inter_text(interactions) + inter_text(interactions), name="log.inter", **OPTIONS)
    assert reasons(batch) == ["repeated_header"] and batch.rejected["source_line"].to_list() == [5]
    assert batch.accepted.height == 6


def test_an_item_file_is_a_catalogue(tmp_path):
    (tmp_path / "ml.item").write_text(
        "item_id:token\tmovie_title:token_seq\tclass:token_seq\n1\tToy Story\tAnimation Comedy\n"
    )
    columns = {"item_id": "item_id", "title": "movie_title", "category": "class"}
    source = CatalogueSource(path="ml.item", format="recbole", columns=columns, category_separator=" ")
    items = read_catalogue(source, tmp_path).items
    assert items.select("item_id", "title", "category", "description").rows() == [
        ("1", "Toy Story", "Animation", "Animation, Comedy")
    ]
