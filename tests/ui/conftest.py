import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

FIRST, LAST = "2025-09-01", "2025-09-10"
CONFIG = f"""
name: corner_shop
output: build
simulate: {{start: {FIRST}, days: 10, users: 150, items: 150, seed: 7, sessions_per_user_day: 0.8}}
simulate_into: shop
events:
  path: shop/events
  format: jsonl
  day_pattern: '(\\d{{4}}-\\d{{2}}-\\d{{2}})'
  columns:
    event_id: event_id
    user_id: user_id
    item_id: item_id
    event_type: type
    event_at: ts
    session_id: session_id
    impression_id: impression_id
    position: position
    price: price
    quantity: quantity
    user_agent: user_agent
  late_days: 2
catalogue:
  path: shop/catalogue.jsonl
  format: jsonl
  columns:
    item_id: item_id
    title: title
    description: description
    category: category
    price: price
    available_from: available_from
event_types:
  impression: {{weight: 0}}
  search: {{weight: 0}}
  click: {{weight: 1}}
  cart: {{weight: 3}}
  purchase: {{weight: 5}}
partitions: {{start: {FIRST}, end: {LAST}}}
split: {{validation_days: 2, test_days: 2}}
text: {{encoder: hashing}}
checks: {{weak_retriever: warn}}
retrievers:
  popularity: {{}}
  recent_popularity: {{}}
  sasrec: {{max_epochs: 20, from_scratch_days: 1}}
evaluation: {{n_resamples: 100}}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Config of a small simulated shop that was simulated and built, up to a release with metrics."""
    from pipelines.build import build
    from pipelines.simulation import write_shop
    from resources.settings import load_project

    config = tmp_path_factory.mktemp("shop") / "sluice.yaml"
    config.write_text(CONFIG)
    before = dict(os.environ)
    try:
        project = load_project(config)
        write_shop(project)
        build(project)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return config


@pytest.fixture(scope="module")
def ui(shop: Path) -> Iterator:
    """The running UI of the shop."""
    from dagster_ui import DagsterUi

    served = DagsterUi(shop, shop.parent / "ui.log")
    try:
        served.wait_until_ready()
        yield served
    finally:
        served.stop()


@pytest.fixture(scope="module")
def browser(ui) -> Iterator:
    from dagster_ui import headless_chromium

    with headless_chromium() as found:
        yield found


@pytest.fixture(scope="module")
def asked_elsewhere() -> list[str]:
    """Addresses on other machines that a page asked for."""
    return []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture
def page(browser, ui, asked_elsewhere: list[str], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator:
    """A fresh browser page; when the test fails, its picture is kept in `tmp_path`."""
    found = browser.new_page(viewport={"width": 1600, "height": 1000})
    found.set_default_timeout(60_000)
    found.on("request", lambda asked: asked_elsewhere.append(asked.url) if _leaves(asked.url, ui.base) else None)
    yield found
    if request.node.stash.get(FAILED, True):
        found.screenshot(path=tmp_path / "failed.png")
    found.close()


@pytest.fixture
def shoot(page, tmp_path: Path) -> Callable[[str], None]:
    """Keep a picture of the page in `tmp_path`."""
    return lambda name: page.screenshot(path=tmp_path / f"{name}.png")


def _leaves(url: str, base: str) -> bool:
    return not url.startswith((base, "data:", "blob:", base.replace("http:", "ws:")))
