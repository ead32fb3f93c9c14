import datetime as dt
from collections import Counter

import pytest
from pydantic import ValidationError

from models.quality.day_profile import NEGATIVE, ZERO, DayProfile, quantile
from models.quality.history_rules import HistoryRules
from models.quality.trailing_weeks import first_needed, judge_days

DAY = dt.date(2025, 9, 29)
TYPES = {"click": 700, "cart": 200, "purchase": 100}
PRICES = {"0": 250, "4": 250, "8": 250, "12": 250}


def day(n_events: int = 1_000, **changes) -> DayProfile:
    """1,000 events of three types, a tenth without a user, at prices of 1, 2, 4 and 8; scaled to `n_events`."""
    profile = DayProfile(
        n_events=1_000,
        present=Counter({"user_id": 900, "price": 1_000}),
        categories={"event_type": Counter(TYPES), "items": Counter(known=450, new=50)},
        numbers={"price": Counter(PRICES)},
    )
    for name, value in changes.items():
        if name == "user_id":
            profile.present[name] = value
        elif name == "price":
            profile.numbers[name] = Counter(value)
        else:
            profile.categories[name] = Counter(value)
    whole = n_events / 1_000
    profile.n_events = n_events
    profile.present = Counter({name: round(n * whole) for name, n in profile.present.items()})
    for counts in (profile.categories, profile.numbers):
        for name in counts:
            counts[name] = Counter({bucket: round(n * whole) for bucket, n in counts[name].items()})
    return profile


def history(last: DayProfile, weeks: int = 5, **kwargs) -> dict[dt.date, DayProfile]:
    """The same weekday of the weeks before, a little different each, and the day."""
    before = {DAY - back * dt.timedelta(days=7): day(1_000 + 20 * back, **kwargs) for back in range(1, weeks + 1)}
    return {**before, DAY: last}


def beyond(profiles: dict, first: dt.date = DAY, **rules) -> dict[tuple[str, str], str]:
    found = judge_days(profiles, first, DAY, HistoryRules(**rules))
    return {(each.measure, each.column): each.verdict for each in found if each.verdict != "ok"}


def test_a_day_like_the_others_is_fine_in_every_measure():
    found = judge_days(history(day()), DAY, DAY, HistoryRules())
    assert {each.verdict for each in found} == {"ok"}
    assert {each.measure for each in found} == set(HistoryRules.model_fields["blocks"].annotation.__args__[0].__args__)


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (day(300), ("volume", "")),
        (day(3_700), ("volume", "")),
        (day(user_id=750), ("null_share", "user_id")),
        (day(event_type={"click": 880, "cart": 20, "purchase": 100}), ("type_share", "event_type")),
        (day(items={"new": 300, "known": 200}), ("new_item_share", "item_id")),
        (day(price={str(int(name) + 5): n for name, n in PRICES.items()}), ("price_quantiles", "price")),
        (day(event_type={"click": 550, "cart": 200, "purchase": 250}), ("psi", "event_type")),
        (day(price={"0": 100, "4": 250, "8": 250, "12": 400}), ("psi", "price")),
    ],
)
def test_what_is_beyond_its_limit_is_a_warning(profile, expected):
    assert beyond(history(profile))[expected] == "warn"


def test_it_says_what_was_found_and_what_is_usual():
    found = judge_days(history(day(user_id=750)), DAY, DAY, HistoryRules())
    (finding,) = [each for each in found if each.verdict != "ok"]
    assert (finding.day, finding.found, finding.usual) == (DAY, "25.0%", "10.0%")
    assert (round(finding.size, 3), finding.limit) == (0.15, 0.1)


def test_fewer_new_items_than_usual_are_no_news():
    assert beyond(history(day(items={"known": 500, "new": 0}), items={"known": 250, "new": 250})) == {}


def test_too_little_history_judges_nothing():
    odd = day(100)
    assert judge_days(history(odd, weeks=2), DAY, DAY, HistoryRules()) == []
    assert judge_days(history(odd, weeks=2), DAY, DAY, HistoryRules(min_weeks=2)) != []


def test_weeks_further_back_are_not_looked_at():
    profiles = history(day(300), weeks=5)
    only_old = {at: profile for at, profile in profiles.items() if at == DAY or at < DAY - dt.timedelta(days=14)}
    assert judge_days(only_old, DAY, DAY, HistoryRules(weeks=3, min_weeks=3)) == []
    assert judge_days(only_old, DAY, DAY, HistoryRules(weeks=5, min_weeks=3)) != []


def test_closed_days_are_neither_judged_nor_held_against():
    profiles = history(day())
    profiles[DAY - dt.timedelta(days=7)] = DayProfile()
    assert beyond(profiles) == {}
    assert judge_days({**profiles, DAY: DayProfile()}, DAY, DAY, HistoryRules()) == []


def test_other_weekdays_do_not_count():
    profiles = history(day())
    profiles |= {DAY - dt.timedelta(days=back): day(9_000, event_type={"cart": 1_000}) for back in (1, 2, 3, 8, 9)}
    assert beyond(profiles) == {}


def test_a_sparse_day_is_not_judged():
    odd = day(20, event_type={"cart": 1_000})
    profiles = {at: day(20) for at in history(odd)} | {DAY: odd}
    assert beyond(profiles) == {}
    assert ("psi", "event_type") in beyond(profiles, min_events=10)


def test_a_shop_whose_days_always_swing_is_not_told_so():
    profiles = history(day(event_type={"click": 500, "cart": 400, "purchase": 100}))
    first, second, *_ = profiles
    profiles[first] = day(event_type={"click": 520, "cart": 380, "purchase": 100})
    assert beyond(profiles) == {}
    assert set(beyond(profiles, spread=0)) == {("type_share", "event_type"), ("psi", "event_type")}


class TestErrors:
    ODD = {"event_type": {"click": 100, "cart": 800, "purchase": 100}}

    @pytest.fixture
    def drifting(self) -> dict[dt.date, DayProfile]:
        """Six weeks, and a column that has drifted for the last three days."""
        days = [DAY - dt.timedelta(days=back) for back in range(60)]
        return {at: day(1_000 + at.day, **self.ODD if at > DAY - dt.timedelta(days=3) else {}) for at in days}

    def test_the_third_day_in_a_row_is_one(self, drifting):
        found = judge_days(drifting, DAY - dt.timedelta(days=5), DAY, HistoryRules())
        told = [(each.day.day, each.verdict) for each in found if each.measure == "psi" and each.column == "event_type"]
        assert told == [(24, "ok"), (25, "ok"), (26, "ok"), (27, "warn"), (28, "warn"), (29, "fail")]

    def test_days_before_the_run_count(self, drifting):
        assert beyond(drifting)["psi", "event_type"] == "fail"

    def test_a_day_that_was_fine_in_between_begins_anew(self, drifting):
        drifting[DAY - dt.timedelta(days=1)] = day()
        assert beyond(drifting)["psi", "event_type"] == "warn"

    def test_asked_to_it_is_one_at_once(self):
        assert beyond(history(day(**self.ODD)), fail_after_days=1)["psi", "event_type"] == "fail"

    def test_below_the_second_limit_it_stays_a_warning(self):
        assert beyond(history(day(**self.ODD)), fail_after_days=1, psi_fail=9)["psi", "event_type"] == "warn"

    def test_only_measures_that_block_are(self):
        rules = {"fail_after_days": 1, "blocks": ("type_share",)}
        found = beyond(history(day(**self.ODD)), **rules)
        assert found == {("psi", "event_type"): "warn", ("type_share", "event_type"): "fail"}


@pytest.mark.parametrize(
    ("rule", "profile", "measure"),
    [
        ({"volume_factor": 5.0}, day(300), "volume"),
        ({"null_share": 0.2}, day(user_id=750), "null_share"),
        ({"type_share": 0.5}, day(event_type={"click": 300, "cart": 600, "purchase": 100}), "type_share"),
        ({"new_item_share": 0.6}, day(items={"new": 300, "known": 200}), "new_item_share"),
        ({"price_factor": 4.0}, day(price={str(int(name) + 5): n for name, n in PRICES.items()}), "price_quantiles"),
        ({"psi_warn": 99.0, "psi_fail": 99.0}, day(event_type={"cart": 1_000}), "psi"),
    ],
)
def test_every_limit_can_be_widened(rule, profile, measure):
    assert measure in {name for name, _ in beyond(history(profile))}
    assert measure not in {name for name, _ in beyond(history(profile), **rule)}


@pytest.mark.parametrize("rules", [{"weeks": 3, "min_weeks": 4}, {"psi_warn": 0.3}, {"unknown": 1}])
def test_rules_that_cannot_be_met_are_refused(rules):
    with pytest.raises(ValidationError):
        HistoryRules(**rules)


def test_the_days_it_needs_reach_back_a_week_more_than_the_weeks():
    assert first_needed(DAY, HistoryRules(weeks=4)) == DAY - dt.timedelta(days=35)


def test_a_quantile_is_about_the_middle_of_its_bin():
    bins = Counter({str(NEGATIVE - 3): 1, str(ZERO): 1, "0": 4, "40": 4})
    assert quantile(bins, 0.1) is None
    assert quantile(bins, 0.2) is None
    assert quantile(bins, 0.5) == pytest.approx(2 ** (0.5 / 4))
    assert quantile(bins, 0.9) == pytest.approx(2 ** (40.5 / 4))
    assert quantile(Counter(), 0.5) is None
