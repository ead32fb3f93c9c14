from collections import Counter

import pytest

from models.events.inference.event_roles import event_roles
from models.events.inference.event_types import constant_type, itemless_types, min_value, return_types, weighted_types

BASE = {"user": ["a", "b"] * 20, "item": [f"i{row % 7}" for row in range(40)], "time": ["2011-12-01"] * 40}


def weights(*names: str) -> dict[str, float]:
    found = weighted_types(dict.fromkeys(names, 1), {})
    return {name: guess.value["weight"] for name, guess in found.items()}


def test_weights_of_public_formats():
    shown = ("view_item_list", "Product List Viewed", "view_promotion")
    assert weights(*shown, "view_item") == {**dict.fromkeys(shown, 0), "view_item": 1}
    near = ("begin_checkout", "add_shipping_info", "Checkout Started", "Product Added")
    assert weights(*near, "select_item", "Order Completed") == {
        **dict.fromkeys(near, 3),
        "select_item": 1,
        "Order Completed": 5,
    }


def test_weights_by_name():
    assert weights("impression", "view", "addtocart", "transaction", "favourite", "refund") == {
        "impression": 0,
        "view": 1,
        "addtocart": 3,
        "transaction": 5,
        "favourite": 2,
        "refund": 0,
    }
    assert weights("remove_from_cart", "view", "buy") == {"remove_from_cart": 0, "view": 1, "buy": 5}


def test_unknown_names():
    assert weights("zorp", "view") == {"zorp": 0, "view": 1}
    assert weights("zorp", "blip") == {"zorp": 1, "blip": 1}
    assert weights("impression") == {"impression": 1}
    assert weights("purchase", "return") == {"purchase": 1, "return": 0}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3, 4, 5], 4),
        ([0.5 * step for step in range(1, 11)], 3.5),
        ([1, 10, 7, 6, 8], 7),
        ([10, 60, 80, 100], 80),
        ([-1, 0, 1], 0),
        ([1], None),
        ([], None),
    ],
)
def test_min_value(values, expected):
    assert min_value(Counter(values)) == expected


def test_only_ratings_have_a_min_value():
    found = weighted_types({"rating": 9, "purchase": 1}, Counter([1, 5, 4]))
    assert found["rating"].value["min_value"] == 4
    assert "4 and more" in found["rating"].note
    assert "min_value" not in found["purchase"].value


@pytest.mark.parametrize(
    ("columns", "event_type", "n_rules"),
    [
        ({}, "interaction", 0),
        ({"rating": ["1", "5"] * 20}, "rating", 0),
        ({"quantity": ["1", "2"] * 20}, "purchase", 0),
        ({"click": ["0", "1"] * 20}, "impression", 1),
        ({"click": ["0", "7"] * 20}, "interaction", 0),
    ],
)
def test_the_type_of_a_log_without_types(columns, event_type, n_rules):
    found = constant_type(event_roles(BASE | columns))
    assert (found[0], len(found[1])) == (event_type, n_rules)


def test_returns_and_types_without_items():
    assert return_types(["purchase", "refund", "order_cancelled"]) == ["refund", "order_cancelled"]
    assert itemless_types({"view": 10}, Counter({"login": 5, "view": 1})) == ["login"]
