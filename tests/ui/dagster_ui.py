"""Drives a project's real UI: `sluice ui` as a process, its pages in headless Chromium, its state through GraphQL."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Locator, Page, sync_playwright

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
GROUPS = ("events", "tables", "profiles", "embeddings", "indexes", "ranking", "evaluation", "releases", "maintenance")
PATIENCE_MS = 60_000
"""How long a page may take to show something; the machine may be busy."""

RUNS = """query($limit: Int!) { runsOrError(limit: $limit) { ... on Runs {
    results { runId status jobName assetSelection { path } tags { key value } } } } }"""
BACKFILLS = """{ partitionBackfillsOrError(limit: 5) { ... on PartitionBackfills {
    results { id status numPartitions runs { runId status } } } } }"""


def chromium() -> str | None:
    """Path of an installed Chromium."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


@contextmanager
def headless_chromium() -> Iterator[Browser]:
    """The installed Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


class DagsterUi:
    """`sluice ui` of one project on a free port.

    Args:
        config: The project file.
        log: File for what the processes print.
    """

    def __init__(self, config: Path, log: Path):
        self.port = _free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = log
        command = [str(Path(sys.executable).parent / "sluice"), "ui", "-c", str(config), "--port", str(self.port)]
        with log.open("w") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)

    def wait_until_ready(self, seconds: float = 120) -> None:
        """Until the webserver answers with the loaded code location.

        Raises:
            RuntimeError: It ended by itself; what it printed is in the message.
        """

        def ready() -> bool:
            if self.process.poll() is not None:
                raise RuntimeError(f"sluice ui ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}")
            try:
                found = self.graphql("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }")
            except (urllib.error.URLError, OSError):
                return False
            return bool(found["repositoriesOrError"].get("nodes"))

        self.wait_for(ready, "the UI", seconds)

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask the webserver, as its own pages do."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.base}/graphql", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["data"]

    def runs(self, limit: int = 20) -> dict[str, dict[str, Any]]:
        """The newest runs by id."""
        return {run["runId"]: run for run in self.graphql(RUNS, limit=limit)["runsOrError"]["results"]}

    def backfills(self) -> dict[str, dict[str, Any]]:
        """The newest backfills by id."""
        return {found["id"]: found for found in self.graphql(BACKFILLS)["partitionBackfillsOrError"]["results"]}

    def wait_for(self, condition: Callable[[], Any], what: str, seconds: float = 180) -> Any:
        """Poll until `condition()` is true, and return it.

        Raises:
            TimeoutError: It stayed false; the end of the log is in the message.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := condition():
                return found
            time.sleep(0.5)
        raise TimeoutError(f"{what} after {seconds:.0f} s; log:\n{self.log.read_text(errors='replace')[-4000:]}")

    def stop(self) -> list[psutil.Process]:
        """End it as Ctrl-C would; returns the processes that outlived it (none, where all is well)."""
        if self.process.poll() is not None:
            return []
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        _, alive = psutil.wait_procs(family, timeout=20)
        for process in alive:
            process.kill()
        return alive


def hide_navigation(page: Page) -> None:
    """Fold Dagster's own side bar away."""
    page.get_by_text("Hide navigation").click()


def asset_graph(page: Page, base: str, make_room: Callable[[Page], None] = hide_navigation) -> Locator:
    """The global asset graph with every group expanded, seen whole; returns its drawn boxes."""
    page.goto(f"{base}/asset-groups")
    boxes = page.locator("svg foreignObject")
    boxes.get_by_text(GROUPS[-1], exact=True).first.wait_for(timeout=PATIENCE_MS)
    make_room(page)
    # Top to bottom, the graph is about twice as wide as high; left to right it is a tower.
    for choice in ("Change graph to vertical orientation", "Expand all groups"):
        menu_of_graph(page).get_by_role("menuitem", name=choice).click()
        page.wait_for_timeout(1500)
    page.reload()  # The expanded groups are in the address; a fresh page shows all of the graph.
    boxes.get_by_text("raw_events", exact=True).wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(3000)
    return boxes


def menu_of_graph(page: Page) -> Locator:
    """The graph's context menu, opened in its empty lower left."""
    height = page.viewport_size["height"] if page.viewport_size else 900
    width = page.viewport_size["width"] if page.viewport_size else 1600
    page.mouse.click(width * 0.5, height - 60, button="right")
    return page.get_by_role("menu")


def show_markdown(page: Page, key: str) -> Locator:
    """Open the Markdown value of a metadata key on an asset's page; returns the dialog."""
    row = page.get_by_role("row").filter(has=page.get_by_text(key, exact=True))
    row.get_by_text("[Show Markdown]").click(timeout=PATIENCE_MS)
    dialog = page.get_by_role("dialog")
    dialog.wait_for(timeout=PATIENCE_MS)
    return dialog


def launch(page: Page, partitions: str) -> None:
    """From a page with a button Materialize: choose partitions in the dialog and launch."""
    page.get_by_role("button", name="Materialize").first.click(timeout=PATIENCE_MS)
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_placeholder("ex:")
    field.fill(partitions, timeout=PATIENCE_MS)
    field.press("Enter")
    dialog.get_by_role("button", name="Launch").click(timeout=PATIENCE_MS)
    dialog.wait_for(state="hidden", timeout=PATIENCE_MS)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
