"""Takes the pictures of the README from a built project: `python tests/ui/take_pictures.py CONFIG OUTPUT_FOLDER`.

Run by hand after the UI or the report changed, on a built `configs/demo.yaml`; look at every picture before committing.
With a third word, NAME, only the report is taken, of any project, as `report_NAME.png` and `report_NAME_narrow.png`.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from dagster_ui import GROUPS, PATIENCE_MS, DagsterUi, asset_graph, headless_chromium, show_markdown
from PIL import Image
from playwright.sync_api import Browser, Locator, Page

MARGIN = 30
DAY = r"^\d{4}-\d{2}-\d{2}$"
SETTLE_MS = 2500
"""Pages fill in counts and statuses after their first paint."""
GRAPH_SETTLE_MS = 8000
"""The graph colours its boxes by what is materialised, and asks for that last."""
DARKER_EDGES = """() => {
    for (const one of document.querySelectorAll("*"))
        if (getComputedStyle(one).getPropertyValue("--color-lineage-edge"))
            one.style.setProperty("--color-lineage-edge", "#8f99ad");
    for (const one of document.querySelectorAll("[class*=SVGViewport_zoomSliderContainer]"))
        one.style.display = "none";
}"""
"""Dagster draws edges so faintly that a scaled picture loses them, and its zoom buttons would cover the last box."""
REPORT_HEIGHTS = {1280: 1500, 390: 1700}
"""Width of the window -> how much of the report is shown."""


def main(config: Path, folder: Path) -> None:
    """Start the UI and write every picture as PNG of few colours."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, headless_chromium() as browser:
        ui = DagsterUi(config, Path(scratch) / "ui.log")
        try:
            ui.wait_until_ready()
            graph_pictures(browser, ui, folder)
            asset_pictures(browser, ui, folder)
        finally:
            ui.stop()
        report_pictures(browser, config, Path(scratch) / "report.html", folder)
    shrink_all(folder)


def only_report(config: Path, folder: Path, name: str) -> None:
    """The report of one project under its own name."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, headless_chromium() as browser:
        report_pictures(browser, config, Path(scratch) / "report.html", folder, f"report_{name}")
    shrink_all(folder)


def shrink_all(folder: Path) -> None:
    """Every picture of the folder, with its new size."""
    for picture in sorted(folder.glob("*.png")):
        shrink(picture)
        print(f"{picture}  {picture.stat().st_size / 1024:.0f} kB")


def graph_pictures(browser: Browser, ui: DagsterUi, folder: Path) -> None:
    """The asset graph: the groups, and every asset."""
    page = browser.new_page(viewport={"width": 2600, "height": 900})
    page.goto(f"{ui.base}/asset-groups")
    boxes = page.locator("svg foreignObject")
    boxes.get_by_text(GROUPS[-1], exact=True).first.wait_for(timeout=PATIENCE_MS)
    shoot_boxes(page, boxes, folder / "asset_groups.png")
    page.close()
    page = browser.new_page(viewport={"width": 2400, "height": 1250}, device_scale_factor=1.25)
    boxes = asset_graph(page, ui.base)
    # The graph fills the page up to under the search bar, which would cover the titles of the topmost groups.
    page.mouse.move(1200, 1200)
    page.mouse.down()
    page.mouse.move(1200, 1228, steps=5)
    page.mouse.up()
    shoot_boxes(page, boxes, folder / "asset_graph.png")
    page.close()


def shoot_boxes(page: Page, boxes: Locator, path: Path) -> None:
    """The part of the page that the graph's boxes take up."""
    page.wait_for_timeout(GRAPH_SETTLE_MS)
    page.evaluate(DARKER_EDGES)
    left, top, right, bottom = boxes.evaluate_all(
        """all => { const boxes = all.map(one => one.getBoundingClientRect());
        return [Math.min(...boxes.map(b => b.left)), Math.min(...boxes.map(b => b.top)),
                Math.max(...boxes.map(b => b.right)), Math.max(...boxes.map(b => b.bottom))]; }"""
    )
    clip = {"x": max(0, left - MARGIN), "y": max(0, top - MARGIN)}
    clip |= {"width": right - left + 2 * MARGIN, "height": bottom - top + 2 * MARGIN}
    page.screenshot(path=path, clip=clip)


def asset_pictures(browser: Browser, ui: DagsterUi, folder: Path) -> None:
    """A model's page and its learning curve, the checks of the lists, the partitions of the raw events."""
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    page.goto(f"{ui.base}/assets/sasrec")
    page.get_by_role("cell", name="learning_curve", exact=True).wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=folder / "sasrec.png")
    show_markdown(page, "learning_curve").locator("img").wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=folder / "sasrec_learning_curve.png")
    page.goto(f"{ui.base}/assets/recommendations?view=checks&checkDetail=recommendations_keep_their_suite")
    page.get_by_text("Passed", exact=True).wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=folder / "recommendations_checks.png")
    show_markdown(page, "suite").get_by_role("cell").first.wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=folder / "recommendations_suite.png")
    page.goto(f"{ui.base}/assets/raw_events?view=partitions")
    page.get_by_text("Missing (").click(timeout=PATIENCE_MS)
    page.get_by_text(re.compile(DAY)).nth(2).click(timeout=PATIENCE_MS)  # The two before it are the axis's ends.
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=folder / "partitions.png")
    page.close()


def report_pictures(browser: Browser, config: Path, page_file: Path, folder: Path, name: str = "report") -> None:
    """The top of the evaluation report on a screen and on a telephone."""
    command = [str(Path(sys.executable).parent / "sluice"), "report", "-c", str(config), "--to", str(page_file)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for picture, width in ((name, 1280), (f"{name}_narrow", 390)):
        page = browser.new_page(viewport={"width": width, "height": REPORT_HEIGHTS[width]})
        page.goto(page_file.as_uri())
        page.screenshot(path=folder / f"{picture}.png")
        page.close()


def shrink(picture: Path) -> None:
    """At most 256 colours: a third of the size, and no difference the eye sees on flat colours."""
    with Image.open(picture) as image:
        flat = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    flat.save(picture, optimize=True)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    config, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    only_report(config, folder, sys.argv[3]) if len(sys.argv) == 4 else main(config, folder)
