"""Amazon reviews of 2018 and of 2023, with the metadata of their items."""

from datetime import UTC, datetime

import pytest

from models.events.catalogue import read_catalogue


@pytest.mark.parametrize(("shape", "time"), [("amazon2018", 1_400_000_000), ("amazon2023", 1_600_000_000.123)])
def test_amazon_reviews(events, shape, time):
    batch = events(shape)
    expected = datetime.fromtimestamp(time, UTC).replace(tzinfo=None)
    assert batch.accepted.select("user_id", "item_id", "event_type", "event_at").row(0) == (
        ("r1", "B1", "rating", expected)
    )
    assert batch.rejected["reason"].to_list() == (["unreadable_number"] if shape == "amazon2018" else [])


def test_amazon_metadata(drafted):
    project = drafted("amazon2018")
    batch = read_catalogue(project.settings.catalogue, project.base)
    assert batch.items.select("item_id", "category", "description", "brand", "price").rows() == [
        ("B1", "Toys > Cars", "Red.", None, 1299.0),
        ("B2", "Books > Art", None, "Maker", None),
    ]
    assert batch.rejected["reason"].to_list() == ["unreadable_number"]


def test_amazon_metadata_of_2023(drafted):
    project = drafted("amazon2023")
    batch = read_catalogue(project.settings.catalogue, project.base)
    assert batch.items.select("item_id", "category", "brand", "price").rows() == [
        ("B1", "Toys", "S", 9.5),
        ("B2", "A", None, None),
    ]
