import datetime as dt

import pytest

from assets.ranking.ranking_dataset import load, windows
from pipelines.definitions import graph_of
from resources.settings import Project
from resources.settings_sections import Split

DAY = dt.date(2025, 9, 20)


@pytest.mark.parametrize(
    ("validation_days", "label_windows", "cuts"),
    [(7, 2, [13, 16]), (6, 3, [14, 16, 18]), (3, 1, [17]), (1, 2, [19]), (2, 5, [18, 19])],
)
def test_they_fill_the_validation_days(built, validation_days, label_windows, cuts):
    split = Split(validation_days=validation_days, label_windows=label_windows)
    settings = built.project.settings.model_copy(update={"split": split})
    found = windows(graph_of(Project(built.project.path, settings)), DAY)
    assert [cut.day for cut, _ in found] == cuts
    assert [until for _, until in found] == [cut for cut, _ in found[1:]] + [DAY]


def test_each_window_knows_what_lies_before_it_and_is_labelled_with_what_happened_in_it(built):
    dataset = load(built.warehouse, built.artifacts, DAY)
    assert dataset["window"].unique().sort().to_list() == [0, 1]
    for window, (cut, until) in enumerate(windows(graph_of(built.project), DAY)):
        rows = dataset.filter(dataset["window"] == window)
        sql = "SELECT DISTINCT user_id, item_id FROM core_interactions WHERE event_day > ? AND event_day <= ?"
        happened = set(built.warehouse.read(sql, [cut, until]).iter_rows())
        assert set(rows.filter(rows["gain"] > 0).select("user_id", "item_id").iter_rows()) <= happened
        assert not set(rows.filter(rows["gain"] == 0).select("user_id", "item_id").iter_rows()) & happened
        sql = "SELECT item_id, n_interactions FROM feat_item_daily WHERE event_day = ?"
        counted = dict(built.warehouse.read(sql, [cut]).iter_rows())
        for item, n in set(rows.select("item_id", "item_interactions_1d").iter_rows()):
            assert n == counted.get(item, 0)


def test_the_baselines_of_a_window_count_up_to_its_cut(built):
    dataset = load(built.warehouse, built.artifacts, DAY)
    scores = [
        dataset.filter(dataset["window"] == window).select("item_id", "score_popularity").drop_nulls().unique().rows()
        for window in (0, 1)
    ]
    (_, cut_0), (cut_1, _) = windows(graph_of(built.project), DAY)
    assert cut_0 == cut_1
    shared = dict(scores[0]).keys() & dict(scores[1]).keys()
    assert shared
    assert any(dict(scores[1])[item] > dict(scores[0])[item] for item in shared)
