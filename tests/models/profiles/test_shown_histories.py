"""Long histories in short prompts."""

import polars as pl
import pytest

from models.profiles.config import UserExtraction
from models.profiles.shown_histories import counted_histories, selected, shown_events, shown_labels, touched_items
from models.profiles.user_events import weighed_events

RULES = UserExtraction(half_life_days=30)


@pytest.fixture
def prepared(make_items, make_interactions, as_of):
    """Events of rows as `make_interactions` takes them, on items `kind-number` of the category `kind`."""

    def make(rows, back=()):
        items = sorted({item for _, item, *_ in rows})
        catalogue = make_items([{"item_id": item, "category": f"Shop > {item.split('-')[0]}"} for item in items])
        events = weighed_events(make_interactions(rows), as_of, RULES)
        return events.with_columns(given_back=pl.col("event_id").is_in(back)), shown_labels(catalogue, 2)

    return make


class TestSelection:
    def test_everything_of_a_short_history_the_oldest_first(self, prepared):
        rows = [("u", "mug-1", 3, 1.0, None), ("u", "lamp-1", 9, 1.0, None), ("u", "mug-2", 0, 1.0, None)]
        events, labels = prepared(rows)
        assert selected(touched_items(events), labels, 3)["item_id"].to_list() == ["lamp-1", "mug-1", "mug-2"]

    def test_all_that_was_done_with_an_item_is_one_row(self, prepared):
        rows = [("u", "mug-1", 3, 5.0, None), ("u", "mug-1", 0, 1.0, None), ("u", "mug-1", 1, 1.0, None)]
        events, _ = prepared(rows, back=("e2",))
        kept, back = touched_items(events).sort("times", descending=True).rows(named=True)
        assert (kept["event_id"], kept["times"], kept["given_back"]) == ("e1", 2, False)
        assert (back["event_id"], back["times"], back["given_back"]) == ("e2", 1, True)

    def test_half_is_newest_and_half_goes_round_the_categories(self, prepared):
        """Of 30 mugs, 3 lamps and a rug, all but the newest mugs long ago, four are shown besides the newest four."""
        rows = [("u", f"mug-{n}", 60 - n, 1.0 + n / 100, None) for n in range(30)]
        rows += [("u", f"lamp-{n}", 90, 1.0 + n, None) for n in range(3)] + [("u", "rug-1", 99, 1.0, None)]
        events, labels = prepared(rows)
        chosen = selected(touched_items(events), labels, 8)["item_id"].to_list()
        assert chosen[-4:] == ["mug-26", "mug-27", "mug-28", "mug-29"]
        assert sorted(chosen[:4]) == ["lamp-2", "mug-24", "mug-25", "rug-1"]

    def test_items_of_no_category_are_one_of_their_own(self, prepared):
        rows = [("u", f"mug-{n}", n, 1.0, None) for n in range(9)] + [("u", "rug-1", 50, 0.1, None)]
        events, labels = prepared(rows)
        chosen = selected(touched_items(events), labels.filter(pl.col("item_id") != "rug-1"), 4)
        assert "rug-1" in chosen["item_id"]

    def test_the_order_of_the_rows_does_not_matter(self, shop, as_of):
        items, interactions = shop
        labels = shown_labels(items, 2)

        def run(frame):
            events = weighed_events(frame, as_of, RULES).with_columns(given_back=pl.lit(False))
            return selected(touched_items(events), labels, 7)

        shuffled = interactions.sample(fraction=1.0, shuffle=True, seed=2)
        assert run(shuffled).equals(run(interactions))
        assert run(interactions).group_by("user_id").len()["len"].max() == 7

    def test_what_was_given_back_in_part_comes_after_what_was_kept(self, prepared):
        """Both rows have the same event; in whatever order they come, the prompt is the same."""
        events, labels = prepared([("u", "mug-1", 0, 5.0, None), ("u", "lamp-1", 3, 1.0, None)])
        both = pl.concat([events, events.filter(pl.col("item_id") == "mug-1").with_columns(given_back=pl.lit(True))])
        for rows in (both, both.reverse()):
            chosen = selected(touched_items(rows), labels, 3)
            assert chosen["given_back"].to_list() == [False, False, True]

    def test_a_user_with_200_000_events_and_one_with_one(self, prepared):
        rows = [("u", f"kind{n % 40}-{n % 5000}", n % 400, 1.0, None) for n in range(200_000)]
        events, labels = prepared([*rows, ("v", "rug-1", 0, 1.0, None)])
        chosen = selected(touched_items(events), labels, 40)
        told = counted_histories(events, labels, 5)
        assert dict(chosen.group_by("user_id").len().iter_rows()) == {"u": 40, "v": 1}
        assert told["u"]["events"] == 200_000 and len(told["u"]["categories"]) == 5
        oldest = chosen.filter(pl.col("user_id") == "u").join(labels, on="item_id", maintain_order="left")[:20]
        assert oldest["label"].n_unique() == 20, "the older half shows as many categories as it can"


class TestCounts:
    def test_by_hand(self, prepared, as_of):
        rows = [("u", "mug-1", 60, 1.0, None), ("u", "mug-2", 30, 1.0, None), ("u", "lamp-1", 0, 1.0, None)]
        events, labels = prepared([*rows, ("u", "vase-1", 0, 1.0, None), ("v", "vase-1", 0, 1.0, None)], ("e3", "e4"))
        told = counted_histories(events, labels, 1)
        assert told == {
            "u": {
                "events": 3,
                "first_day": "2025-12-31",
                "last_day": str(as_of),
                "categories": [
                    {
                        "category": "Shop > lamp",
                        "events": 1,
                        "share": 0.57,
                        "first_day": str(as_of),
                        "last_day": str(as_of),
                    }
                ],
            }
        }


def test_events_as_the_model_sees_them(prepared, as_of):
    rows = [("u", "mug-1", 3, 5.0, None), ("u", "mug-1", 0, 1.0, None), ("u", "lamp-1", 0, 1.0, None)]
    events, _ = prepared(rows, back=("e2",))
    (shown,) = shown_events(touched_items(events), {"mug-1": "Mug", "lamp-1": "Lamp"}).values()
    assert [event.data(f"e{n}") for n, event in enumerate(shown, 1)] == [
        {"ref": "e1", "day": str(as_of), "did": "click", "item": "Mug", "times": 2},
        {"ref": "e2", "day": str(as_of), "did": "click", "item": "Lamp", "given_back": True},
    ]
