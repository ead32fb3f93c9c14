"""What profiles are worth by themselves: `python benchmarks/profile_quality.py [movielens|xrec] [--data FOLDER]`.

`movielens`: MovieLens latest-small. Of each user's ratings from 3.5 up (at least five), in the order of time, the last
fifth is the truth and the rest is what profiles are made of; the rules of the text are chosen on the fifth before it.
NDCG@10 over the whole catalogue without what the user took, with bootstrap intervals by user and paired differences:
popularity, the mean of title vectors, profiles as the summary says them, and with `profiles.company`.
`xrec`: the profiles that a language model wrote of 3,000 user-item pairs of Yelp, through the same measures.

Vectors are of MiniLM (96 tokens), on one thread; those of a text are computed once.
"""

from __future__ import annotations

import argparse
import os
import time
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from measuring import ROOT

DATA = ROOT.parent / "shared" / "data"
K, LAST_SHARE, LEAST, MAX_TOKENS = 10, 0.2, 5, 96
DAY = date(2018, 12, 31)
GRID = [
    {"n_items": 8, "min_users": least, "n_favourites": n_favourites, "shrinkage": shrinkage}
    for least in (20, 40)
    for shrinkage in (5.0, 20.0, 50.0)
    for n_favourites in (12, 25)
]


def main() -> None:
    """Both parts, or the one named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="?", choices=["movielens", "xrec"])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--n", type=int, default=3000, help="Rows of `xrec` that are looked at.")
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    vectors = Vectors()
    if given.part != "xrec":
        movielens(given.data, vectors)
    if given.part != "movielens":
        xrec(given.data, vectors, given.n)
    print(f"{vectors.n} texts encoded in {vectors.seconds:.0f} CPU s, all {time.process_time():.0f} CPU s")


class Vectors:
    """Unit vectors of texts, each text encoded once."""

    def __init__(self) -> None:
        from models.text.encoder import load_encoder

        self.encoder = load_encoder("minilm", max_tokens=MAX_TOKENS, n_threads=1)
        self.known: dict[str, np.ndarray] = {}
        self.n, self.seconds = 0, 0.0

    def __call__(self, texts: list[str]) -> np.ndarray:
        """`[n, d]` float32."""
        from models.text.paragraphs import encode_paragraphs

        return encode_paragraphs(texts, self._looked_up)

    def _looked_up(self, texts: list[str]) -> np.ndarray:
        began = time.process_time()
        new = sorted(set(texts) - set(self.known))
        if new:
            self.known |= dict(zip(new, self.encoder.encode(new), strict=True))
        self.n, self.seconds = self.n + len(new), self.seconds + time.process_time() - began
        return np.stack([self.known[text] for text in texts])


class Setting:
    """Who may learn from what, and what is scored: users and items by row."""

    def __init__(self, train: pl.DataFrame, test: pl.DataFrame, items: pl.DataFrame):
        from models.profiles.extractive import item_profiles, user_profiles

        self.train, self.items = train, items
        self.item_rows = item_profiles(items, DAY).to_dicts()
        self.user_rows = user_profiles(train, items, item_profiles(items, DAY), DAY).to_dicts()
        self.users = {row["user_id"]: place for place, row in enumerate(self.user_rows)}
        self.places = {item: place for place, item in enumerate(items["item_id"])}
        self.seen, self.truth = self._rows(train), self._rows(test.filter(pl.col("user_id").is_in(list(self.users))))

    def _rows(self, pairs: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        rows = [(self.users[user], self.places[item]) for user, item in pairs.select("user_id", "item_id").iter_rows()]
        return tuple(np.array(rows, dtype=np.int64).T)

    def ndcg(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """NDCG by user of lists by cosine."""
        from models.profiles.quality.usefulness import nearest_items

        return self._ndcg(nearest_items(users, items, self.seen, K)[0])

    def popularity(self) -> np.ndarray:
        """NDCG by user of the most taken items."""
        from models.retrieval.top_k import top_k

        scores = np.tile(np.bincount(self.seen[1], minlength=len(self.places)).astype(np.float32), (len(self.users), 1))
        scores[self.seen] = -np.inf
        return self._ndcg(top_k(scores, K)[0])

    def _ndcg(self, lists: np.ndarray) -> np.ndarray:
        from models.profiles.quality.usefulness import ndcg_by_user

        return ndcg_by_user(lists, self.truth, K)

    def means(self, vectors: np.ndarray) -> np.ndarray:
        """The mean of each user's items."""
        sums = np.zeros((len(self.users), vectors.shape[1]), dtype=np.float32)
        np.add.at(sums, self.seen[0], vectors[self.seen[1]])
        return sums / np.linalg.norm(sums, axis=1, keepdims=True)

    def texts(self, company: dict | None = None) -> tuple[list[str], list[str]]:
        """What is embedded of users and of items."""
        from models.profiles.company import favourites, favourites_text, item_company
        from models.profiles.company_config import CompanyConfig
        from models.profiles.extractive import profile_text

        liked, near = {}, {}
        if company:
            config = CompanyConfig(**company)
            liked, near = favourites(self.train, self.items, config), item_company(self.train, self.items, config)
        items = [profile_text(row, near.get(row["item_id"], ())) for row in self.item_rows]
        text_of = {row["item_id"]: text for row, text in zip(self.item_rows, items, strict=True)}
        users = [
            favourites_text([text_of[item] for item in liked[row["user_id"]]])
            if row["user_id"] in liked
            else row["summary"]
            for row in self.user_rows
        ]
        return users, items


def movielens(folder: Path, vectors: Vectors) -> None:
    """Retrieval from profile vectors alone."""
    from models.evaluation.intervals import paired_difference
    from models.profiles.quality.measure import mean_of

    ratings, items = read_movielens(folder / "movielens_latest_small")
    train, test = last_of(ratings)
    chosen = choose(Setting(*last_of(train), items), vectors)
    setting = Setting(train, test, items)
    print(f"{len(setting.users)} users, {len(setting.places)} items, {train.height} taken, {test.height} to find")
    titles = vectors(items["title"].to_list())
    plain, named = ([vectors(texts) for texts in setting.texts(company)] for company in (None, chosen))
    rows = {
        "popularity": setting.popularity(),
        "mean of titles": setting.ndcg(setting.means(titles), titles),
        "profiles (summaries)": setting.ndcg(*plain),
        f"profiles with {chosen}": setting.ndcg(*named),
        "mean of item profiles with the same": setting.ndcg(setting.means(named[1]), named[1]),
    }
    for name, values in rows.items():
        found = mean_of(name, values)
        print(f"{name:90} {found.value:.4f} [{found.ci_low:.4f}, {found.ci_high:.4f}]")
    for name in ("popularity", "mean of titles", "profiles (summaries)"):
        apart = paired_difference(rows[f"profiles with {chosen}"], rows[name])
        ends = f"[{apart.low:+.4f}, {apart.high:+.4f}], p {apart.p_value:.3f}"
        print(f"with titles of others - {name}: {apart.mean:+.4f} {ends}")
    measures_of_movielens(setting, chosen, vectors)


def choose(setting: Setting, vectors: Vectors) -> dict:
    """The rules of the text that do best on the fifth before the last."""
    print(f"validation: popularity {setting.popularity().mean():.4f}")
    found = {}
    for number, company in enumerate(GRID):
        found[number] = setting.ndcg(*map(vectors, setting.texts(company))).mean()
        print(f"validation: {company} {found[number]:.4f}", flush=True)
    return GRID[max(found, key=lambda number: found[number])]


def measures_of_movielens(setting: Setting, company: dict, vectors: Vectors) -> None:
    """Specificity, language and length of the extractive profiles."""
    from models.profiles.quality.length import lengths
    from models.profiles.quality.specificity import specificity

    later = np.zeros((len(setting.users), vectors(["x"]).shape[1]), dtype=np.float32)
    for what, given in (("summaries", None), ("with titles of others", company)):
        users, items = map(vectors, setting.texts(given))
        later[:] = 0
        np.add.at(later, setting.truth[0], items[setting.truth[1]])
        told = [
            specificity(users, setting.means(items), metric="specificity"),
            specificity(users, later, metric="specificity_later"),
        ]
        show(f"movielens users, {what}", told)
    show("movielens users", lengths([row["summary"] for row in setting.user_rows], (3, 200)))


def xrec(folder: Path, vectors: Vectors, n_rows: int) -> None:
    """Real profiles by a language model: a pair's item is what is known of its user, and its explanation."""
    from models.profiles.personal_data import find_personal_data
    from models.profiles.private_attributes import find_private_claims
    from models.profiles.quality.language import same_language
    from models.profiles.quality.length import lengths
    from models.profiles.quality.specificity import specificity

    frame = (
        pl.read_parquet(folder / "xrec_yelp" / "xrec_yelp.parquet")
        .head(n_rows)
        .unique("uid", keep="first", maintain_order=True)
    )
    users, items, words = (frame[name].to_list() for name in ("user_summary", "item_summary", "explanation"))
    of_users, of_items = vectors(users), vectors(items)
    told = [
        specificity(of_users, of_items, metric="specificity (by the item's profile)"),
        specificity(of_users, vectors(words), metric="specificity (by the explanation)"),
        specificity(of_items, vectors(frame["title"].to_list()), metric="specificity of items (by the title)"),
        same_language(users, ["en"] * len(users)),
        *lengths(users, (3, 200)),
    ]
    show(f"xrec, {len(users)} users", told)
    for name, texts, about in (("user", users, "user"), ("item", items, "item")):
        private = sum(bool(find_private_claims(text, about=about)) for text in texts)
        personal = sum(bool(find_personal_data(text)) for text in texts)
        print(f"xrec {name} profiles: {private} with private claims, {personal} with personal data, of {len(texts)}")


def show(what: str, measures: list) -> None:
    """A line each."""
    for one in measures:
        print(f"{what}: {one.metric} {one.value:.3f} [{one.ci_low:.3f}, {one.ci_high:.3f}], n {one.n}", flush=True)


def read_movielens(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ratings as rows of `core_interactions` and films as rows of `items_known`."""
    at = pl.from_epoch("timestamp").cast(pl.Datetime("us"))
    ratings = pl.read_csv(folder / "ratings.csv.gz").select(
        pl.col("userId").cast(pl.Utf8).alias("user_id"),
        pl.col("movieId").cast(pl.Utf8).alias("item_id"),
        at.alias("event_at"),
        at.dt.date().alias("event_day"),
        (pl.col("rating") >= 3.5).cast(pl.Float64).alias("weight"),
        pl.lit(None, pl.Float64).alias("price"),
    )
    ratings = ratings.filter(pl.col("weight") > 0).sort("user_id", "event_at", "item_id")
    films = pl.read_csv(folder / "movies.csv.gz").select(
        pl.col("movieId").cast(pl.Utf8).alias("item_id"),
        "title",
        category=pl.when(pl.col("genres") != "(no genres listed)").then("genres"),
        **{name: pl.lit(None, pl.Utf8) for name in ("description", "brand")},
        price=pl.lit(None, pl.Float64),
        available_from=pl.lit(None, pl.Datetime("us")),
        first_seen_on=pl.lit(None, pl.Date),
    )
    return ratings.with_row_index("event_id").with_columns(pl.col("event_id").cast(pl.Utf8).str.zfill(9)), films.sort(
        "item_id"
    )


def last_of(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Everybody's last fifth, of those with at least five, and what came before it."""
    place, n = pl.int_range(pl.len()).over("user_id"), pl.len().over("user_id")
    is_last = place >= (n * (1 - LAST_SHARE)).floor()
    enough = rows.sort("user_id", "event_at", "event_id").filter(n >= LEAST)
    return enough.filter(~is_last), enough.filter(is_last)


if __name__ == "__main__":
    main()
