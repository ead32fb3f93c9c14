"""What is wrong with stored profiles: rows off the schema, missing items or users, personal data, private claims.

Works on the table of any backend; the asset checks turn its findings into passes and failures.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import polars as pl
from pydantic import BaseModel, ValidationError

from models.profiles.personal_data import CANDIDATE, find_personal_data
from models.profiles.private_attributes import find_private_claims, suspects
from models.profiles.schema import ItemProfile, UserProfile, first_fault

_KEYS = frozenset(
    {"item_id", "user_id", "event_ids", "against_event_ids", "asked"}
)  # the warehouse's own keys, not words about anyone
_KEY_VALUES = r'"(?:against_)?event_ids":\[[^\]]*\]|"(?:item|user)_id":"[^"]*"'


@dataclass(frozen=True)
class ProfileAudit:
    """Findings over one table of profiles.

    Attributes:
        n_rows: Rows looked at.
        invalid: Id -> what is wrong with its JSON; a profile of another id than its row's is invalid.
        missing: Expected ids without a row, sorted.
        n_expected: Number of expected ids.
        personal_data: Id -> kinds of personal data found in its words, see `find_personal_data`.
        private_claims: User id -> kinds of private attributes that its words claim, see `find_private_claims`.
    """

    n_rows: int
    invalid: dict[str, str]
    missing: list[str]
    n_expected: int
    personal_data: dict[str, list[str]]
    private_claims: dict[str, list[str]] = field(default_factory=dict)

    @property
    def schema_valid_share(self) -> float:
        """Share of rows whose profile is valid; 1.0 for an empty table."""
        return 1.0 - len(self.invalid) / self.n_rows if self.n_rows else 1.0

    @property
    def coverage(self) -> float:
        """Share of the expected ids that have a row; 1.0 where none was expected."""
        return 1.0 - len(self.missing) / self.n_expected if self.n_expected else 1.0

    def __add__(self, other: ProfileAudit) -> ProfileAudit:
        """The findings over both tables, which have no id in common."""
        return ProfileAudit(
            n_rows=self.n_rows + other.n_rows,
            invalid=self.invalid | other.invalid,
            missing=[*self.missing, *other.missing],
            n_expected=self.n_expected + other.n_expected,
            personal_data=self.personal_data | other.personal_data,
            private_claims=self.private_claims | other.private_claims,
        )


def _fault(profile: str | None, schema: type[BaseModel], key: str, own_id: str) -> str | None:
    """What is wrong with one profile, `None` where nothing is."""
    if profile is None:
        return "no profile"
    try:
        described = getattr(schema.model_validate_json(profile), key)
    except ValidationError as error:
        return first_fault(error)
    return None if described == own_id else f"{key}: describes {described!r}"


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in _KEYS:
                yield from _words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _words(inner)


def _personal_data(profile: str) -> list[str]:
    try:
        words: Iterable[str] = _words(orjson.loads(profile))
    except orjson.JSONDecodeError:
        words = [profile]
    return sorted({kind for text in words for kind in find_personal_data(text)})


def find_personal_rows(frame: pl.DataFrame, key: str) -> dict[str, list[str]]:
    """Profiles whose words hold personal data.

    Args:
        frame: Columns `key` and `profile`.
        key: `item_id` or `user_id`.

    Returns:
        Id -> kinds found, in the order of the rows. Ids and event ids inside the JSON are not looked at.
    """
    words = pl.col("profile").str.replace_all(_KEY_VALUES, "")  # event ids are long numbers, and in every profile
    suspects = frame.filter(words.str.contains(CANDIDATE)).select(key, "profile")
    found = {own_id: _personal_data(profile) for own_id, profile in suspects.iter_rows()}
    return {own_id: kinds for own_id, kinds in found.items() if kinds}


def find_private_rows(frame: pl.DataFrame, allowed: Collection[str] = ()) -> dict[str, list[str]]:
    """User profiles whose words claim a private attribute.

    Looked at are the summary and the topics, which the writer chose; categories, brands and phrases are items' words.

    Args:
        frame: Columns `user_id` and `profile`.
        allowed: Kinds that may be claimed.

    Returns:
        Id -> kinds found, in the order of the rows. A profile that is no JSON object is looked at as it is.
    """
    words = pl.Series([_chosen_words(profile or "") for profile in frame["profile"]], dtype=pl.List(pl.Utf8))
    texts = frame.select("user_id", text=words).explode("text").drop_nulls()
    found: dict[str, set[str]] = {}
    for user_id, text in texts.filter(suspects(texts["text"])).iter_rows():
        found.setdefault(user_id, set()).update(find_private_claims(text))
    return {user_id: told for user_id, kinds in found.items() if (told := sorted(kinds.difference(allowed)))}


def _chosen_words(profile: str) -> list[str]:
    """The words of a user's profile that its writer chose."""
    try:
        said = orjson.loads(profile)
        tastes = [taste for name in ("long_term", "current", "dislikes") for taste in said.get(name, [])]
        texts = [said.get("summary", ""), *(taste["text"] for taste in tastes if taste["kind"] == "topic")]
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        texts = [profile]
    return [str(text) for text in texts]


def audit_profiles(
    frame: pl.DataFrame, expected_ids: Iterable[str] | pl.Series, allowed: Collection[str] = ()
) -> ProfileAudit:
    """Look through a table of item or user profiles.

    Args:
        frame: Columns `item_id` or `user_id`, and `profile`; an `item_id` column means item profiles.
        expected_ids: The ids that should have a profile.
        allowed: Private attributes that user profiles may claim.

    Returns:
        See `ProfileAudit`. Rows of unexpected ids are audited too, and do not count towards coverage.
    """
    key = "item_id" if "item_id" in frame.columns else "user_id"
    schema: type[BaseModel] = ItemProfile if key == "item_id" else UserProfile
    faults = ((own_id, _fault(profile, schema, key, own_id)) for own_id, profile in frame.select(key, "profile").rows())
    expected = set(expected_ids)
    return ProfileAudit(
        n_rows=frame.height,
        invalid={own_id: fault for own_id, fault in faults if fault},
        missing=sorted(expected.difference(frame[key].to_list())),
        n_expected=len(expected),
        personal_data=find_personal_rows(frame, key),
        private_claims=find_private_rows(frame, allowed) if key == "user_id" else {},
    )
