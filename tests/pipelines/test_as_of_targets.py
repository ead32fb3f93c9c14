"""As-of days at which lists have to be learned again."""

from tiny_days import add_day, day, logs

from pipelines import plan
from pipelines.plan import as_of_targets
from pipelines.storage import warehouse_of
from resources.settings import Project
from resources.warehouse import insert


def mark_as_made(project: Project, first: int, last: int) -> None:
    """What a run of the tables would record of these days: the fingerprints of the funnel."""
    warehouse = warehouse_of(project)
    rows = plan.source_fingerprints(project, day(first), day(last))

    def transaction(connection) -> None:
        connection.execute("DELETE FROM event_funnel WHERE source_day BETWEEN ? AND ?", [day(first), day(last)])
        insert(connection, "event_funnel", rows)

    warehouse.write(transaction)


class TestAsOfDays:
    def targets(self, project: Project, last: int) -> list[tuple[int, str]]:
        return [(when.day, stage) for when, stage in as_of_targets(project, warehouse_of(project), day(last))]

    def test_after_a_build_there_is_nothing_to_learn(self, tiny):
        assert self.targets(tiny.project, 14) == []

    def test_the_first_build_makes_lists_to_judge_and_a_release(self, copy):
        copy.warehouse.write(lambda connection: connection.execute("DROP TABLE fingerprints"))
        assert self.targets(copy.project, 14) == [(12, "recommendations"), (14, "release")]

    def test_too_early_for_lists_to_judge_there_is_only_a_release(self, copy):
        copy.warehouse.write(lambda connection: connection.execute("DROP TABLE fingerprints"))
        assert self.targets(copy.project, 4) == [(4, "release")], "2 days of validation need a third before them"
        assert self.targets(copy.project, 5) == [(3, "recommendations"), (5, "release")]

    def test_the_next_day_needs_no_second_training(self, copy):
        add_day(copy, 15)
        mark_as_made(copy.project, 15, 15)
        assert self.targets(copy.project, 15) == [(15, "release")]

    def test_lists_too_old_to_be_judged_now_are_made_again(self, copy):
        for number in (15, 16, 17, 18, 19):
            add_day(copy, number)
        mark_as_made(copy.project, 15, 19)
        assert self.targets(copy.project, 19) == [(17, "recommendations"), (19, "release")]

    def test_a_changed_day_before_the_lists_makes_both_again(self, copy):
        logs(copy, 5).write_text("{}\n")
        mark_as_made(copy.project, 5, 5)
        assert self.targets(copy.project, 14) == [(12, "recommendations"), (14, "release")]

    def test_a_day_whose_late_events_reach_the_lists_counts_as_before_them(self, copy):
        logs(copy, 14).write_text("{}\n")
        mark_as_made(copy.project, 14, 14)
        assert self.targets(copy.project, 14) == [(12, "recommendations"), (14, "release")]

    def test_a_day_after_their_reach_leaves_the_lists(self, copy):
        add_day(copy, 15)
        mark_as_made(copy.project, 15, 15)
        assert plan.is_current(copy.project, copy.warehouse, "recommendations", day(12))
        assert not plan.is_current(copy.project, copy.warehouse, "recommendations", day(14))

    def test_changed_model_settings_make_both_again(self, copy, configure):
        configure(copy.folder, recommendations={"k": 5})
        assert self.targets(copy.project, 14) == [(12, "recommendations"), (14, "release")]

    def test_a_setting_that_changes_no_result_makes_none(self, copy, configure):
        configure(copy.folder, compute={"n_threads": 1}, schedule={"cron": "0 4 * * *"})
        assert self.targets(copy.project, 14) == []
