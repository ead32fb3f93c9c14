"""Checks of the profiles: valid JSON, everyone covered, no personal data, and a Great Expectations suite."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from assets.display import rounded
from assets.graph import preview
from assets.quality.suite_metadata import suite_metadata
from models.profiles.audit import ProfileAudit, audit_profiles
from models.quality.run import run_suite
from models.quality.suites import item_profiles_suite, user_profiles_suite

PREVIEWED = 5
MIN_DISTINCT_SHARE = 0.1
"""Of the summaries, where every item has a text of its own."""
TEXTS = ["title", "description", "category", "brand"]

PRIVATE = "user_profiles_infer_nothing_private"
WORDS = {
    "{kind}_profiles_are_valid": "Every profile is JSON that its schema accepts, and describes its own row.",
    "every_{kind}_has_a_profile": "Every {kind} that is known has exactly one profile.",
    "{kind}_profiles_hold_no_personal_data": "No e-mail address, phone or card number stands in a profile.",
    "{kind}_profiles_keep_their_suite": "Great Expectations: keys, summaries, versions, token counts.",
}


def item_profile_specs() -> list[dg.AssetCheckSpec]:
    """Checks of `item_profiles`."""
    return _specs("item")


def user_profile_specs() -> list[dg.AssetCheckSpec]:
    """Checks of `user_profiles`."""
    words = "No profile claims a private attribute that profiles.allowed_private_attributes does not allow."
    private = dg.AssetCheckSpec(PRIVATE, asset="user_profiles", blocking=True, description=words)
    return [*_specs("user"), private]


def item_profile_checks(
    profiles: pl.DataFrame, items: pl.DataFrame, page: Path | None = None
) -> Iterator[dg.AssetCheckResult]:
    """Results for the profiles of `items`; `page` is where the suite's page goes."""
    result = run_suite(profiles, item_profiles_suite(MIN_DISTINCT_SHARE * distinct_texts(items)))
    yield from _results("item", audit_profiles(profiles, items["item_id"]), result, page)


def distinct_texts(items: pl.DataFrame) -> float:
    """Share of different texts among those of the items, 1 without items: a grocer's articles often share theirs."""
    return items.select(TEXTS).n_unique() / len(items) if len(items) else 1.0


@dataclass
class UserFindings:
    """What the checks of user profiles look at, gathered a portion of the users at a time.

    Attributes:
        allowed: Private attributes that a profile may claim.
        audit: Of all portions so far.
        rows: Their rows, a profile that is valid as `{}`: a million are several GiB.
        example: The first rows as they are.
    """

    allowed: Collection[str] = ()
    audit: ProfileAudit = field(default_factory=lambda: ProfileAudit(0, {}, [], 0, {}))
    rows: list[pl.DataFrame] = field(default_factory=list)
    example: pl.DataFrame = field(default_factory=pl.DataFrame)

    def add(self, profiles: pl.DataFrame, interactions: pl.DataFrame) -> None:
        """Look at the profiles of everyone in `interactions`."""
        audit = audit_profiles(profiles, interactions["user_id"].unique(), self.allowed)
        self.audit += audit
        invalid = pl.col("user_id").is_in(list(audit.invalid))
        suite = [name for name in profiles.columns if name in user_profiles_suite().columns()]
        shortened = profiles.select(suite).with_columns(
            profile=pl.when(invalid).then("profile").otherwise(pl.lit("{}"))
        )
        self.rows.append(shortened)
        self.example = profiles.head(PREVIEWED) if self.example.is_empty() else self.example

    @property
    def n_rows(self) -> int:
        """Rows so far."""
        return self.audit.n_rows

    def results(self, page: Path | None = None) -> Iterator[dg.AssetCheckResult]:
        """Results over all of them; `page` is where the suite's page goes."""
        yield from _results("user", self.audit, run_suite(pl.concat(self.rows), user_profiles_suite()), page)
        yield _nothing_private(self.audit)


def _nothing_private(audit: ProfileAudit) -> dg.AssetCheckResult:
    claims = pl.DataFrame({"user_id": list(audit.private_claims), "found": list(audit.private_claims.values())})
    return dg.AssetCheckResult(
        asset_key="user_profiles",
        check_name=PRIVATE,
        passed=claims.is_empty(),
        metadata={
            "n_profiles": claims.height,
            "examples": _shown(claims),
            "remedy": "Build again with a prompt that asks for less, or allow the kind in "
            "profiles.allowed_private_attributes.",
        },
    )


def _specs(kind: str) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            name.format(kind=kind), asset=f"{kind}_profiles", blocking=True, description=text.format(kind=kind)
        )
        for name, text in WORDS.items()
    ]


def _results(kind: str, audit: ProfileAudit, suite, page: Path | None) -> Iterator[dg.AssetCheckResult]:
    asset = f"{kind}_profiles"
    valid, covered, clean, kept = (name.format(kind=kind) for name in WORDS)
    invalid = pl.DataFrame({f"{kind}_id": list(audit.invalid), "fault": list(audit.invalid.values())})
    personal = pl.DataFrame({f"{kind}_id": list(audit.personal_data), "found": list(audit.personal_data.values())})
    findings: list[tuple[str, bool, dict[str, Any]]] = [
        (valid, not audit.invalid, {"valid_share": rounded(audit.schema_valid_share), "invalid": _shown(invalid)}),
        (
            covered,
            not audit.missing,
            {"coverage": rounded(audit.coverage), "missing": dg.MetadataValue.json(audit.missing[:20])},
        ),
        (clean, not audit.personal_data, {"n_profiles": personal.height, "examples": _shown(personal)}),
        (kept, suite.success, suite_metadata(suite, page)),
    ]
    for name, passed, metadata in findings:
        yield dg.AssetCheckResult(asset_key=asset, check_name=name, passed=passed, metadata=metadata)


def _shown(frame: pl.DataFrame) -> dg.MetadataValue:
    return dg.MetadataValue.md(preview(frame, 10))
