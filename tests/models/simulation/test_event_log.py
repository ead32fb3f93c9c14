import datetime as dt
import json
from collections import Counter, defaultdict

import numpy as np
import pytest

from models.simulation.catalogue import make_catalogue
from models.simulation.event_log import DayLog, EventType, event_frame
from models.simulation.world import make_world

FIELDS = [
    *("event_id", "user_id", "item_id", "type", "ts", "session_id", "impression_id", "position", "propensity"),
    *("price", "quantity", "query", "user_agent"),
]


def test_every_line_has_every_field_and_the_right_ones_are_null(clean_events):
    for event in clean_events:
        assert list(event)[1:] == FIELDS
        listed, paid, search = event["position"], event["type"] in ("cart", "purchase"), event["type"] == "search"
        assert (event["item_id"] is None) == search == (event["query"] is not None)
        assert (event["price"] is not None) == (event["quantity"] is not None) == paid
        assert (event["impression_id"] is None) == (event["propensity"] is None) == (listed is None)
        assert listed is not None or event["type"] != "impression"


def test_all_types_occur_in_a_sensible_proportion(clean_events):
    n = Counter(event["type"] for event in clean_events)
    assert set(n) == {"impression", "click", "cart", "purchase", "search"}
    assert n["impression"] > n["click"] > n["search"] > n["purchase"]
    assert n["click"] > n["cart"] > n["purchase"]


def test_lists_are_whole_and_clicks_on_them_point_back(clean_events):
    lists = defaultdict(dict)
    for event in clean_events:
        if event["type"] == "impression":
            lists[event["impression_id"]][event["position"]] = (event["item_id"], event["propensity"], event["ts"])
    for shown in lists.values():
        assert sorted(shown) == [1, 2, 3, 4, 5, 6]
        assert len({item for item, _, _ in shown.values()}) == 6
    clicks = [event for event in clean_events if event["type"] == "click" and event["impression_id"]]
    assert len(clicks) > 100
    for click in clicks:
        item, propensity, at = lists[click["impression_id"]][click["position"]]
        assert (item, propensity) == (click["item_id"], click["propensity"])
        assert at < click["ts"]


def test_the_first_position_is_clicked_more_than_the_last(clean_events):
    n = Counter(event["position"] for event in clean_events if event["type"] == "click")
    assert n[1] > 1.5 * n[6]


def test_carts_and_purchases_follow_a_click_in_their_session(clean_events):
    seen = set()
    before = {"cart": "click", "purchase": "cart"}
    for event in clean_events:
        key = (event["session_id"], event["item_id"])
        if event["type"] in before:
            assert (*key, before[event["type"]]) in seen
            assert event["quantity"] >= 1
            assert event["price"] > 0
        seen.add((*key, event["type"]))


def test_a_search_names_what_was_clicked_next(clean_shop, clean_events):
    titles = {}
    for line in (clean_shop / "catalogue.jsonl").read_text().splitlines():
        item = json.loads(line)
        titles[item["item_id"]] = item["title"].lower()
    waiting, n = {}, 0
    for event in clean_events:
        if event["type"] == "search":
            waiting[event["session_id"]] = event["query"]
        elif event["type"] == "click" and event["session_id"] in waiting and not event["impression_id"]:
            words = waiting.pop(event["session_id"]).split()
            assert all(word in titles[event["item_id"]] for word in words)
            n += 1
    assert n > 50


@pytest.mark.parametrize(("seconds", "written"), [(3.5, "00:00:03.500Z"), (90_000.0, "23:59:59.999Z")])
def test_times_are_written_in_milliseconds_and_stay_in_their_day(seconds, written, small):
    config = small()
    catalogue = make_catalogue(config)
    log = DayLog(0)
    one = np.array([0])
    log.add(EventType.CLICK, one, log.new_sessions(1), np.array([seconds]), one)
    frame = event_frame(log, make_world(config, catalogue), catalogue, dt.date(2025, 9, 1))
    assert frame["ts"].to_list() == [f"2025-09-01T{written}"]
