import pytest

from models.reports.cost_section import cost_section, in_time


def test_the_longest_come_first_with_their_share(costs, calls):
    section = cost_section(costs, calls)
    assets, profiles = (one.table.rows for one in section.tables)
    assert [row.head for row in assets] == ["sasrec", "candi<date>s"]
    assert [cell.text for cell in assets[0].cells] == ["75\u202fs", "75.0\u202f%", "–", "1.5\u202fMB"]
    assert [cell.text for cell in assets[1].cells] == ["25\u202fs", "25.0\u202f%", "11,880", "–"]
    assert [cell.text for cell in profiles[0].cells] == ["2,400", "13", "51,000", "9,000"]
    assert section.words == ["2 assets took 1\u202fmin 40\u202fs in all, some of them side by side."]
    assert section.kind == "measured"


def test_what_is_not_recorded_is_not_shown(costs, calls):
    assert cost_section(None, None) is None
    assert cost_section(costs.clear(), calls.clear()) is None
    assert [one.corner for one in cost_section(None, calls).tables] == ["Profiles"]
    assert [one.corner for one in cost_section(costs, None).tables] == ["Asset"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0\u202fs"),
        (9.94, "9.9\u202fs"),
        (9.96, "10\u202fs"),
        (99.4, "99\u202fs"),
        (99.6, "1\u202fmin 40\u202fs"),
        (3599.6, "1\u202fh 0\u202fmin"),
        (7325.0, "2\u202fh 2\u202fmin"),
    ],
)
def test_times(seconds, text):
    assert in_time(seconds) == text
