"""What a language model is shown of an item: its own readable text, and nothing where that talks to the model."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import date

import polars as pl

from models.profiles.config import ProfilesConfig
from models.profiles.digests import digest_of
from models.profiles.item_facts import category_path, known_items
from models.profiles.item_profiles import readable_items, without_personal_data
from models.text.hostile import hostile_kind
from models.text.languages import UNKNOWN, language_of, majority_language

REFERENCE_DIGITS, EXCERPT_CHARACTERS = 12, 200
_STRUCK_OUT = re.compile(r"</?s>", re.IGNORECASE)  # honest HTML that looks like a chat's marker
_FIELDS = ("title", "description", "brand", "category")


@dataclass(frozen=True)
class ShownItem:
    """An item as the model sees it.

    Attributes:
        item_id: Whose text it is; the model sees `reference` instead, because ids are text from outside too.
        title: Plain text, without personal data; so are the others.
        description: Cut to `prompt_characters`.
        brand: May be empty.
        category: Such as `Home > Kitchen`; may be empty.
        hostile: What kind of attempt on a language model the text holds; `None`: it may be shown.
        asked_as: The item as it was when it was asked about, where it has hardly changed since; `None`: as it is.
        languages: The text's own, as far as it shows, and the one that most texts of the catalogue are in.
    """

    item_id: str
    title: str
    description: str
    brand: str
    category: str
    hostile: str | None = None
    languages: frozenset[str] = frozenset()
    asked_as: ShownItem | None = None

    @property
    def subject_id(self) -> str:
        """Under which its answer is kept during a run."""
        return self.item_id

    @property
    def reference(self) -> str:
        """What the answer has to repeat."""
        return item_reference(self.item_id)

    @property
    def text(self) -> str:
        """All that is shown of it."""
        return "\n".join(part for part in (self.title, self.brand, self.category, self.description) if part)

    @property
    def data(self) -> dict[str, str]:
        """What stands in the prompt."""
        return {"item": self.reference, **{name: getattr(self, name) for name in _FIELDS}}


def item_reference(item_id: str) -> str:
    """What a model sees in place of an item's id."""
    return digest_of(item_id)[:REFERENCE_DIGITS]


def shown_items(items: pl.DataFrame, as_of_day: date, config: ProfilesConfig) -> list[ShownItem]:
    """The items that may be known on a day, in the order of their ids.

    Args:
        items: Rows of `items_known`.
        as_of_day: Last day seen.
        config: `item` says how much is read, `prompt_characters` how much of it is shown.
    """
    known = known_items(items, as_of_day)
    read = readable_items(known, config.item).with_columns(
        description=pl.col("description").str.slice(0, config.prompt_characters),
        category=category_path().list.join(" > "),
    )
    read = read.with_columns(without_personal_data(read["category"]))
    raw = known.select(pl.col(name).fill_null("").str.slice(0, config.item.max_text_characters) for name in _FIELDS)
    ids, texts = read["item_id"].to_list(), read.select(_FIELDS).rows()
    languages = _languages(texts)
    shown = []
    for item_id, own, written, expected in zip(ids, texts, raw.rows(), languages, strict=True):
        title, description, brand, category = own
        hostile = _hostile(own, written)
        shown.append(ShownItem(item_id, title, description, brand, category, hostile, languages=expected))
    return shown


def _languages(texts: list[tuple[str, ...]]) -> list[frozenset[str]]:
    """What each item's profile may be written in."""
    own = [language_of(" ".join(fields)) for fields in texts]
    usual = majority_language(own)
    return [frozenset({code, usual} - {UNKNOWN}) for code in own]


def hostile_texts(items: list[ShownItem]) -> pl.DataFrame:
    """Rows `item_id, rule, excerpt` of the items whose text is withheld."""
    rows = [(item.item_id, item.hostile, _excerpt(item.text)) for item in items if item.hostile]
    schema = {"item_id": pl.String, "rule": pl.String, "excerpt": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _excerpt(text: str) -> str:
    """The line that holds the attempt, or the beginning where only all of them together do."""
    line = next((line for line in text.split("\n") if hostile_kind(line)), text)
    return line[:EXCERPT_CHARACTERS]


def _hostile(fields: tuple[str, ...], raw: tuple[str, ...]) -> str | None:
    """The first attempt in a field, in all of them together, or in a chat's markers that reading took for markup."""
    for text in (*fields, " ".join(fields)):
        if kind := hostile_kind(text):
            return kind
    for text in raw:
        if "<" in (written := html.unescape(text)) and hostile_kind(_STRUCK_OUT.sub(" ", written)) == "role":
            return "role"
    return None
