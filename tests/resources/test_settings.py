import copy
import traceback
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.errors import UserError
from resources.lake_catalogue import PostgresCatalogue, SqliteCatalogue
from resources.settings import CONFIG_VARIABLE, Settings, load_project
from resources.settings_sections import Cleaning, Schedule

CONFIGS = Path(__file__).parents[2] / "configs"

SMALLEST: dict[str, Any] = {
    "name": "shop",
    "output": "out",
    "events": {
        "path": "events",
        "format": "jsonl",
        "columns": {"event_type": "type", "event_at": "at", "item_id": "item", "user_id": "user"},
    },
    "event_types": {"click": {"weight": 1}},
    "partitions": {"start": "2025-01-01"},
    "retrievers": {"recent_popularity": {}},
}


def write(folder: Path, change: dict[str, Any] | str) -> Path:
    """A config in which some keys, `a.b.c`, have other values; `None` removes a key."""
    file = folder / "sluice.yaml"
    if isinstance(change, str):
        file.write_text(change)
        return file
    config = copy.deepcopy(SMALLEST)
    for key, value in change.items():
        *parents, last = key.split(".")
        section = config
        for parent in parents:
            section = section.setdefault(parent, {})
        section[last] = value
        if value is None:
            del section[last]
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    return file


def problem(file: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_project(file)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(file)), "the file is named"
    assert caught.value.mend
    return message.removeprefix(str(file))


class TestGoodConfigs:
    @pytest.mark.parametrize("file", sorted(CONFIGS.glob("*.yaml")), ids=lambda file: file.stem)
    def test_every_ready_config_is_valid(self, file: Path):
        project = load_project(file)
        assert project.settings.name == file.stem
        assert (project.base / project.settings.events.path).is_absolute()

    def test_the_smallest_has_defaults(self, tmp_path: Path):
        settings = load_project(write(tmp_path, {})).settings
        assert settings.split.test_days == 7
        assert list(settings.rankers) == ["lambdarank"]

    def test_the_defaults_pass_their_own_checks(self):
        for section in (Cleaning(), Schedule()):
            assert type(section).model_validate(section.model_dump()) == section

    def test_relative_paths_start_at_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        (tmp_path / "project").mkdir()
        write(tmp_path / "project", {"output": "../out", "simulate": {}, "simulate_into": "shop"})
        monkeypatch.chdir(tmp_path)
        project = load_project("project/sluice.yaml")
        assert project.output == tmp_path / "out"
        assert project.simulation_folder == tmp_path / "project" / "shop"
        for path in (project.catalog_path, project.data_path, project.dagster_home):
            assert path.is_relative_to(tmp_path / "out")

    def test_absolute_paths_stay(self, tmp_path: Path):
        assert load_project(write(tmp_path, {"output": "/srv/sluice"})).output == Path("/srv/sluice")

    def test_the_variable_names_the_config(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv(CONFIG_VARIABLE, str(write(tmp_path, {})))
        assert load_project().path == tmp_path / "sluice.yaml"

    def test_without_it_the_file_here_is_taken(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
        monkeypatch.chdir(write(tmp_path, {}).parent)
        assert load_project().path == tmp_path / "sluice.yaml"

    def test_a_shop_without_simulation_has_no_folder_for_it(self, tmp_path: Path):
        assert load_project(write(tmp_path, {})).simulation_folder is None

    def test_one_line_moves_the_catalogue_to_a_server(self, tmp_path: Path):
        assert load_project(write(tmp_path, {})).catalogue == SqliteCatalogue(
            tmp_path / "out" / "warehouse" / "catalog.sqlite"
        )
        place = {"warehouse": {"catalog": "postgres:host=db dbname=shop"}}
        project = load_project(write(tmp_path, place))
        assert project.catalogue == PostgresCatalogue("host=db dbname=shop", f"sluice_{project.settings.name}")

    @pytest.mark.parametrize("key", ["api_key_env", "api_key", "base_url"])
    def test_a_key_is_refused_and_shown_nowhere(self, tmp_path: Path, key: str):
        secret = "http://hunter2@host/v1" if key == "base_url" else "sk-hunter2"
        path = write(tmp_path, {"generator": {"backend": "openai", "model": "m", key: secret}})
        with pytest.raises(UserError, match=f"`generator.{key}`") as caught:
            load_project(path)
        assert "hunter2" not in "".join(traceback.format_exception(caught.value))

    def test_a_password_is_refused_and_shown_nowhere(self, tmp_path: Path):
        path = write(tmp_path, {"warehouse": {"catalog": "postgres:host=db password=hunter2"}})
        with pytest.raises(UserError, match="`warehouse.catalog`: a password does not belong in the config") as caught:
            load_project(path)
        assert "hunter2" not in "".join(traceback.format_exception(caught.value))

    @pytest.mark.parametrize(
        ("sections", "problem"),
        [
            ({"profiles": {"backend": "generator"}}, "needs a language model"),
            (
                {
                    "profiles": {"backend": "generator", "budget": {"money": 1}},
                    "generator": {"backend": "openai", "model": "m"},
                },
                "needs prices",
            ),
            ({"generator": {"price_per_million_tokens_in": 1}}, "name both prices"),
            ({"profiles": {"budget": {"calls": -1}}}, "greater than or equal to 0"),
        ],
    )
    def test_profiles_by_a_model_need_one_and_a_budget_of_money_needs_prices(self, tmp_path: Path, sections, problem):
        with pytest.raises(UserError, match=problem):
            load_project(write(tmp_path, sections))

    def test_every_key_has_a_description(self):
        for section in (Settings, *(field.annotation for field in Settings.model_fields.values())):
            for name, field in getattr(section, "model_fields", {}).items():
                nested = hasattr(field.annotation, "model_fields") or "Source" in str(field.annotation)
                assert field.description or nested, f"{section}.{name}"


class TestDigest:
    def test_it_looks_at_the_named_sections_only(self, tmp_path: Path):
        plain = load_project(write(tmp_path, {}))
        other = load_project(write(tmp_path, {"cleaning": {"session_gap_minutes": 31}}))
        assert plain.digest(["events", "split"]) == other.digest(["events", "split"])
        assert plain.digest(["events", "cleaning"]) != other.digest(["events", "cleaning"])

    def test_saying_a_default_is_no_change(self, tmp_path: Path):
        plain = load_project(write(tmp_path, {}))
        assert load_project(write(tmp_path, {"split.test_days": 7})).digest(["split"]) == plain.digest(["split"])


class TestUnreadableFiles:
    def test_a_missing_file(self, tmp_path: Path):
        assert problem(tmp_path / "none.yaml").startswith(": no such config file. Name one with -c")

    def test_a_folder(self, tmp_path: Path):
        assert ": this is a folder." in problem(tmp_path)

    def test_bad_yaml_with_its_line(self, tmp_path: Path):
        assert problem(write(tmp_path, "name: shop\nevents: [1, 2\noutput: x\n")).startswith(
            " line 3: this is not valid YAML: expected ',' or ']'"
        )

    def test_a_tab_with_its_line(self, tmp_path: Path):
        assert problem(write(tmp_path, "name: shop\n\toutput: x\n")).startswith(" line 2: this is not valid YAML")

    def test_a_key_that_is_there_twice(self, tmp_path: Path):
        found = problem(write(tmp_path, "name: shop\noutput: a\nevents:\n  path: x\n  path: y\n"))
        assert found.startswith(" line 5: this is not valid YAML: key 'path' is there twice")

    def test_bytes_that_are_not_utf8(self, tmp_path: Path):
        (tmp_path / "sluice.yaml").write_bytes(b"name: shop\noutput: caf\xe9\n")
        assert problem(tmp_path / "sluice.yaml").startswith(" line 2: this is not UTF-8 text")

    @pytest.mark.parametrize("text", ["", "just words", "- a\n- b\n", "42"])
    def test_no_mapping(self, tmp_path: Path, text: str):
        assert ": expected a mapping of settings" in problem(write(tmp_path, text))

    def test_python_objects_are_not_built(self, tmp_path: Path):
        assert "this is not valid YAML" in problem(write(tmp_path, "name: !!python/object/apply:os.getcwd []\n"))


class TestWrongSettings:
    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"evaluations": {}}, "`evaluations`: unknown key. Did you mean `evaluation`?"),
            ({"split.test_day": 7}, "`split.test_day`: unknown key. Did you mean `test_days`?"),
            ({"events.qqqqqq": 1}, "`events.qqqqqq`: unknown key. Remove it."),
            ({"name": None}, "`name`: is missing. Add it."),
            ({"partitions": {}}, "`partitions.start`: is missing."),
            ({"name": "My Shop"}, "`name`: string should match pattern '^[a-z][a-z0-9_]*$', found 'My Shop'"),
            ({"output": ""}, "`output`: string should have at least 1 character"),
            ({"split.test_days": "seven"}, "`split.test_days`: input should be a valid integer"),
            ({"split.test_days": 0}, "`split.test_days`: input should be greater than or equal to 1, found 0"),
            ({"partitions.start": "2025-02-30"}, "`partitions.start`: input should be a valid date"),
            ({"partitions.end": "2024-12-31"}, "`partitions`: end 2024-12-31 is before start 2025-01-01"),
            ({"partitions.event_partitions": "monthly"}, "`partitions`: monthly partitions need a start on the first"),
            ({"partitions.event_partitions": "weekly"}, "`partitions.event_partitions`: input should be 'daily' or"),
            ({"event_types": {}}, "`event_types`: dictionary should have at least 1 item"),
            ({"event_types": {"click": {"weight": -1}}}, "`event_types.click.weight`: input should be greater than"),
            (
                {"event_types": {"click": {"weight": float("inf")}}},
                "`event_types.click.weight`: input should be a finite",
            ),
            ({"event_types": {"click": {"weight": 0}}}, "every event type has weight 0: nothing could be learned"),
            ({"retrievers": {"sasrex": {}, "recent_popularity": {}}}, "`retrievers`: there is no retriever 'sasrex'"),
            ({"retrievers": {"popularity": {}}}, "`retrievers`: recent_popularity is the baseline"),
            ({"retrievers.sasrec": {"n_headz": 2}}, "`retrievers.sasrec.n_headz`: unknown key"),
            ({"retrievers.sasrec": {"n_heads": 3}}, "`retrievers.sasrec`: n_heads (3) must divide embedding_size"),
            ({"tuning": {"ease": {"l2": {"low": 1, "high": 9}}}}, "tuning names ['ease'], which `retrievers` does not"),
            ({"tuning.recent_popularity": {}}, "`tuning.recent_popularity`: dictionary should have at least 1 item"),
            (
                {"tuning.recent_popularity": {"days": {"low": 1, "high": 9}}},
                "tuning.recent_popularity.days: recent_popularity has no such setting; it has weighted, window_days",
            ),
            (
                {"tuning.recent_popularity": {"window_days": {"low": 0, "high": 9}}},
                "tuning.recent_popularity.window_days: 0 is refused: input should be greater than 0",
            ),
            (
                {"tuning.recent_popularity": {"window_days": {"low": 9, "high": 1}}},
                "`tuning.recent_popularity.window_days`: low (9) must be below high (1)",
            ),
            ({"rankers": {"forest": {}}}, "`rankers`: there is no ranker 'forest'"),
            ({"rankers": {}}, "`rankers`: name exactly one ranker"),
            ({"rankers": {"lambdarank": {"n_trees": "many"}}}, "`rankers.lambdarank.n_trees`: "),
            ({"cleaning.test_user_pattern": "("}, "`cleaning.test_user_pattern`: '(' is not a regular expression"),
            ({"cleaning.bot_user_agent_pattern": "(?!x)"}, "`cleaning.bot_user_agent_pattern`: '(?!x)' is not a regul"),
            ({"checks.volume_ratio": [5, 1]}, "`checks.volume_ratio`: expected [lowest, highest] from 0 up"),
            ({"evaluation.ks": [10, 10]}, "`evaluation.ks`: [10, 10] names a cut-off twice"),
            ({"evaluation.ks": [0]}, "`evaluation.ks.0`: input should be greater than or equal to 1"),
            ({"schedule.cron": "at three"}, "`schedule.cron`: 'at three' is no cron line such as '0 3 * * *'"),
            ({"schedule.cron": "99 3 * * *"}, "`schedule.cron`: '99 3 * * *' is no cron line"),
            ({"maintenance.cron": "weekly"}, "`maintenance.cron`: 'weekly' is no cron line"),
            ({"compute.device": "tpu"}, "`compute.device`: input should be 'auto', 'cpu' or 'cuda', found 'tpu'"),
            ({"events.time_zone": "Mars/Base"}, "`events.time_zone`: 'Mars/Base' is not an IANA time zone"),
            ({"events.columns.event_at": None}, "`events`: `columns` must map event_at"),
            ({"simulate": {}}, "`simulate` needs `simulate_into`"),
            ({"simulate": {"users": 0}, "simulate_into": "x"}, "`simulate.users`: input should be greater"),
        ],
    )
    def test_the_key_is_named_and_what_is_wrong(self, tmp_path: Path, change: dict, expected: str):
        assert expected in problem(write(tmp_path, change))

    def test_the_line_of_the_key_is_named(self, tmp_path: Path):
        file = write(tmp_path, {"split": {"validation_days": 7, "test_days": 0}})
        number = next(n for n, line in enumerate(file.read_text().splitlines(), 1) if "test_days" in line)
        assert problem(file).startswith(f" line {number}: `split.test_days`")

    def test_the_line_of_a_list_item_is_named(self, tmp_path: Path):
        file = write(tmp_path, {"evaluation": {"ks": [5, 0]}})
        number = next(n for n, line in enumerate(file.read_text().splitlines(), 1) if line.strip() == "- 0")
        assert problem(file).startswith(f" line {number}: `evaluation.ks.1`")

    def test_a_missing_key_is_shown_at_its_section(self, tmp_path: Path):
        file = write(tmp_path, {"partitions": {}})
        number = next(n for n, line in enumerate(file.read_text().splitlines(), 1) if "partitions" in line)
        assert problem(file).startswith(f" line {number}: `partitions.start`: is missing")

    def test_more_problems_are_counted(self, tmp_path: Path):
        assert "(and 2 more)" in problem(write(tmp_path, {"x": 1, "y": 2, "z": 3}))

    def test_an_empty_pattern_turns_a_rule_off(self, tmp_path: Path):
        settings = load_project(write(tmp_path, {"cleaning.test_user_pattern": ""})).settings
        assert settings.cleaning.test_user_pattern == "" != Cleaning().test_user_pattern

    def test_no_volume_check(self, tmp_path: Path):
        file = write(tmp_path, {"checks": {"volume_ratio": 1}})
        file.write_text(file.read_text().replace("volume_ratio: 1", "volume_ratio: null"))
        assert load_project(file).settings.checks.volume_ratio is None
