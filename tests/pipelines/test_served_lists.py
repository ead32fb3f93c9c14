from pathlib import Path

import pytest


@pytest.fixture
def user(tiny) -> str:
    """A user in whose list an item with the hostile title stands."""
    sql = """SELECT user_id FROM recommendations JOIN core_items USING (item_id)
        WHERE as_of_day = DATE '2025-09-14' AND rank <= 5 AND title LIKE '[bold]%' ORDER BY ALL LIMIT 1"""
    return tiny.warehouse.read(sql)["user_id"][0]


class TestRecommend:
    def test_a_list_with_ranks_sources_and_reasons(self, tiny, invoke, user: str):
        result = invoke("recommend", "-c", tiny.config, user, "-k", 5)
        assert result.exit_code == 0
        lines = result.stdout.splitlines()
        assert lines[0].startswith(f"User {user}, as of 2025-09-14 (release 2025-09-14-")
        assert lines[1].split() == ["rank", "item", "title", "offered", "by", "because", "of"]
        ranks = [line.split()[0] for line in lines[2:] if line[:4].strip().isdigit()]
        assert ranks == ["1", "2", "3", "4", "5"]
        sources = tiny.warehouse.read("SELECT DISTINCT unnest(sources) AS s FROM recommendations")["s"].to_list()
        assert any(source in result.stdout for source in sources)

    def test_items_and_their_reasons_are_those_of_the_table(self, tiny, invoke, user: str):
        sql = """SELECT item_id, because_of FROM recommendations
            WHERE as_of_day = DATE '2025-09-14' AND user_id = ? AND rank = 1"""
        item, because = tiny.warehouse.read(sql, [user]).row(0)
        titles = dict(tiny.warehouse.read("SELECT item_id, title FROM core_items").iter_rows())
        shown = " ".join(invoke("recommend", "-c", tiny.config, user, "-k", 1).stdout.split())
        assert item in shown
        for reason in because:
            assert titles[reason].split()[0].replace("\x1b[31m", "") in shown

    def test_titles_are_printed_literally(self, tiny, invoke, user: str):
        shown = invoke("recommend", "-c", tiny.config, user).stdout
        for part in ("[bold]Lamp", "<script>", ":bug:"):
            assert part in shown
        assert "\x1b" not in shown
        assert max(len(line) for line in shown.splitlines()) <= 120

    @pytest.mark.parametrize("name", ["nobody", "u'; DROP TABLE recommendations; --", "", "[bold]x\x1b[31m\n"])
    def test_an_unknown_user_is_told_who_has_one(self, tiny, refused, name: str):
        line = refused("recommend", "-c", tiny.config, name)
        assert "no list for user" in line
        assert "Users with a list are e.g. u" in line

    def test_users_with_a_similar_name_are_suggested(self, tiny, refused, user: str):
        assert user in refused("recommend", "-c", tiny.config, f"{user}x")

    def test_a_release_without_lists_says_so(self, copy, refused):
        copy.warehouse.write(lambda connection: connection.execute("DELETE FROM recommendations"))
        copy.warehouse.write(
            lambda connection: connection.execute("UPDATE releases SET snapshot = ?", [copy.warehouse.snapshot()])
        )
        assert "No user has one." in refused("recommend", "-c", copy.config, "u1")


class TestReport:
    def test_it_says_where_the_page_lies(self, tiny, invoke):
        result = invoke("report", "-c", tiny.config)
        release, report = result.stdout.splitlines()
        assert release.startswith("release 2025-09-14-")
        page = Path(report.removeprefix("report  "))
        assert page.name == "report.html"
        assert "<html" in page.read_text()

    def test_it_is_copied(self, tiny, invoke, tmp_path: Path):
        result = invoke("report", "-c", tiny.config, "--to", tmp_path / "page.html")
        assert result.stdout.splitlines()[1] == f"report  {tmp_path}/page.html"
        assert "<html" in (tmp_path / "page.html").read_text()

    def test_a_copy_to_nowhere_is_refused(self, tiny, refused, tmp_path: Path):
        assert "its folder does not exist" in refused(
            "report", "-c", tiny.config, "--to", tmp_path / "no" / "page.html"
        )
        assert "is a folder" in refused("report", "-c", tiny.config, "--to", tmp_path)

    def test_a_changed_page_is_refused(self, copy, refused):
        (page,) = (copy.project.output / "artifacts" / "evaluation_report").rglob("report.html")
        page.write_text("<html>all is well</html>")
        assert "report.html does not have the digest in the manifest" in refused("report", "-c", copy.config)

    def test_without_a_release(self, unbuilt: Path, refused):
        assert "there is no release yet" in refused("report", "-c", unbuilt)
