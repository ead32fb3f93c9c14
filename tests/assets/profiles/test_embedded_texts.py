"""The text of a profile that is embedded, with and without the titles of other items."""

import datetime as dt

from assets.point_in_time import interactions_until, items_known
from models.profiles.company import item_company
from pipelines.jobs import LEARNING_JOB
from pipelines.runs import run_days

DAY = dt.date(2025, 9, 20)
DAYS = [dt.date(2025, 9, 17), DAY]
"""The last day before the validation days, and the as-of day."""


def texts(shop, table: str) -> dict[str, tuple[str, str]]:
    rows = shop.warehouse.read(f"SELECT * FROM {table} WHERE as_of_day = ?", [DAY])
    return {row[0]: row[1:] for row in rows.select(rows.columns[1], "text", "profile", "summary").iter_rows()}


def test_by_default_it_is_the_profiles_own(built):
    of_items, of_users = texts(built, "item_profiles"), texts(built, "user_profiles")
    assert all(text.startswith(summary) for text, _, summary in of_items.values())
    assert all(text.endswith(summary) for text, _, summary in of_users.values())


def test_with_company_it_names_other_items_and_the_profile_does_not(built, copied):
    company = {"n_items": 3, "min_users": 3, "n_favourites": 4, "shrinkage": 1.0}
    copied.configure(profiles={"company": company})
    settings, names = copied.project.settings, ["item_profiles", "user_profiles"]
    outcome = run_days(copied.definitions(), copied.instance(), settings, LEARNING_JOB, DAY, print, names)
    assert outcome.success, outcome.failures
    before, after = texts(built, "item_profiles"), texts(copied, "item_profiles")
    told = {item: text for item, (text, _, _) in after.items() if "Taken with" in text}
    assert len(told) > len(after) / 2
    assert all(before[item][1:] == after[item][1:] for item in after), "the profiles are what they were"
    known = items_known(copied.warehouse, DAY)
    by_day = [item_company(interactions_until(copied.warehouse, day), known, settings.profiles.company) for day in DAYS]
    suffixes = [{item: f" Taken with {', '.join(names)}." for item, names in named.items()} for named in by_day]
    assert all(told[item].endswith(suffix) for item, suffix in suffixes[0].items()) and len(told) == len(suffixes[0])
    assert suffixes[0] != suffixes[1], "what models are judged on, the validation days, would have shown"
    embedded = {text for text, _, _ in after.values()}
    for text, _, _ in texts(copied, "user_profiles").values():
        favourites = text.split("\n\n")
        assert len(favourites) <= company["n_favourites"] and embedded.issuperset(favourites)
