"""What happens after an as-of day changes nothing of it: not a row, not a weight, not a page."""

import datetime as dt
import json
import re

import pytest

from assets.features import features_as_of
from assets.point_in_time import items_known

pytestmark = pytest.mark.slow

LAST = dt.date(2025, 9, 20)
AFTER = [dt.date(2025, 9, 21), dt.date(2025, 9, 22)]
TABLES = {
    **dict.fromkeys(["item_profiles", "user_profiles", "profile_calls", "item_text_embeddings"], "as_of_day"),
    **dict.fromkeys(["item_embeddings", "user_embeddings", "candidates", "recommendations"], "as_of_day"),
    "metrics": "partition_day",
    "policy_values": "as_of_day",
    "profile_quality": "as_of_day",
}
NEW_USERS = [f"planted{number}" for number in range(12)]
NEW_ITEMS = ["planted-in-catalogue", "planted-undated", "planted-in-log"]


def plant(shop) -> None:
    """Two later days that belong to other people and other things, returns, and a catalogue that knows of them."""
    items = [json.loads(line) for line in shop.catalogue.read_text().splitlines() if line.endswith("}")]
    quiet = [item["item_id"] for item in items[-5:]]
    for day in AFTER:
        path = shop.deliver(day)
        own = [line for line in path.read_text(errors="ignore").splitlines() if f'"ts":"{day}' in line]
        users = NEW_USERS + [json.loads(line)["user_id"] for line in own[:20]]
        clicks = [
            {
                "event_id": f"{day}-{user}-{item}",
                "user_id": user,
                "item_id": item,
                "type": kind,
                "ts": f"{day}T09:00:00Z",
            }
            for user in users
            for item in NEW_ITEMS + quiet
            for kind in ("click", "purchase")
        ]
        path.write_text("\n".join([*own, *(json.dumps(click | {"price": 9.5}) for click in clicks)]) + "\n")
        with path.open("ab") as file:
            for age in range(1, 6):
                file.writelines(shop.returns(day - dt.timedelta(days=age), 50, day))
    dated = {"title": "Planted Lamp", "available_from": f"{AFTER[0]}T00:00:00Z", "price": 5.0}
    planted = [{"item_id": NEW_ITEMS[0], **dated}, {"item_id": NEW_ITEMS[1], "title": "Planted Chair"}]
    gone = [item | {"withdrawn_at": f"{AFTER[0]}T00:00:00Z"} for item in items[:3]]
    shop.catalogue.write_text("\n".join(json.dumps(item) for item in [*gone, *items[3:], *planted]) + "\n")


@pytest.fixture(scope="module")
def planted(built, tmp_path_factory):
    """The built shop with two more days in its tables, and the as-of day before them learned again."""
    from pipelines.build import backfill_as_of

    shop = built.copy(tmp_path_factory.mktemp("leaks") / "copy")
    shop.configure(checks={"volume_ratio": None})
    plant(shop)
    shop.backfill_days(*AFTER)
    shop.sql("DELETE FROM releases", f"DELETE FROM artifacts WHERE as_of_day = '{LAST}'")
    for table, column in TABLES.items():
        shop.sql(f"DELETE FROM {table} WHERE {column} = '{LAST}'")
    backfill_as_of(shop.project, LAST, LAST)
    return shop


def test_the_planted_days_are_in_the_tables(planted):
    known = "SELECT count(*) AS n FROM {} WHERE {} LIKE 'planted%'"
    for table, column, n in (("core_users", "user_id", len(NEW_USERS)), ("core_items", "item_id", len(NEW_ITEMS))):
        assert planted.warehouse.read(known.format(table, column))["n"][0] == n
    undone = "SELECT count(*) AS n FROM core_undone_interactions WHERE event_day <= ? AND undone_on > ?"
    assert planted.warehouse.read(undone, [LAST, LAST])["n"][0] >= 10
    newest = "SELECT max(event_day) AS day FROM core_interactions"
    assert planted.warehouse.read(newest)["day"][0] == AFTER[-1]


@pytest.mark.parametrize("table", TABLES)
def test_no_row_changes(built, planted, table):
    sql = f"SELECT * FROM {table} WHERE {TABLES[table]} = ? ORDER BY ALL"
    rows = built.warehouse.read(sql, [LAST])
    assert rows.height
    assert planted.warehouse.read(sql, [LAST]).equals(rows)


def test_no_artifact_changes(built, planted):
    sql = "SELECT asset, digest FROM artifacts WHERE as_of_day = ? ORDER BY asset"
    before, after = (dict(shop.warehouse.read(sql, [LAST]).iter_rows()) for shop in (built, planted))
    assert {"interaction_sequences", "sasrec", "ease", "ranking_dataset", "lambdarank"} < set(before)
    pages = [page_of(shop, digests.pop("evaluation_report")) for shop, digests in ((built, before), (planted, after))]
    assert after == before
    assert pages[0] == pages[1]


def page_of(shop, digest: str) -> str:
    """The report without what was measured with a clock."""
    page = (shop.artifacts.get("evaluation_report", digest) / "report.html").read_text()
    page, n_measured = re.subn(r'<section class="measured">.*?</section>', "", page, flags=re.DOTALL)
    assert n_measured == 2 and "Scores against what was taken" in page
    return page


def test_no_feature_and_no_item_changes(built, planted):
    sql = "SELECT DISTINCT user_id, item_id FROM recommendations WHERE as_of_day = ? ORDER BY ALL"
    pairs = built.warehouse.read(sql, [LAST])
    features = features_as_of(built.warehouse, pairs, LAST)
    assert features["user_n_interactions_28d"].sum() and features["category_n_items"].sum()
    assert features_as_of(planted.warehouse, pairs, LAST).equals(features)
    assert items_known(planted.warehouse, LAST).equals(items_known(built.warehouse, LAST))
