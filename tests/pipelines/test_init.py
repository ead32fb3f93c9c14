import gzip
import json
import shutil
from pathlib import Path

import pytest
import yaml

from resources.settings import load_project

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    for day in range(1, 29):
        rows = [
            f"u{row % 4},i{row % 6},{'buy' if row % 5 == 0 else 'view'},2026-02-{day:02} 10:00" for row in range(20)
        ]
        (tmp_path / f"logs/2026-02-{day:02}.csv").write_text("\n".join(["user,item,event,time", *rows]) + "\n")
    (tmp_path / "items.csv").write_text(
        "item;title;price\n" + "".join(f"i{item};Lamp {item};3.5\n" for item in range(6))
    )
    return tmp_path


def drafted(folder: Path) -> dict:
    return yaml.safe_load((folder / "sluice.yaml").read_text())


class TestInit:
    def test_daily_files_and_a_catalogue(self, invoke, shop: Path):
        assert invoke("init", "logs", "items.csv").exit_code == 0
        found = drafted(shop)
        assert found["events"]["path"] == "logs"
        assert found["events"]["late_days"] == 1
        assert found["events"]["columns"] == {
            "event_at": "time",
            "user_id": "user",
            "item_id": "item",
            "event_type": "event",
        }
        assert found["catalogue"] == {
            "path": "items.csv",
            "format": "csv",
            "separator": ";",
            "columns": {"item_id": "item", "title": "title", "price": "price"},
        }
        assert found["event_types"] == {"view": {"weight": 1}, "buy": {"weight": 5}}
        assert {key: str(value) for key, value in found["partitions"].items()} == {
            "start": "2026-02-01",
            "end": "2026-02-28",
        }
        assert found["checks"]["weak_retriever"] == "warn", "a first build need not know which retrievers suit it"

    def test_the_config_passes_doctor_and_validate(self, invoke, shop: Path):
        invoke("init", "logs", "items.csv")
        load_project(shop / "sluice.yaml")
        assert invoke("doctor").exit_code == 0
        validated = invoke("validate")
        assert validated.exit_code == 0
        assert "560 lines read = 560 accepted + 0 rejected" in validated.stdout
        assert "first day 2026-02-01, last day 2026-02-28" in validated.stdout

    @pytest.mark.parametrize(
        ("arguments", "path"),
        [
            (["logs/*.csv", "items.csv"], "logs"),
            (["logs/2026-02-0*.csv"], "logs/2026-02-0*"),
            (["logs/2026-02-01.csv"], "logs/2026-02-01.csv"),
            (["."], "logs"),
        ],
    )
    def test_arguments_become_one_path(self, invoke, shop: Path, arguments, path):
        assert invoke("init", *arguments).exit_code == 0
        assert drafted(shop)["events"]["path"] == path

    def test_paths_start_at_the_config(self, invoke, shop: Path):
        (shop / "configs").mkdir()
        assert invoke("init", "logs", "--to", "configs/mine.yaml").exit_code == 0
        assert yaml.safe_load((shop / "configs/mine.yaml").read_text())["events"]["path"] == "../logs"

    def test_an_existing_config_is_kept(self, refused, shop: Path):
        (shop / "sluice.yaml").write_text("mine")
        assert "is there already" in refused("init", "logs")
        assert (shop / "sluice.yaml").read_text() == "mine"

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["items.csv"], "items.csv has no times among item, title, price"),
            (["noise.csv"], "noise.csv has no times"),
            (["nowhere.csv"], "nowhere.csv does not exist"),
            (["*.nothing"], "matches no file"),
            (["empty.csv"], "every file is empty"),
            (["logs", "--to", "nowhere/sluice.yaml"], "no such folder"),
        ],
    )
    def test_what_is_no_log_is_refused_in_one_line(self, refused, shop: Path, arguments, expected):
        (shop / "empty.csv").write_text("")
        (shop / "noise.csv").write_bytes(bytes(range(256)) * 20)
        assert expected in refused("init", *arguments)
        assert not (shop / "sluice.yaml").exists()

    def test_a_date_in_the_name_of_a_log_of_all_days_is_no_day(self, invoke, shop: Path):
        rows = [f"u{row % 3},i{row % 5},2025-{1 + row % 6:02}-03" for row in range(60)]
        (shop / "export-2026-01-01.csv").write_text("\n".join(["user,item,time", *rows]) + "\n")
        assert invoke("init", "export-2026-01-01.csv").exit_code == 0
        assert "day_pattern" not in drafted(shop)["events"]

    def test_the_day_may_be_in_the_name_of_a_folder(self, invoke, shop: Path):
        for file in sorted((shop / "logs").iterdir()):
            folder = shop / "days" / file.stem
            folder.mkdir(parents=True)
            file.rename(folder / "part-0.csv")
        assert invoke("init", "days").exit_code == 0
        assert drafted(shop)["events"]["day_pattern"]
        assert "560 accepted" in invoke("validate").stdout

    def test_files_that_are_no_logs_are_told_and_left_out(self, invoke, shop: Path):
        (shop / "logs/README.md").write_text("words only\nno separator here\n")
        (shop / "logs/old.parquet").write_text("PAR1")
        result = invoke("init", "logs")
        assert result.exit_code == 0
        assert "README.md: no separator" in result.stdout
        assert drafted(shop)["events"]["path"] == "logs/*.csv"

    @pytest.mark.parametrize(
        ("last", "expected", "told"),
        [("13/02/2026", "%d/%m/%Y", False), ("02/13/2026", "%m/%d/%Y", False), ("03/02/2026", "%d/%m/%Y", True)],
    )
    def test_the_whole_log_tells_day_from_month(self, invoke, shop: Path, last, expected, told):
        rows = [f"u{row % 4},i{row % 6},0{1 + row % 4}/0{1 + row % 3}/2026" for row in range(20_500)]
        (shop / "all.csv").write_text("\n".join(["user,item,date", *rows, f"u1,i1,{last}"]) + "\n")
        assert invoke("init", "all.csv").exit_code == 0
        assert drafted(shop)["events"]["time_format"] == expected
        assert ("No date tells day from month" in (shop / "sluice.yaml").read_text()) == told

    def test_json_lines_with_nested_values_in_an_old_encoding(self, invoke, shop: Path):
        rows = [
            {
                "visitor": f"v{row % 4}",
                "sku": row % 6,
                "action": "click",
                "ts": 1_770_000_000_000 + row * 10**7,
                "more": [1],
            }
            for row in range(50)
        ]
        text = "\n".join(json.dumps(row | {"query": "café"}, ensure_ascii=False) for row in rows)
        (shop / "log.jsonl.gz").write_bytes(gzip.compress(text.encode("cp1252")))
        assert invoke("init", "log.jsonl.gz").exit_code == 0
        found = drafted(shop)["events"]
        assert (found["format"], found["encoding"], found["time_format"]) == ("jsonl", "cp1252", "epoch_milliseconds")
        assert found["columns"]["item_id"] == "sku"
        assert "50 accepted" in invoke("validate").stdout

    def test_types_that_name_no_item_need_none(self, invoke, shop: Path):
        rows = [
            f"u{row % 5},{f'i{row % 7}' if row % 3 else ''},{'view' if row % 3 else 'login'},2026-01-0{1 + row % 9}"
            for row in range(90)
        ]
        (shop / "log.csv").write_text("\n".join(["user,item,type,time", *rows]) + "\n")
        assert invoke("init", "log.csv").exit_code == 0
        assert drafted(shop)["events"]["itemless_event_types"] == ["search", "login"]
        assert drafted(shop)["event_types"] == {"view": {"weight": 1}, "login": {"weight": 0}}
        assert "90 lines read = 90 accepted" in invoke("validate").stdout

    def test_cancelled_invoices_become_returns(self, invoke, shop: Path):
        rows = [
            f"{'C' if row % 9 == 0 else ''}{5000 + row},u{row % 4},i{row % 6},1,2026-02-0{1 + row % 9}"
            for row in range(90)
        ]
        (shop / "sales.csv").write_text(
            "\n".join(["InvoiceNo,CustomerID,StockCode,Quantity,InvoiceDate", *rows]) + "\n"
        )
        assert invoke("init", "sales.csv").exit_code == 0
        assert drafted(shop)["events"]["event_type_rules"][0]["event_type"] == "return"
        assert drafted(shop)["event_types"] == {"purchase": {"weight": 1}, "return": {"weight": 0}}

    def test_hostile_names_and_values_stay_text(self, invoke, shop: Path):
        header = "user,item,time,event\n"
        rows = "".join(f"u{row % 3},i{row % 5},2026-02-01,'#: {{}}\x1b[31m\n" for row in range(30))
        (shop / "[a] #: log.csv").write_text(header + rows)
        result = invoke("init", "[a] #: log.csv")
        assert result.exit_code == 0
        assert "\x1b" not in (shop / "sluice.yaml").read_text() + result.output
        assert drafted(shop)["event_types"] == {"'#: {}\x1b[31m": {"weight": 1}}
        assert "30 accepted" in invoke("validate").stdout


class TestValidate:
    def test_reasons_and_examples_are_shown(self, invoke, shop: Path):
        invoke("init", "logs")
        with (shop / "logs/2026-02-03.csv").open("a") as file:
            file.write("u1,i1,view,so\x1bon\n" * 5 + "u1,i1,zorp,2026-02-03\n")
        before = sorted(shop.rglob("*"))
        result = invoke("validate")
        assert result.exit_code == 0
        assert "566 lines read = 561 accepted + 5 rejected" in result.stdout
        assert "5  unreadable_time" in result.stdout
        assert result.stdout.count("2026-02-03.csv, line 2") == 3
        assert "u1,i1,view,so\\x1bon" in result.stdout
        assert "type 'zorp' is not in `event_types`" in result.stdout
        assert sorted(shop.rglob("*")) == before

    def test_nothing_accepted_is_status_2(self, refused, invoke, shop: Path):
        invoke("init", "logs")
        text = (shop / "sluice.yaml").read_text()
        (shop / "sluice.yaml").write_text(text.replace("format: csv", "format: csv\n  time_format: epoch_seconds"))
        assert "nothing is accepted (560 unreadable_time)" in refused("validate")

    def test_empty_days_and_files_outside_partitions_are_told(self, invoke, shop: Path):
        invoke("init", "logs")
        (shop / "logs/2026-02-10.csv").unlink()
        shutil.copy(shop / "logs/2026-02-01.csv", shop / "logs/2026-03-01.csv")
        result = invoke("validate")
        assert "1 empty day(s) between them: 2026-02-10" in result.stdout
        assert "1 file(s) of days outside `partitions`" in result.stdout


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["online_retail"], {"user_id": "CustomerID", "item_id": "StockCode", "event_at": "InvoiceDate"}),
        (
            ["movielens_latest_small/ratings.csv.gz", "movielens_latest_small/movies.csv.gz"],
            {"user_id": "userId", "item_id": "movieId", "value": "rating", "event_at": "timestamp"},
        ),
        (
            ["movietweetings_100k/ratings.dat.gz", "movietweetings_100k/movies.dat.gz"],
            {"user_id": "user_id", "item_id": "item_id", "value": "value", "event_at": "event_at"},
        ),
        (["open_bandit/bts/men"], {"item_id": "item_id", "propensity": "propensity_score", "event_at": "timestamp"}),
        (["open_bandit/random/women"], {"item_id": "item_id", "position": "position", "event_at": "timestamp"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_real_data_is_understood(invoke, tmp_path: Path, monkeypatch, sources, expected):
    paths = [DATA / source for source in sources]
    if not all(path.exists() for path in paths):
        pytest.skip(f"{paths[0]} is not there")
    monkeypatch.chdir(tmp_path)
    assert invoke("init", *paths).exit_code == 0
    columns = drafted(tmp_path)["events"]["columns"]
    assert {name: columns.get(name) for name in expected} == expected
    assert invoke("doctor").exit_code == 0
    result = invoke("validate")
    assert result.exit_code == 0
    summary = [line.split() for line in result.stdout.splitlines() if "lines read" in line]
    for words in summary:
        n_lines, n_rejected = (int(words[place].replace(",", "")) for place in (0, 7))
        assert n_rejected <= 0.001 * n_lines
