"""Several releases of one shop: listed, compared, verified, served again."""

import datetime as dt
import html
import json
import re
import shutil

import pytest

from pipelines.releases import all_releases, find_release, newest_release

SECOND = """INSERT INTO releases BY NAME SELECT * REPLACE ('2025-09-14-second' AS release_id, ? AS snapshot,
    created_at + INTERVAL 1 HOUR AS created_at) FROM releases"""


@pytest.fixture
def two(copy):
    """The tiny shop with a second release, whose lists are those of the first turned around."""
    copy.warehouse.write(
        lambda connection: connection.execute(
            "UPDATE recommendations SET rank = 11 - rank WHERE rank <= 10 AND as_of_day = '2025-09-14'"
        )
    )
    snapshot = copy.warehouse.snapshot()
    copy.warehouse.write(lambda connection: connection.execute(SECOND, [snapshot]))
    return copy


class TestNames:
    def test_words_beginnings_and_whole_names(self, two):
        first, second = find_release(two.warehouse, "previous"), find_release(two.warehouse, "newest")
        assert second.release_id == "2025-09-14-second" == find_release(two.warehouse, "2025-09-14-s").release_id
        assert find_release(two.warehouse, first.release_id) == first
        assert newest_release(two.warehouse) == second

    @pytest.mark.parametrize(
        ("name", "expected"), [("2025", "2 releases begin with '2025'"), ("x", "there is no release 'x'")]
    )
    def test_what_names_none_or_two_is_refused(self, two, refused, name: str, expected: str):
        line = refused("rollback", name, "-c", two.config)
        assert expected in line and "2025-09-14-second" in line

    def test_without_a_release(self, unbuilt, refused):
        assert "there is no release yet" in refused("releases", "-c", unbuilt)


class TestHistory:
    def test_all_are_listed_and_the_served_one_comes_first(self, two, invoke):
        lines = invoke("releases", "-c", two.config).stdout.splitlines()
        assert lines[0].split()[:3] == ["release", "as", "of"]
        assert lines[1].startswith("2025-09-14-second") and lines[1].rstrip().endswith("served")
        assert "served" not in lines[2]
        metrics = newest_release(two.warehouse).metrics
        (ndcg,) = [
            row["value"]
            for row in metrics
            if (row["model"], row["metric"], row["k"], row["slice"]) == ("recommendations", "ndcg", 10, "all")
        ]
        assert f"{ndcg:.4f}" in lines[1]


class TestRollback:
    def test_consumers_read_the_old_lists_again(self, two, invoke):
        top = "SELECT user_id, item_id FROM recommendations WHERE rank = 1 AND as_of_day = '2025-09-14' ORDER BY ALL"
        ask = ("sql", "-c", two.config, top, "--format", "csv")
        first = find_release(two.warehouse, "previous")
        turned = invoke(*ask).stdout
        said = invoke("rollback", "-c", two.config).stdout
        assert f"all that {first.release_id} names" in said
        assert invoke(*ask).stdout != turned
        served = newest_release(two.warehouse)
        assert (served.restores, served.snapshot, served.artifacts) == (
            first.release_id,
            first.snapshot,
            first.artifacts,
        )
        assert len(all_releases(two.warehouse)) == 3
        assert f"restores {first.release_id}" in invoke("releases", "-c", two.config).stdout

    def test_back_and_forth(self, two, invoke):
        for expected in ("first", "second", "first"):
            assert invoke("rollback", "-c", two.config).exit_code == 0
            restored = newest_release(two.warehouse).restores
            assert (restored == "2025-09-14-second") == (expected == "second")

    def test_the_served_one_cannot_be_restored(self, two, refused):
        assert "is the one that is served" in refused("rollback", "newest", "-c", two.config)
        assert len(all_releases(two.warehouse)) == 2

    def test_a_damaged_release_is_not_served(self, two, refused):
        """Of the first alone: the second names the same artifacts, so the damage is to the tables of its snapshot."""
        first = find_release(two.warehouse, "previous")
        (report,) = [two.project.output / "artifacts" / "ease" / first.artifacts["ease"]]
        file = next(path for path in sorted(report.rglob("*")) if path.is_file() and path.name != "manifest.json")
        file.write_bytes(file.read_bytes() + b"x")
        line = refused("rollback", "-c", two.config)
        assert "does not have the digest in the manifest" in line
        assert newest_release(two.warehouse).release_id == "2025-09-14-second"

    def test_a_build_afterwards_has_nothing_to_do(self, two, invoke):
        invoke("rollback", "-c", two.config)
        assert "release    up to date" in invoke("build", "-c", two.config).stdout


class TestVerify:
    def test_metrics_are_the_same_to_the_last_digit(self, tiny, invoke):
        shown = invoke("verify", "-c", tiny.config).stdout
        n_metrics = len(newest_release(tiny.warehouse).metrics)
        assert f"metrics    {n_metrics} computed again" in shown and n_metrics > 50

    def test_other_settings_since_change_nothing(self, copy, invoke):
        text = copy.config.read_text()
        copy.config.write_text(text.replace("n_resamples: 100", "n_resamples: 200\n  ks: [3]"))
        assert copy.config.read_text() != text
        assert "the same, to the last digit" in invoke("verify", "-c", copy.config).stdout

    def test_newer_tables_change_nothing(self, copy, invoke):
        copy.warehouse.write(lambda connection: connection.execute("DELETE FROM core_interactions"))
        assert "the same, to the last digit" in invoke("verify", "-c", copy.config).stdout

    def test_a_forged_number_is_found(self, copy, refused):
        rows = newest_release(copy.warehouse).metrics
        row = next(row for row in rows if row["metric"] == "ndcg" and row["model"] == "ease")
        row["value"] += 1e-12
        forged = json.dumps(rows, default=str)
        copy.warehouse.write(lambda connection: connection.execute("UPDATE releases SET metrics = ?", [forged]))
        line = refused("verify", "-c", copy.config)
        assert "1 metrics differ, e.g. ease ndcg@" in line

    def test_tables_of_the_snapshot_that_are_gone(self, copy, refused):
        shutil.rmtree(copy.project.data_path / "main" / "recommendations")
        assert "release 2025-09-14" in refused("verify", "-c", copy.config)


class TestCompare:
    def test_without_later_days_each_ones_own_numbers_are_shown(self, two, invoke):
        shown = invoke("compare", "previous", "newest", "-c", two.config).stdout
        assert "cannot be judged on the same days yet" in shown
        assert "lists of 2025-09-12" in shown

    def test_without_later_days_the_page_shows_each_ones_own_numbers(self, two, invoke, hostile_title, tmp_path):
        page = tmp_path / "page.html"
        said = invoke("compare", "previous", "newest", "-c", two.config, "--html", page).stdout
        assert str(page) in said.replace("\n", "")
        text = page.read_text()
        assert "Not to be told yet." in text and "What each recorded" in text
        assert "<h4>A</h4>" in text and "<script" not in text
        assert html.escape(hostile_title) in text

    @pytest.mark.parametrize(("name", "words"), [("", "is a folder"), ("no/page.html", "its folder does not exist")])
    def test_a_page_that_cannot_be_written_is_refused_at_once(self, two, refused, tmp_path, name, words):
        assert words in refused("compare", "previous", "newest", "-c", two.config, "--html", tmp_path / name)

    def test_on_days_since_the_better_lists_win(self, better, invoke):
        shown = invoke("compare", "previous", "newest", "-c", better.config).stdout
        assert "B is better by NDCG@10: +" in shown
        assert "on 2025-09-13 to 2025-09-14" in shown
        again = invoke("compare", "newest", "previous", "-c", better.config).stdout
        assert "B is worse by NDCG@10: -" in again
        same = invoke("compare", "newest", "newest", "-c", better.config).stdout
        assert "neither better nor worse" in same

    def test_the_page_says_the_same_and_shows_who_gained(self, better, invoke, tmp_path):
        page, back = tmp_path / "page.html", tmp_path / "back.html"
        invoke("compare", "previous", "newest", "-c", better.config, "--html", page)
        invoke("compare", "newest", "previous", "-c", better.config, "--html", back)
        text = page.read_text()
        assert "<h2>B is better than A.</h2>" in text and "<h2>B is worse than A.</h2>" in back.read_text()
        assert "Judged on 2025-09-13 to 2025-09-14" in text
        assert "recency: last 7 days" in text and "item popularity: head" in text
        gained = re.search(r"better served by B than by A, more than anyone: NDCG@10 (\S+) to (\S+)</small>", text)
        assert float(gained[2]) == 1.0 > float(gained[1])
        first_user = text[gained.start() :].split("</article>")[0]
        a, b = first_user.split("<h4>B</h4>")
        assert 'class="mark"' in b and b.count("<li") == b.count('<li class="taken"') > a.count('<li class="taken"')
        assert "worse served by B" not in text


@pytest.fixture
def better(copy):
    """A second release whose lists are what each user takes in the two days after."""
    back = dt.date(2025, 9, 12)
    taken = f"""(SELECT user_id, item_id, row_number() OVER (PARTITION BY user_id ORDER BY item_id)::INT AS rank
        FROM (SELECT DISTINCT user_id, item_id FROM core_interactions WHERE event_day > '{back}') AS later
        ANTI JOIN (FROM core_interactions WHERE event_day <= '{back}') AS before USING (user_id, item_id))"""

    def perfect(connection) -> None:
        connection.execute(f"DELETE FROM recommendations WHERE as_of_day = '{back}'")
        connection.execute(
            f"""INSERT INTO recommendations BY NAME
            SELECT r.* REPLACE (t.user_id AS user_id, t.item_id AS item_id, t.rank AS rank, DATE '{back}' AS as_of_day)
            FROM {taken} AS t CROSS JOIN (FROM recommendations LIMIT 1) AS r"""
        )

    copy.warehouse.write(lambda c: c.execute(f"UPDATE releases SET as_of_day = '{back}'"))
    copy.warehouse.write(perfect)
    snapshot = copy.warehouse.snapshot()
    copy.warehouse.write(lambda connection: connection.execute(SECOND, [snapshot]))
    return copy
