import json
from pathlib import Path

import pytest

from pipelines import simulation


@pytest.fixture
def config(tmp_path: Path, configure) -> Path:
    return configure(tmp_path, simulate={"start": "2025-09-01", "days": 2, "users": 20, "items": 60})


def days(folder: Path) -> list[str]:
    return sorted(path.stem for path in (folder / "events").iterdir())


def test_it_says_what_it_wrote(tiny):
    first, second = tiny.simulated.stdout.splitlines()
    assert first.startswith("simulation  (")
    assert "lines over 14 days" in second
    assert str(tiny.folder / "shop") in second


def test_the_second_time_it_does_nothing(config: Path, invoke, monkeypatch: pytest.MonkeyPatch):
    invoke("simulate", "-c", config)
    monkeypatch.setattr("models.simulation.shop.simulate", lambda *arguments: pytest.fail("simulates again"))
    assert invoke("simulate", "-c", config).stdout == f"simulation up to date, {config.parent}/shop\n"


def test_other_numbers_simulate_again(config: Path, invoke):
    invoke("simulate", "-c", config)
    result = invoke("simulate", "-c", config, "--days", 3, "--users", 30, "--items", 55)
    assert "lines over 3 days" in result.stdout
    assert days(config.parent / "shop") == ["2025-09-01", "2025-09-02", "2025-09-03"]
    assert len((config.parent / "shop" / "catalogue.jsonl").read_text().splitlines()) == 55


def test_changed_code_simulates_again(config: Path, invoke, monkeypatch: pytest.MonkeyPatch):
    invoke("simulate", "-c", config)
    monkeypatch.setattr(simulation, "code_digest", lambda *folders: "other")
    assert "up to date" not in invoke("simulate", "-c", config).stdout


def test_another_folder(config: Path, invoke, tmp_path: Path):
    invoke("simulate", "-c", config, "--into", tmp_path / "elsewhere")
    assert days(tmp_path / "elsewhere") == ["2025-09-01", "2025-09-02"]
    assert not (config.parent / "shop").exists()


def test_an_interrupted_simulation_is_not_taken_for_the_old_one(config: Path, invoke, monkeypatch: pytest.MonkeyPatch):
    invoke("simulate", "-c", config)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("models.simulation.shop.simulate", interrupted)
        assert invoke("simulate", "-c", config, "--days", 1).exit_code == 130
    assert "up to date" not in invoke("simulate", "-c", config).stdout


def test_a_config_without_a_simulation_is_refused(tmp_path: Path, configure, refused):
    config = configure(tmp_path, simulate=None, simulate_into=None)
    line = refused("simulate", "-c", config)
    assert line == f"{config}: no `simulate` section. Use configs/demo.yaml, or add one."


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--users", "0", "--users: input should be greater than or equal to 1"),
        ("--items", "3", "--items: input should be greater than or equal to 50"),
        ("--days", "many", "Invalid value for '--days'"),
    ],
)
def test_impossible_numbers_are_refused(config: Path, refused, option: str, value: str, expected: str):
    assert expected in refused("simulate", "-c", config, option, value)
    assert not (config.parent / "shop").exists()


def test_the_truth_lies_apart_from_the_logs(tiny):
    assert not list((tiny.folder / "shop" / "events").glob("*truth*"))
    assert (tiny.folder / "shop" / "truth" / "world.npz").is_file()
    assert json.loads((tiny.folder / "shop" / simulation.STAMP).read_text()).keys() == {"stamp"}
