"""A suite's result as the page of Great Expectations' Data Docs, made to open without a network.

Great Expectations renders the page; its templates load fourteen style sheets and scripts and a logo from six hosts and
more. Those go, a small style sheet of our own comes, and a content security policy forbids scripts and everything from
elsewhere: values of the data stand on the page as examples.
"""

from __future__ import annotations

import re
from copy import deepcopy
from html import escape
from importlib.resources import files
from typing import Any, Final

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
LOADED: Final = re.compile(r"<script\b.*?</script>|<link\b[^>]*>", re.S)
BANNER: Final = re.compile(r'<nav class="navbar navbar-expand.*?</nav>\s*</div>\s*</nav>', re.S)
HANDLER: Final = re.compile(r'\s+onclick="[^"]*"')
FOOTER: Final = re.compile(r"<footer\b.*?</footer>", re.S)
STYLE: Final = re.compile(r"<style>.*?</style>", re.S)
ELSEWHERE: Final = re.compile(r'<a\s+href="(?:\.\./|https?:)[^"]*"[^>]*>(.*?)</a>', re.S)


def data_docs_page(validation: Any, title: str) -> str:
    """The page of one validation result.

    Args:
        validation: An `ExpectationSuiteValidationResult` of Great Expectations.
        title: What the page is about, e.g. `raw_events, 2025-09-01 to 2025-09-20`.

    Returns:
        HTML that loads nothing and runs nothing. Takes some 0.05 s.
    """
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    page = str(DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(_harmless(validation))))
    for pattern in (LOADED, BANNER, HANDLER, FOOTER, STYLE):
        page = pattern.sub("", page)
    page = ELSEWHERE.sub(r"\1", page)
    css = files("models.quality").joinpath("data_docs.css").read_text(encoding="utf-8")
    head = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n<style>\n{css}</style>\n'
    page = re.sub(r"<title>.*?</title>", "", page, flags=re.S)
    page = page.replace("<head>", f"<head>\n{head}<title>{escape(title)}</title>", 1)
    return page.replace("<body>", f"<body>\n<h1>{escape(title)}</h1>", 1)


def _harmless(validation: Any) -> Any:
    """A copy whose texts make no tags: Great Expectations puts values of the data onto its pages as they are."""
    copied = deepcopy(validation)
    for each in copied.results:
        each.result, each.exception_info = _escaped(each.result), _escaped(each.exception_info)
    return copied


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, dict):
        return {_escaped(name): _escaped(each) for name, each in value.items()}
    return [_escaped(each) for each in value] if isinstance(value, list | tuple) else value
