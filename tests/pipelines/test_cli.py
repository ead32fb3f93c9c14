import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import app

VERBS = sorted(command.name or command.callback.__name__ for command in app.registered_commands)
SLUICE = str(Path(sys.executable).parent / "sluice")


def test_the_verbs_of_the_documentation_exist():
    documented = "backfill build compare diff doctor init policies profile protocols recommend releases report rollback simulate sql tune ui validate verify"
    assert " ".join(VERBS) == documented


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_and_its_config(invoke, verb: str):
    result = invoke(verb, "--help")
    assert result.exit_code == 0
    assert f"Usage: sluice {verb}" in result.stdout
    assert verb == "init" or "--config" in result.stdout
    assert "Project file;" in result.stdout


def test_without_a_verb_the_help_is_shown(invoke):
    result = invoke()
    assert result.exit_code == 2
    assert all(verb in result.output for verb in VERBS)
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["bild"], "No such command 'bild'. Did you mean 'build'?"),
        (["build", "--form", "2025-09-01"], "No such option: --form"),
        (["build", "--from", "yesterday"], "Invalid value for '--from': 'yesterday' does not match the formats"),
        (["build", "--until", "2025-02-30"], "Invalid value for '--until': '2025-02-30' does not match the formats"),
        (["recommend"], "Missing argument 'user'"),
        (["recommend", "u1", "-k", "0"], "Invalid value for '-k': "),
        (["ui", "--port", "99999"], "Invalid value for '--port': "),
        (
            ["backfill", "weeks", "--from", "2025-09-01", "--until", "2025-09-02"],
            "'weeks' is not one of 'days', 'as-of'",
        ),
        (["build", "-c", "/nowhere/sluice.yaml"], "/nowhere/sluice.yaml: no such config file. Name one with -c"),
    ],
)
def test_a_wrong_call_is_one_line_and_status_2(refused, arguments: list[str], expected: str):
    line = refused(*arguments)
    assert expected in line
    assert "Value error" not in line


def test_a_wrong_call_says_where_to_look(refused):
    assert refused("build", "--form", "x").endswith("build --help`.")


@pytest.mark.parametrize("verb", ["build", "simulate", "report", "ui"])
def test_a_broken_config_is_one_line_for_every_verb(refused, tmp_path: Path, verb: str):
    (tmp_path / "sluice.yaml").write_text("name: x\noutput: [\n")
    assert refused(verb, "-c", tmp_path / "sluice.yaml").startswith(f"{tmp_path}/sluice.yaml line 3: this is not valid")


def test_the_installed_command_does_the_same(tmp_path: Path):
    done = subprocess.run([SLUICE, "report"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"sluice: /.*/sluice\.yaml: no such config file\. Name one with -c.*\n", done.stderr)


def test_a_reader_that_stops_reading_gets_no_traceback(tiny):
    command = f"{SLUICE} sql -c {tiny.config} --format csv 'SELECT r.* FROM range(300000) AS r' | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "range\n"
    assert done.stderr == ""
