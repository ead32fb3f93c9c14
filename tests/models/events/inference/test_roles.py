import pytest

from models.events.inference.catalogue_roles import catalogue_roles, category_separators
from models.events.inference.event_roles import event_roles
from models.events.inference.profile import profile
from models.events.inference.roles import loses_trailing_zero

TIMES = [f"2011-12-{day:02}" for day in range(1, 29)]
N = len(TIMES)


def ids(prefix: str, n: int) -> list[str]:
    return [f"{prefix}{row % n}" for row in range(N)]


@pytest.mark.parametrize(
    ("names", "fields"),
    [
        (("user_id", "item_id", "timestamp"), ("user_id", "item_id", "event_at")),
        (("CustomerID", "StockCode", "InvoiceDate"), ("user_id", "item_id", "event_at")),
        (("reviewerID", "asin", "reviewTime"), ("user_id", "item_id", "event_at")),
        (("visitor", "sku", "ts"), ("user_id", "item_id", "event_at")),
        (("userId", "movieId", "date"), ("user_id", "item_id", "event_at")),
    ],
)
def test_vocabularies(names, fields):
    sample = dict(zip(names, (ids("u", 5), ids("i", 9), TIMES), strict=True))
    found = event_roles(sample)
    assert found.columns == dict(zip(fields, names, strict=True))
    assert not found.notes


def test_without_names_values_tell():
    sample = {
        "column_1": ids("u", 5),
        "column_2": ids("i", 9),
        "column_3": [str(row % 5 + 1) for row in range(N)],
        "column_4": TIMES,
        "column_5": ["view", "purchase"] * (N // 2),
    }
    found = event_roles(sample)
    assert found.columns == {
        "user_id": "column_1",
        "item_id": "column_2",
        "value": "column_3",
        "event_at": "column_4",
        "event_type": "column_5",
    }
    assert set(found.notes) == set(found.columns)


def test_the_catalogue_tells_the_item_from_the_user():
    sample = {"column_1": ids("i", 9), "column_2": ids("u", 7), "column_3": TIMES}
    assert event_roles(sample).columns["user_id"] == "column_1"
    found = event_roles(sample, frozenset(ids("i", 9)))
    assert (found.columns["item_id"], found.columns["user_id"]) == ("column_1", "column_2")


@pytest.mark.parametrize(
    ("column", "values", "expected", "left_out"),
    [
        ("position", [1, 2, 3, 1], "position", ""),
        ("position", [0, 1, 2, 1], None, "whole numbers from 1"),
        ("propensity_score", [0.1, 1], "propensity", ""),
        ("propensity_score", [0.1, 0], None, "above 0"),
        ("price", ["1.5", "2"], "price", ""),
        ("price", ["1,5", "2"], None, "decimal commas"),
        ("event", ["view", "buy"], "event_type", ""),
        ("event", [f"e{row}" for row in range(60)], None, "60 different values"),
        ("event_id", ["a", "b", "c"], "event_id", ""),
        ("event_id", ["a", "b", "a"], None, "come twice"),
        ("country", [["UK"], ["FR"]], None, "lists"),
        ("rating", ["", ""], None, "empty"),
    ],
)
def test_values_have_to_agree_with_the_name(column, values, expected, left_out):
    rows = max(N, len(values))
    sample = {
        "user": [f"u{row % 5}" for row in range(rows)],
        "item": [f"i{row % 9}" for row in range(rows)],
        "time": [1_300_000_000 + row for row in range(rows)],
        column: values if column == "event_id" or len(values) > N else (values * rows)[:rows],
    }
    found = event_roles(sample)
    assert {field for field, name in found.columns.items() if name == column} == ({expected} if expected else set())
    assert found.columns["event_at"] == "time"
    assert left_out in " ".join(found.left_out)


def test_two_columns_for_a_field_are_told():
    found = event_roles({"user_id": ids("u", 5), "item_id": ids("i", 9), "asin": ids("a", 9), "time": TIMES})
    assert found.columns["item_id"] == "item_id"
    assert "could also be 'asin'" in found.notes["item_id"]


def test_a_clock_without_a_day_is_no_time():
    found = event_roles({"user": ids("u", 5), "item": ids("i", 9), "time": ["08:26"] * N, "date": TIMES})
    assert found.columns["event_at"] == "date"


def test_a_row_number_is_nobody():
    found = event_roles(
        {"column_1": list(range(N)), "column_2": ids("u", 5), "column_3": ids("i", 9), "column_4": TIMES}
    )
    assert (found.columns["user_id"], found.columns["item_id"]) == ("column_2", "column_3")


def test_few_features_are_no_users():
    rows = 2000
    features = [f"f{row % 4}" for row in range(rows)]
    sample = {"time": ["2011-12-01"] * rows, "item_id": [str(row % 30) for row in range(rows)], "feature": features}
    assert "user_id" not in event_roles(sample).columns


def test_catalogue_by_names_and_by_values():
    titles, genres = ["Toy Story", "Heat", "Ran"], ["Comedy", "Drama", "Drama"]
    named = catalogue_roles({"movieId": ["1", "2", "3"], "title": titles, "genres": genres})
    assert named.columns == {"item_id": "movieId", "title": "title", "category": "genres"}
    unnamed = catalogue_roles({"column_1": genres, "column_2": ["1", "2", "3"], "column_3": titles})
    assert unnamed.columns == {"item_id": "column_2", "title": "column_3", "category": "column_1"}


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["Drama|War", "Comedy"], {"category_separator": "|"}),
        (["Home > Garden", "Home"], {"path_separator": ">"}),
        (["Home/Garden", "Home"], {"path_separator": "/"}),
        (["Home", "Garden"], {}),
        ([], {}),
    ],
)
def test_category_separators(texts, expected):
    assert category_separators(profile(texts)) == expected


def test_missing_values_and_trailing_zeros():
    assert profile(["a", "N/A", "(no genres listed)", None, ""]).also_missing == ("(no genres listed)", "N/A")
    assert profile(["a", "b"]).also_missing == ()
    assert loses_trailing_zero(profile(["17850.0", "", "13047.0"]))
    assert not loses_trailing_zero(profile(["17850", "13047"]))
    assert not loses_trailing_zero(profile(["v1.0", "v2.0"]))
