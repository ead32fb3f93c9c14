"""What the measures of profiles are taken from: a fixed sample of subjects, their texts, vectors and events."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from assets.point_in_time import interactions_between, interactions_until, items_known
from models.profiles.config import ProfilesConfig
from resources.text_encoder import CachedTextEncoder
from resources.warehouse import Warehouse

NEWEST_SQL = "SELECT max(as_of_day) AS day FROM user_profiles WHERE as_of_day BETWEEN ? AND ?"


@dataclass(frozen=True)
class Profiles:
    """Reads profiles and what is known beside them.

    Attributes:
        warehouse: The lake.
        encoder: Vectors of texts, kept by content.
        config: The project's.
    """

    warehouse: Warehouse
    encoder: CachedTextEncoder
    config: ProfilesConfig

    def sample(self, kind: str, day: dt.date, of: pl.Series | None = None) -> pl.DataFrame:
        """Profiles of `n_subjects` of the items or users of a day, or of those named, by id; the same ones every day.

        Which ones follows from a digest of the id, so that the sample of the next day is comparable.
        """
        key = f"{kind}_id"
        sql = f"""SELECT * REPLACE (coalesce(text, summary) AS text) FROM {kind}_profiles
            WHERE as_of_day = ? ORDER BY md5({key})"""  # days from before users had a text have none
        rows = self.warehouse.read(sql, [day])
        if of is not None:
            return rows.filter(pl.col(key).is_in(of.implode())).sort(key)
        return rows.head(self.config.quality.n_subjects).sort(key)

    def n_like(self, profiles: pl.DataFrame, kind: str, day: dt.date) -> int:
        """How many profiles of the day the backend and prompt of these wrote, in and out of the sample."""
        sql = f"SELECT count(*) AS n FROM {kind}_profiles WHERE as_of_day = ? AND backend = ? AND prompt_version = ?"
        return self.warehouse.read(sql, [day, profiles["backend"][0], profiles["prompt_version"][0]])["n"][0]

    def n_users(self, day: dt.date) -> int:
        """Users with an interaction up to a day."""
        return interactions_until(self.warehouse, day)["user_id"].n_unique()

    def complete_day(self, day: dt.date, test_days: int) -> dt.date | None:
        """The newest day with user profiles at least `test_days` and at most twice that before `day`."""
        ends = [day - dt.timedelta(days=2 * test_days), day - dt.timedelta(days=test_days)]
        return self.warehouse.read(NEWEST_SQL, ends)["day"][0]

    def day_before(self, day: dt.date) -> dt.date | None:
        """The newest earlier day with user profiles."""
        return self.warehouse.read(NEWEST_SQL, [dt.date.min, day - dt.timedelta(days=1)])["day"][0]

    def vectors(self, texts: list[str]) -> np.ndarray:
        """`[n, d]` unit vectors."""
        return self.encoder.encode(self.warehouse, texts)[0]

    def items(self, day: dt.date) -> pl.DataFrame:
        """Items known on a day with the text, key phrases and language of their profiles."""
        sql = "SELECT item_id, text, key_phrases, language FROM item_profiles WHERE as_of_day = ?"
        return items_known(self.warehouse, day).join(self.warehouse.read(sql, [day]), on="item_id").sort("item_id")

    def events(self, users: pl.Series, day: dt.date) -> pl.DataFrame:
        """What some users did up to a day, in the order of time."""
        return interactions_until(self.warehouse, day).filter(pl.col("user_id").is_in(users.implode()))

    def later_events(self, users: pl.Series, after: dt.date, until: dt.date) -> pl.DataFrame:
        """What they did after a day."""
        return interactions_between(self.warehouse, after, until).filter(pl.col("user_id").is_in(users.implode()))


def mean_vectors(pairs: pl.DataFrame, subjects: list[str], items: list[str], vectors: np.ndarray) -> np.ndarray:
    """The mean vector of each subject's items, `[n_subjects, d]`, of unit length; zero for one without items.

    Args:
        pairs: Rows `user_id, item_id`; an item as often as it stands there.
        subjects: Ids.
        items: Ids of the vectors.
        vectors: `[n_items, d]`.
    """
    place_of, row_of = ({one: number for number, one in enumerate(ids)} for ids in (subjects, items))
    known = pairs.filter(pl.col("user_id").is_in(subjects) & pl.col("item_id").is_in(items))
    sums = np.zeros((len(subjects), vectors.shape[1]), dtype=np.float32)
    users = [place_of[user] for user in known["user_id"]]
    np.add.at(sums, users, vectors[[row_of[item] for item in known["item_id"]]])
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return sums / np.where(lengths > 0, lengths, 1)
