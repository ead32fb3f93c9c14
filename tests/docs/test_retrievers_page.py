import re
from pathlib import Path

from models.retrieval.registry import RETRIEVERS

PAGE = (Path(__file__).parents[2] / "docs" / "retrievers.md").read_text(encoding="utf-8")


def test_the_page_names_every_retriever_and_says_what_each_does_with_the_unseen():
    first, unseen = PAGE.split("## What happens to the unseen")
    named = set(re.findall(r"`([a-z0-9_]+)`", "\n".join(re.findall(r"^\| `.*", first, re.MULTILINE))))
    assert set(RETRIEVERS) <= named
    rows = "\n".join(row.split("|")[1] for row in unseen.splitlines() if row.startswith("|"))
    assert set(RETRIEVERS) - set(re.findall(r"`([a-z0-9_]+)`", rows)) == {
        "popularity",
        "recent_popularity",
        "decayed_popularity",
    }
