"""What models wrote about users on earlier as-of days; nothing of the day itself or of a later one is read."""

import datetime as dt
from typing import Any

from models.profiles.digests import digest_of
from models.profiles.shown_users import Standing
from models.profiles.written_users import standing_of
from models.text.generation.contract import TextGenerator
from resources.warehouse import Warehouse

MODEL_DIGITS = 12

STANDING_SQL = """SELECT user_id, profile, backend, prompt_version, n_tokens_out FROM user_profiles
    SEMI JOIN (SELECT unnest($users) AS user_id) USING (user_id)
    WHERE as_of_day < $day AND backend <> 'extractive' AND {usable}
    QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY as_of_day DESC) = 1"""
SAME_WRITER = """list_contains($versions, prompt_version)
    AND list_contains($versions, json_extract_string(profile, '$.asked.built_with'))
    AND json_extract_string(profile, '$.asked.model') = $model"""


def earlier_words(
    warehouse: Warehouse, day: dt.date, users: list[str], versions: list[str], generator: TextGenerator
) -> dict[str, Standing]:
    """The newest earlier words of some users that this model wrote with prompts of these versions alone."""
    writer = {"versions": versions, "model": model_digest(generator)}
    return _standing(warehouse, SAME_WRITER, {"users": users, "day": day, **writer})


def words_of_anyone(warehouse: Warehouse, day: dt.date, users: list[str]) -> dict[str, Standing]:
    """The newest earlier words of some users, whichever model wrote them with whichever prompt."""
    return _standing(warehouse, "true", {"users": users, "day": day})


def model_digest(generator: TextGenerator) -> str:
    """What of a model stands in a profile."""
    return digest_of(generator.identity)[:MODEL_DIGITS]


def _standing(warehouse: Warehouse, usable: str, values: dict[str, Any]) -> dict[str, Standing]:
    if not values["users"] or not warehouse.has_table("user_profiles"):
        return {}
    rows = warehouse.read(STANDING_SQL.format(usable=usable), values)
    found = {row["user_id"]: standing_of(row) for row in rows.iter_rows(named=True)}
    return {user: standing for user, standing in found.items() if standing}
