"""`sluice ui`: Dagster's webserver and daemon for one project.

What they print goes to `ui-webserver.log` and `ui-daemon.log` in the project's output folder.
"""

import contextlib
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.error import URLError
from urllib.request import urlopen

from models.errors import UserError
from pipelines.build_lock import build_is_running
from pipelines.console import say
from pipelines.dagster_home import instance_of
from pipelines.dbt_manifest import ensure_manifest
from pipelines.runs import end_dead_runs
from resources.code_version import ROOT
from resources.settings import CONFIG_VARIABLE, Project

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE_SECONDS = 10
LAST_LINES, LAST_BYTES = 20, 64 * 1024


def serve(project: Project, host: str, port: int, behind_proxy: bool) -> None:
    """Run webserver and daemon until interrupted.

    Raises:
        UserError: `host` is not a loopback address and no authenticating proxy was vouched for; the port is taken; or
            the webserver or the daemon ended by itself.
    """
    if not behind_proxy and not is_loopback(host):
        found = f"{host} can be reached from other machines, and Dagster's webserver has no login"
        raise UserError(
            found, "--host", "Leave it out, or put an authenticating proxy in front and say --behind-proxy."
        )
    _refuse_taken(host, port)
    instance = instance_of(project.dagster_home)
    end_dead_runs(instance, building=build_is_running(project.output, project.catalogue))
    instance.dispose()
    ensure_manifest(project)
    stopped: list[int] = []
    for number in SIGNALS:
        # Before the children start: they inherit a signal that a background shell ignores, but not a handler.
        signal.signal(number, lambda number, frame: stopped.append(number))
    url = f"http://{'[' + host + ']' if ':' in host else host}:{port}"
    say(f"starting the Dagster UI of {project.settings.name} (Ctrl-C ends it)")
    with _Children(project, host, port) as children:
        children.wait(lambda: bool(stopped), lambda: say(f"Dagster UI  {url}"), f"{url}/server_info")
        if stopped:
            say("ending the webserver and the daemon")


class _Children:
    """Webserver and daemon, each leading a process group, so that what they start can be ended with them."""

    def __init__(self, project: Project, host: str, port: int):
        tools, workspace = Path(sys.executable).parent, ["-w", str(ROOT / "workspace.yaml")]
        self.commands = {
            "webserver": [str(tools / "dagster-webserver"), "-h", host, "-p", str(port), *workspace, *_quiet()],
            "daemon": [str(tools / "dagster-daemon"), "run", *workspace, "--log-level", "warning"],
        }
        home = {"DAGSTER_HOME": str(project.dagster_home), CONFIG_VARIABLE: str(project.path)}
        self.environment = {**os.environ, **home}
        self.folder = project.output
        self.running: dict[str, subprocess.Popen] = {}
        self.logs: dict[str, BinaryIO] = {}

    def __enter__(self) -> "_Children":
        for name in self.commands:
            path = self.folder / f"ui-{name}.log"
            path.unlink(missing_ok=True)  # Another UI of the project goes on writing to its own file.
            self.logs[name] = path.open("a+b")
        for name, command in self.commands.items():
            log = self.logs[name]
            self.running[name] = subprocess.Popen(
                command, env=self.environment, cwd=ROOT, start_new_session=True, stdout=log, stderr=log
            )
        return self

    def wait(self, stopped: Callable[[], bool], ready: Callable[[], None], address: str) -> None:
        """Until `stopped()`; calls `ready()` once the webserver answers.

        Raises:
            UserError: One of them ended.
        """
        told = False
        while not stopped():
            for name, process in self.running.items():
                if process.poll() is not None and not stopped():
                    words = _last_lines(self.logs[name])
                    for line in words:
                        say(line)
                    found = f"the {name} ended with status {process.returncode}"
                    mend = "Its last words are above." if words else "It said nothing."
                    raise UserError(found, "sluice ui", mend)
            if not told and _answers(address):
                told = True
                ready()
            time.sleep(0.3)

    def __exit__(self, *_: object) -> None:
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        end = time.monotonic() + PATIENCE_SECONDS
        for process in self.running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.1, end - time.monotonic()))
            _kill_group(process)
        for log in self.logs.values():
            log.close()


def _last_lines(log: BinaryIO) -> list[str]:
    """The end of what was written to a file."""
    log.seek(max(0, log.seek(0, os.SEEK_END) - LAST_BYTES))
    return log.read().decode(errors="replace").strip().splitlines()[-LAST_LINES:]


def _kill_group(process: subprocess.Popen) -> None:
    """End what is left of a process and of those it started (code servers, which may outlive it)."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        time.sleep(1)
        process.poll()


def _quiet() -> list[str]:
    return ["--log-level", "warning", "--dagster-log-level", "warning", "--code-server-log-level", "warning"]


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=2) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False


def _refuse_taken(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        found = f"cannot listen on {host}:{port} ({error.strerror})"
        raise UserError(found, "--port", f"Name another, e.g. --port {port + 1}.") from None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
