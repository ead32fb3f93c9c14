"""Returns over several days: what they undo, whatever came first, and on which day features book them."""

import numpy as np
import pytest

FIRST, SECOND, THIRD, FOURTH = (f"2024-03-0{n}" for n in range(1, 5))


def event(event_id, event_type, at, **more):
    return {"event_id": event_id, "user_id": "ann", "item_id": "i1", "event_type": event_type, "event_at": at} | more


SOURCE = {
    FIRST: [
        event("look", "click", f"{FIRST} 07:00:00"),
        event("buy 3", "purchase", f"{FIRST} 08:00:00", quantity=3.0, price=2.5),
        event("r0", "return", f"{FIRST} 06:00:00", item_id="i2", quantity=-1.0, price=0.1),
    ],
    SECOND: [
        event("buy 2", "purchase", f"{SECOND} 08:00:00", quantity=2.0, price=2.0),
        event("late", "purchase", f"{FIRST} 05:00:00", item_id="i2", price=0.1),
    ],
    THIRD: [
        event("r1", "return", f"{THIRD} 09:00:00", quantity=-4.0, price=2.25),
        event("bob's", "return", f"{THIRD} 09:00:00", user_id="bob"),
    ],
    FOURTH: [
        event("r1", "return", f"{THIRD} 09:00:00", quantity=-4.0, price=2.25),
        event("r2", "return", f"{FOURTH} 09:00:00", quantity=-1.0),
        event("test", "return", f"{FOURTH} 09:00:00", user_id="test_1"),
    ],
}


@pytest.fixture(scope="module")
def clean(new_lake):
    """A lake built at once from all days."""
    lake = new_lake()
    lake.load_days(SOURCE)
    lake.run_days(FIRST, FOURTH)
    return lake


def test_what_each_return_took_back(clean):
    columns = "event_id, purchase_event_id, quantity_matched, quantity_unmatched, purchase_quantity_left, amount"
    assert clean.sql(f"select {columns} from core_returns order by event_at, event_id, purchase_event_at desc") == [
        ("r0", "late", 1.0, 0.0, 0.0, 0.1),
        ("bob's", None, 0.0, 1.0, None, None),
        ("r1", "buy 2", 2.0, 0.0, 0.0, 4.5),
        ("r1", "buy 3", 2.0, 0.0, 1.0, 4.5),
        ("r2", "buy 3", 1.0, 0.0, 0.0, 2.5),
    ]


def test_what_is_left_of_each_interaction(clean):
    columns = "item_id, event_day::text, undone_on::text, event_id, event_type"
    assert clean.sql(f"select {columns} from core_undone_interactions order by all") == [
        ("i1", FIRST, FOURTH, "look", "click"),
        ("i1", SECOND, THIRD, None, None),
        ("i2", FIRST, FIRST, None, None),
    ]


def test_returns_are_booked_on_their_own_day_and_sales_stay(clean):
    columns = "event_day::text, n_events, {}, n_returns, returned_quantity, returned_amount"
    users = clean.sql(f"select {columns.format('spend')} from feat_user_daily where user_id = 'ann' order by 1")
    assert users == [
        (FIRST, 3, 7.6, 1, 1.0, 0.1),
        (SECOND, 1, 4.0, 0, 0.0, 0.0),
        (THIRD, 0, 0.0, 1, 4.0, 9.0),
        (FOURTH, 0, 0.0, 1, 1.0, 0.0),
    ]
    items = clean.sql(f"select {columns.format('revenue')} from feat_item_daily where item_id = 'i1' order by 1")
    assert items == [
        (FIRST, 2, 7.5, 0, 0.0, 0.0),
        (SECOND, 1, 4.0, 0, 0.0, 0.0),
        (THIRD, 0, 0.0, 2, 5.0, 9.0),
        (FOURTH, 0, 0.0, 1, 1.0, 0.0),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("order", [[FOURTH, THIRD, SECOND, FIRST], [THIRD, FIRST, FOURTH, SECOND, THIRD]])
def test_any_order_of_days_gives_the_tables_of_a_clean_build(clean, new_lake, order):
    found = new_lake("+core_undone_interactions +feat_user_daily +feat_item_daily").run_in_order(SOURCE, order)
    assert found.keys() >= {"core_returns", "core_undone_interactions", "feat_user_daily", "feat_item_daily"}
    assert found.items() <= clean.digests().items()


def test_every_data_test_passes(clean):
    statuses = clean.dbt("test", "--exclude-resource-type", "unit_test", from_day=FIRST, until_day=FOURTH)
    assert set(statuses.values()) == {"pass"}, statuses


def by_hand(events):
    """(return, purchase) -> pieces, by taking them off a pile; what no purchase answers for is under `None`."""
    piles, found = {}, {}
    for event in sorted(events, key=lambda e: (e["event_at"], e["event_type"] == "return", e["event_id"])):
        pile = piles.setdefault(event["user_id"], [])
        if event["event_type"] == "purchase":
            pile.append([event["event_id"], event["quantity"]])
            continue
        wanted = event["quantity"]
        while wanted and pile:
            taken = min(wanted, pile[-1][1])
            found[event["event_id"], pile[-1][0]] = taken
            wanted -= taken
            pile[-1][1] -= taken
            if not pile[-1][1]:
                pile.pop()
        if wanted:
            found[event["event_id"], None] = wanted
    return found


def test_random_histories_agree_with_a_pile(new_lake):
    random = np.random.default_rng(5)
    events = [
        event(
            f"e{n}",
            ["purchase", "return"][random.integers(2)],
            f"{FIRST} {random.integers(10, 20)}:{random.integers(10, 13)}:00",
            user_id=f"u{random.integers(8)}",
            quantity=float(random.integers(1, 9)) / 4,
        )
        for n in range(400)
    ]
    lake = new_lake()
    lake.load_day(FIRST, events)
    lake.dbt("run", "--select", "+core_returns", regular_pause_variation=0)
    rows = lake.sql("select event_id, purchase_event_id, quantity_matched + quantity_unmatched from core_returns")
    assert {(back, bought): pieces for back, bought, pieces in rows} == by_hand(events)
    assert len(rows) > 250
