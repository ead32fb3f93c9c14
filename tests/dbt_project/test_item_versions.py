"""core_item_versions: what was true of an item, from which day to which."""

import pytest

pytestmark = pytest.mark.slow

VARIABLES = {"partition_start": "2024-01-01"}
OF_ITEMS = "+core_items"
MODELS = ["stg_items", "stg_catalogue_days", "core_item_versions", "core_items"]


def day(number: int) -> str:
    return f"2024-01-{number:02}"


def event(event_id, item, at, **more):
    return {"event_id": event_id, "user_id": "ann", "item_id": item, "event_at": f"{at} 10:00:00"} | more


def item(item_id, **more):
    return {"item_id": item_id} | more


CATALOGUES = {
    day(3): [
        item("steady", title="Steady", price=1.0),
        item("dearer", title="Dearer", price=1.0),
        item("gone", title="Gone"),
        item("back", title="Back"),
        item("sold out", stock=2.0),
        item("seen before", title="From the catalogue", price=5.0),
        item("announced", available_from=f"{day(7)} 12:00:00"),
        item("closing", withdrawn_at=f"{day(4)} 12:00:00"),
        item("cancelled", available_from=f"{day(20)} 12:00:00"),
    ],
    day(5): [
        item("steady", title="Steady", price=1.0),
        item("dearer", title="Dearer", price=2.0),
        item("sold out", stock=0.0),
        item("seen before", title="From the catalogue", price=5.0),
        item("announced", available_from=f"{day(7)} 12:00:00"),
        item("closing", withdrawn_at=f"{day(4)} 12:00:00"),
    ],
    day(8): [
        item("steady", title="Steady", price=1.0),
        item("dearer", title="Dearest", price=2.0),
        item("back", title="Back"),
        item("sold out", stock=0.0),
        item("seen before", title="From the catalogue", price=6.0),
        item("announced", available_from=f"{day(7)} 12:00:00"),
        item("closing", withdrawn_at=f"{day(4)} 12:00:00"),
    ],
}
EVENTS = {
    day(2): [event("a", "seen before", day(2), item_title="From an event", price=4.0), event("b", "extra", day(2))],
    day(4): [
        event("c", "seen before", day(4), price=9.0),
        event("d", "extra", day(4), price=3.0),
        event("h", "cancelled", day(4)),
    ],
    day(5): [event("e", "extra", day(5), price=3.0, item_title="Extra")],
    day(6): [event("f", "extra", day(6), price=3.0, item_title="Another title")],
    day(9): [event("g", "extra", day(9), price=2.5)],
}


def versions(lake, columns="title, price, is_available"):
    """Item -> (first day, first day after, columns) of each version; days as numbers."""
    sql = f"select item_id, day(valid_from), day(valid_to), {columns} from core_item_versions order by 1, valid_from"
    found: dict[str, list] = {}
    for item_id, *rest in lake.sql(sql):
        found.setdefault(item_id, []).append(tuple(rest))
    return found


def load(lake, catalogues=CATALOGUES, events=EVENTS):
    for source_day, items in catalogues.items():
        lake.load_catalogue_day(source_day, items)
    for source_day, rows in events.items():
        lake.load_day(source_day, rows)
    lake.run_days(day(1), day(9), **VARIABLES)


@pytest.fixture(scope="module")
def lake(new_lake):
    lake = new_lake()
    load(lake)
    return lake


def test_every_change_begins_a_version_and_nothing_else_does(lake):
    found = versions(lake)
    assert found["steady"] == [(3, None, "Steady", 1.0, True)]
    assert found["dearer"] == [
        (3, 5, "Dearer", 1.0, True),
        (5, 8, "Dearer", 2.0, True),
        (8, None, "Dearest", 2.0, True),
    ]


def test_an_item_that_a_later_catalogue_lacks_is_withdrawn_from_then_on(lake):
    found = versions(lake, "is_available, withdrawn_at::date::text, origin")
    assert found["gone"] == [(3, 5, True, None, "catalogue"), (5, None, False, day(5), "absence")]
    assert found["back"] == [
        (3, 5, True, None, "catalogue"),
        (5, 8, False, day(5), "absence"),
        (8, None, True, None, "catalogue"),
    ]


def test_sold_out_announced_and_closing_items(lake):
    found = versions(lake, "is_available")
    assert found["sold out"] == [(3, 5, True), (5, None, False)]
    assert found["announced"] == [(7, None, True)], "not known before it is offered"
    assert found["cancelled"] == [(5, None, False)], "never offered, but its events need an item"
    assert found["closing"] == [(3, 4, True), (4, None, False)]


def test_events_speak_until_the_catalogue_does(lake):
    found = versions(lake, "title, price, origin, source_file, source_line")
    assert found["seen before"] == [
        (2, 3, "From an event", 4.0, "events", None, None),
        (3, 8, "From the catalogue", 5.0, "catalogue", f"{day(3)}.csv", 7),
        (8, None, "From the catalogue", 6.0, "catalogue", f"{day(8)}.csv", 6),
    ]


def test_without_a_catalogue_the_first_title_stays_and_the_price_follows_the_days(lake):
    assert versions(lake)["extra"] == [
        (2, 4, None, None, True),
        (4, 5, None, 3.0, True),
        (5, 9, "Extra", 3.0, True),
        (9, None, "Extra", 2.5, True),
    ]


def test_core_items_holds_the_last_versions(lake):
    columns = "title, price, stock, first_seen_on::text"
    found = {row[0]: row[1:] for row in lake.sql(f"select item_id, {columns} from core_items")}
    assert found["dearer"] == ("Dearest", 2.0, None, day(3))
    assert found["seen before"] == ("From the catalogue", 6.0, None, day(2))
    assert found["sold out"] == (None, None, 0.0, day(3))
    assert len(found) == lake.sql("select count(distinct item_id) from core_item_versions")[0][0]


@pytest.mark.parametrize("order", [[2, 0, 1], [1, 2, 0]])
def test_any_order_of_catalogues_and_days_gives_the_same_versions(lake, new_lake, order):
    other = new_lake(OF_ITEMS)
    catalogues, events = list(CATALOGUES.items()), list(EVENTS.items())
    for number in order:
        for source_day, rows in events[number::3]:
            other.load_day(source_day, rows)
            other.run_days(source_day, **VARIABLES)
        other.load_catalogue_day(*catalogues[number])
        other.dbt("run", "--select", *MODELS, **VARIABLES)
    found = other.digests()
    assert found.keys() >= {"core_item_days", "core_item_versions", "core_items"}
    assert found.items() <= lake.digests().items()


def test_nothing_after_a_day_changes_what_was_known_at_its_end(lake, new_lake):
    """A lake that ends with day 5 and the one that goes on agree on every version as of day 5."""
    early = new_lake(OF_ITEMS)
    load(
        early,
        {source_day: rows for source_day, rows in CATALOGUES.items() if source_day <= day(5)},
        {source_day: rows for source_day, rows in EVENTS.items() if source_day <= day(5)},
    )
    known = f"""select * exclude (valid_to, is_current) from core_item_versions
        where valid_from <= '{day(5)}' and coalesce(valid_to > '{day(5)}', true) order by all"""
    assert early.sql(known) == lake.sql(known) != []


@pytest.fixture
def corrected(new_lake):
    lake = new_lake(OF_ITEMS)
    load(lake)
    return lake


def rerun(lake):
    statuses = lake.dbt("run", "--select", *MODELS, **VARIABLES)
    assert set(statuses.values()) == {"success"}


def test_corrections_of_an_old_catalogue(corrected):
    """In one lake: a changed old day, a day that broke off, and a day without a readable record."""
    changed = [row | ({"price": 1.5} if row["item_id"] == "dearer" else {}) for row in CATALOGUES[day(5)]]
    corrected.load_catalogue_day(day(5), changed)
    rerun(corrected)
    assert [row[:2] + row[3:4] for row in versions(corrected)["dearer"]] == [(3, 5, 1.0), (5, 8, 1.5), (8, None, 2.0)]

    corrected.load_catalogue_day(day(5), CATALOGUES[day(5)][:1], broken=True)
    rerun(corrected)
    found = versions(corrected, "is_available")
    assert found["gone"] == [(3, 8, True), (8, None, False)], "what a broken file lacks is not withdrawn"
    assert found["back"] == [(3, None, True)]

    corrected.load_catalogue_day(day(5), [])
    rerun(corrected)
    assert versions(corrected, "is_available") == found


def test_a_catalogue_without_days_holds_for_ever(new_lake):
    lake = new_lake(OF_ITEMS)
    rows = [
        item("plain", title="Plain", price=1.0),
        item("closing", available_from=f"{day(2)} 09:00:00", withdrawn_at=f"{day(4)} 12:00:00"),
        item("empty", stock=0.0),
    ]
    lake.load_items(rows)
    lake.load_day(day(3), [event("a", "plain", day(3), price=9.0, item_title="Other")])
    lake.run_days(day(3), **VARIABLES)
    assert versions(lake) == {
        "plain": [(3, None, "Plain", 1.0, True)],
        "closing": [(2, 4, None, None, True), (4, None, None, None, False)],
        "empty": [(1, None, None, None, False)],
    }
    lake.load_items([row | {"available_from": None} for row in rows])
    rerun(lake)
    assert versions(lake, "is_available")["plain"] == [(1, None, True)]


DAMAGE = {
    "an overlap": "update core_item_versions set valid_to = valid_to + 1 where item_id = 'dearer' and valid_from = '2024-01-03'",
    "a gap": "delete from core_item_versions where item_id = 'dearer' and valid_from = '2024-01-05'",
    "an end": "delete from core_item_versions where item_id = 'dearer' and is_current",
    "two current": "update core_item_versions set is_current = true where item_id = 'dearer'",
    "no change": "update core_item_versions set title = 'Same', price = 1 where item_id = 'dearer'",
    "no day": "update core_item_versions set valid_to = valid_from where item_id = 'dearer' and valid_from = '2024-01-03'",
}


def test_overlaps_gaps_and_repetitions_are_noticed(corrected):
    test = ("test", "--select", "item_versions_follow_each_other")
    assert corrected.dbt(*test) == {"item_versions_follow_each_other": "pass"}
    for name, statement in DAMAGE.items():
        rerun(corrected)
        corrected.sql(statement)
        assert corrected.dbt(*test) == {"item_versions_follow_each_other": "fail"}, name
