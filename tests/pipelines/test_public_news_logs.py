"""Impressions of news, MIND and EB-NeRD: one line is many events."""

from datetime import datetime

from public_logs import AT, EBNERD, LONG, rejections

from models.events.catalogue import read_catalogue


def test_mind(events):
    batch = events("mind")
    rows = batch.accepted.select("impression_id", "user_id", "item_id", "event_type", "position").rows()
    assert rows == [
        ("1", "U1", "N1", "impression", 1),
        ("1", "U1", "N1", "click", 1),
        ("1", "U1", "N2", "impression", 2),
        ("1", "U1", "N5", "impression", 3),
        ("2", "U2", "N2", "impression", 1),
        ("2", "U2", "N2", "impression", 2),
        ("4", "U3", LONG, "impression", 2),
        ("4", "U3", LONG, "click", 2),
        ("4", "U3", "N2", "impression", 4),
    ]
    assert batch.accepted["event_at"][0] == datetime(2019, 11, 15, 8, 55, 22)
    assert batch.accepted["event_at"][4] == datetime(2019, 11, 15, 0, 5)
    assert batch.accepted["event_at"][6] == datetime(2019, 11, 16, 13)
    assert batch.accepted["source_line"][:2].to_list() == [1_000_001, 1_500_001]
    assert rejections(batch) == [
        ("missing_item", "line 3"),
        ("unknown_mark", "line 4, entry 1"),
        ("unknown_mark", "line 4, entry 3"),
        ("unreadable_time", "line 5, entry 1"),
        ("unreadable_time", "line 5, entry 2"),
        ("unreadable_time", "line 5, entry 2"),
    ]


def test_mind_news(drafted):
    project = drafted("mind")
    items = read_catalogue(project.settings.catalogue, project.base).items
    assert items.select("item_id", "title", "category").rows()[0] == ("N1", 'A "quoted title', "sports")
    assert items["description"].to_list() == ["About golf", None, "Text"]


def test_ebnerd(events):
    batch = events("ebnerd")
    rows = batch.accepted.select("impression_id", "user_id", "session_id", "item_id", "event_type", "position").rows()
    assert rows == [
        ("1", "10", "1", "5", "impression", 1),
        ("1", "10", "1", "6", "impression", 2),
        ("1", "10", "1", "5", "impression", 3),
        ("1", "10", "1", "6", "click", 2),
        ("2", "10", "1", "7", "impression", 1),
        ("2", "10", "1", "99", "click", None),
        ("4", "12", "3", "8", "impression", 1),
    ]
    assert set(batch.accepted["event_at"]) == {AT}
    assert rejections(batch) == [("missing_item", "line 3"), ("missing_item", "line 4, entry 2")]


def test_ebnerd_articles(drafted):
    project = drafted("ebnerd")
    items = read_catalogue(project.settings.catalogue, project.base).items
    assert items.select("item_id", "category", "description", "available_from").rows() == [
        ("5", "sport", "Under five", AT),
        ("6", "krimi", None, AT),
    ]


def test_a_damaged_parquet_file_is_told_and_left_out(tmp_path, drafted, invoke):
    (tmp_path / "old.parquet").write_bytes(EBNERD[:500])
    drafted("ebnerd")
    result = invoke("init", "old.parquet", "behaviors.parquet", "--to", "again.yaml")
    assert result.exit_code == 0 and "old.parquet: the Parquet file is truncated or damaged" in result.stdout
