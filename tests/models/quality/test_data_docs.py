import re
from html.parser import HTMLParser

import polars as pl
import pytest

from models.quality.data_docs import data_docs_page
from models.quality.expectations import Suite, between, one_of
from models.quality.run import run_suite

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"' $column ${x} $ {{ 7 * 7 }}"


class Tags(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page() -> str:
    frame = pl.DataFrame({"item": ["a", HOSTILE], "n": [1, 30]})
    expected = (one_of("item", ["a"], "items are known"), between("n", 0, 10, "numbers are small"))
    return data_docs_page(run_suite(frame, Suite("numbers", ("n",), expected)).validation, "numbers <2025-09-20>")


@pytest.fixture(scope="module")
def parsed(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    return tags


def test_it_is_great_expectations_page_about_the_result(parsed):
    text = re.sub(r"\s+", " ", " ".join(parsed.text))
    for told in ("Evaluated Expectations", "Success Percent", "0%", "values must belong to this set", "50%"):
        assert told in text
    assert "numbers <2025-09-20>" in text


def test_it_loads_and_runs_nothing(page, parsed):
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in parsed.tags}
    targets = [attributes[name] for _, attributes in parsed.tags for name in ("src", "href") if name in attributes]
    assert targets
    assert all(target.startswith("#") for target in targets)
    assert "url(" not in page
    (policy,) = [given for tag, given in parsed.tags if given.get("http-equiv") == "Content-Security-Policy"]
    assert policy["content"].startswith("default-src 'none'")
    assert parsed.tags.index(("meta", policy)) < [tag for tag, _ in parsed.tags].index("style")


def test_values_of_the_data_make_no_tags(parsed):
    assert not any(name.startswith("on") for _, attributes in parsed.tags for name in attributes)
    assert any("alert(2)" in text for text in parsed.text), "the value is there, as text"
