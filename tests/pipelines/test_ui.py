import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from models.errors import UserError
from pipelines import ui

pytestmark = pytest.mark.slow

SLUICE = str(Path(sys.executable).parent / "sluice")
ASSETS = """{ repositoriesOrError { ... on RepositoryConnection { nodes { name
    assetNodes { assetKey { path } groupName } schedules { name } sensors { name } } } } }"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def wait_for(condition, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return bool(condition())


def ask(port: int, query: str) -> dict:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]


def test_the_ui_serves_the_project_and_ends_with_everything_it_started(copy):
    port = free_port()
    # In the background of a shell, as with `sluice ui &`: interrupts are ignored there, and this is inherited.
    command = f"trap '' INT; exec {SLUICE} ui -c {copy.config} --port {port}"
    process = subprocess.Popen(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(process.stdout or []))
    reader.start()
    try:
        assert wait_for(lambda: any("http://" in line for line in lines), 120), lines
        (repository,) = ask(port, ASSETS)["repositoriesOrError"]["nodes"]
        groups = {node["groupName"] for node in repository["assetNodes"]}
        expected = ("events", "tables", "profiles", "embeddings", "indexes", "ranking", "evaluation", "releases")
        assert groups == {*expected, "maintenance"}
        assert {schedule["name"] for schedule in repository["schedules"]} == {"nightly", "weekly_maintenance"}
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 2
    finally:
        process.send_signal(signal.SIGTERM)
        started = time.monotonic()
    assert process.wait(timeout=40) == 0
    seconds = time.monotonic() - started
    reader.join(20)
    assert wait_for(lambda: not any(child.is_running() for child in children), 5), children
    assert seconds < 20
    assert [line.strip() for line in lines if line.strip()] == [
        "starting the Dagster UI of tiny (Ctrl-C ends it)",
        f"Dagster UI  http://127.0.0.1:{port}",
        "ending the webserver and the daemon",
    ]
    logs = [(copy.project.output / f"ui-{name}.log").read_text() for name in ("webserver", "daemon")]
    assert "dagster.daemon" in logs[1], "what the daemon warns of is kept"
    assert not any("BetaWarning" in log for log in logs)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "example.com", "::", ""])
def test_other_addresses_than_loopback_are_refused(tiny, refused, host: str):
    line = refused("ui", "-c", tiny.config, "--host", host)
    assert "can be reached from other machines, and Dagster's webserver has no login" in line
    assert "--behind-proxy" in line


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("2130706433", False),
    ],
)
def test_what_loopback_is(host: str, expected: bool):
    assert ui.is_loopback(host) is expected


def test_a_taken_port_is_refused(tiny, refused):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        line = refused("ui", "-c", tiny.config, "--port", port)
    assert f"--port: cannot listen on 127.0.0.1:{port} (Address already in use). Name another" in line


class TestChildren:
    """With commands of our own in the place of webserver and daemon."""

    @pytest.fixture
    def children(self, tiny, monkeypatch: pytest.MonkeyPatch):
        def make(**programs: str):
            made = ui._Children(tiny.project, "127.0.0.1", free_port())
            made.commands = {name: [sys.executable, "-c", program] for name, program in programs.items()}
            return made

        monkeypatch.setattr(ui, "PATIENCE_SECONDS", 2)
        return make

    def test_one_that_ends_by_itself_ends_the_other(self, children):
        started = children(webserver="import time; time.sleep(600)", daemon="import sys; sys.exit(3)")
        with pytest.raises(UserError, match="the daemon ended with status 3. It said nothing"), started:
            started.wait(lambda: False, lambda: None, "http://127.0.0.1:9/")
        assert started.running["webserver"].poll() is not None

    def test_its_last_words_are_shown_and_all_of_them_kept(self, children, tiny, capsys: pytest.CaptureFixture):
        talks = """
import sys
print("\\n".join(f"line {n}" for n in range(30)), flush=True)
sys.exit("\x1b[31mcould not load\x1b[0m \x07[bold]")
"""
        started = children(webserver="import time; print('webserver', flush=True); time.sleep(600)", daemon=talks)
        with pytest.raises(UserError, match="the daemon ended with status 1. Its last words are above"), started:
            started.wait(lambda: False, lambda: None, "http://127.0.0.1:9/")
        shown = capsys.readouterr().out.splitlines()
        assert shown == [*(f"line {n}" for n in range(11, 30)), "could not load \\x07[bold]"]
        assert (tiny.project.output / "ui-daemon.log").read_text().startswith("line 0\n")

    def test_one_that_does_not_listen_is_killed_with_what_it_started(self, children, tmp_path: Path):
        deaf = f"""
import os, signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)
deaf_too = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", deaf_too])
open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
time.sleep(600)
"""
        with children(webserver=deaf) as started:
            assert wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), 20)
        grandchild = int((tmp_path / "pid").read_text())
        assert started.running["webserver"].poll() is not None
        assert wait_for(lambda: not psutil.pid_exists(grandchild) or _is_zombie(grandchild), 10)

    def test_it_says_once_when_the_server_answers(self, children):
        said: list[str] = []
        rounds: list[int] = []
        port = free_port()
        server = f"import http.server as h; h.test(h.SimpleHTTPRequestHandler, port={port}, bind='127.0.0.1')"

        def enough() -> bool:
            """Three rounds after it was said, in which nothing more may be said; or far too many."""
            rounds.append(len(said))
            return rounds.count(1) > 3 or len(rounds) > 200

        with children(webserver=server) as started:
            started.wait(enough, lambda: said.append("ready"), f"http://127.0.0.1:{port}/")
        assert said == ["ready"]

    def test_the_project_is_named_in_their_environment(self, children, tiny):
        environment = children(webserver="").environment
        assert environment["SLUICE_CONFIG"] == str(tiny.config)
        assert environment["DAGSTER_HOME"] == str(tiny.project.dagster_home)
        assert environment["PATH"] == os.environ["PATH"]


def _is_zombie(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
