import numpy as np
import polars as pl

from models.retrieval.interactions import Interactions
from models.retrieval.reasons import add_reasons


class Names:
    """Says that everything is due to one item of the history."""

    def __init__(self, name: str, item: int):
        self.name, self.item = name, item

    def because_of(self, history: np.ndarray, items: np.ndarray) -> np.ndarray:
        known = self.item in history.tolist()
        return np.full(len(items), self.item if known else -1, dtype=np.int32)


HISTORIES = Interactions(
    user_ids=np.array(["ann", "bob"], dtype=object),
    item_ids=np.array(["a", "b", "c", "d"], dtype=object),
    offsets=np.array([0, 2, 3]),
    items=np.array([0, 1, 1], dtype=np.int32),
    times=np.arange(3),
    weights=np.ones(3, dtype=np.float32),
)


def reasons(rows, *models):
    lists = pl.DataFrame(rows, schema=["user_id", "item_id", "sources"], orient="row")
    return add_reasons(lists, HISTORIES, list(models))["because_of"].to_list()


def test_only_a_model_that_offered_an_item_says_why():
    rows = [
        ("ann", "c", ["first"]),
        ("bob", "d", ["second"]),
        ("ann", "d", ["second", "first"]),
        ("ann", "c", ["other"]),
    ]
    assert reasons(rows, Names("first", 0), Names("second", 1)) == [["a"], ["b"], ["a", "b"], []]


def test_the_same_reason_is_given_once_and_an_unknown_one_not_at_all():
    rows = [("ann", "c", ["first", "second"]), ("bob", "c", ["first", "second"])]
    assert reasons(rows, Names("first", 0), Names("second", 0)) == [["a"], []]
