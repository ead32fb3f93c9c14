"""What text adds to retrieval, on MovieLens latest-small: titles and genres as vectors.

    python benchmarks/text_retrieval.py ../shared/data/movielens_latest_small [NAME ...] [--encoder minilm]

Ratings of at least 3.5 are interactions. Of each user with at least 5 the last fifth is the test, the tenth before it
chooses the epoch; every user is ranked over all films of the catalogue but those in their past. `cold`: only films that
nobody's past holds are ranked, for the users whose test has one. Recall@20 and NDCG@20 with bootstrap intervals over
users, and the difference in NDCG@20 to `lightgcn`. A user's text names their three most frequent genres and the last
five titles of their training.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import polars as pl

K = 20
MIN_RATING, MIN_RATINGS = 3.5, 5
SMALL = {"batch_tokens": 1024, "max_epochs": 60, "patience": 5, "learning_rate": 0.01}
SETTINGS: dict[str, tuple[str, dict]] = {
    "popularity": ("popularity", {}),
    "ease": ("ease", {}),
    "lightgcn": ("lightgcn", SMALL),
    "lightgcn_contrastive": ("lightgcn", SMALL | {"alignment": "contrastive"}),
    "lightgcn_contrastive_1": ("lightgcn", SMALL | {"alignment": "contrastive", "alignment_weight": 1.0}),
    "lightgcn_generative": ("lightgcn", SMALL | {"alignment": "generative"}),
    "lightgcn_generative_1": ("lightgcn", SMALL | {"alignment": "generative", "alignment_weight": 1.0}),
    "alpharec_linear": ("alpharec", SMALL | {"text_map": "linear"}),
    "alpharec": ("alpharec", SMALL),
}


def ratings(folder: Path) -> pl.DataFrame:
    """The interactions with the columns that splits want, by user and time, and each one's place from the end."""
    rows = pl.read_csv(folder / "ratings.csv.gz").filter(pl.col("rating") >= MIN_RATING)
    rows = rows.sort("userId", "timestamp", "movieId").select(
        user_id=pl.col("userId").cast(pl.Utf8),
        item_id=pl.col("movieId").cast(pl.Utf8),
        event_at=pl.from_epoch("timestamp", time_unit="s").cast(pl.Datetime("us")),
        event_id=pl.int_range(pl.len()).cast(pl.Utf8).str.zfill(9),
        weight=pl.lit(1.0),
    )
    rows = rows.filter(pl.len().over("user_id") >= MIN_RATINGS).with_columns(event_day=pl.col("event_at").dt.date())
    return rows.with_columns(left=(pl.len() - pl.int_range(pl.len())).over("user_id") / pl.len().over("user_id"))


def split_of(rows: pl.DataFrame):
    """70, 10 and 20 % of each user's past, oldest first."""
    from models.evaluation.protocols import Split

    left = pl.col("left")
    parts = (rows.filter(left > 0.3), rows.filter((left <= 0.3) & (left > 0.2)), rows.filter(left <= 0.2))
    return Split(*(part.drop("left") for part in parts), leaks_future=True)


def films(folder: Path) -> pl.DataFrame:
    """`item_id`, `title`, `genres` (none for films without), and the `text` that is encoded."""
    genres = (
        pl.col("genres").str.replace("(no genres listed)", "", literal=True).str.replace_all("|", ", ", literal=True)
    )
    found = pl.read_csv(folder / "movies.csv.gz").select(
        pl.col("movieId").cast(pl.Utf8).alias("item_id"), "title", genres
    )
    return found.with_columns(text=pl.format("{}. {}", "title", "genres")).sort("item_id")


def user_words(train: pl.DataFrame, catalogue: pl.DataFrame) -> pl.DataFrame:
    """`user_id, text` of the users of the training."""
    seen = train.join(catalogue, on="item_id", how="left", maintain_order="left")
    genre = pl.col("genres").str.split(", ").explode(empty_as_null=True)
    return seen.group_by("user_id", maintain_order=True).agg(
        text=pl.concat_str(
            genre.filter(genre != "").value_counts(sort=True).struct.field("genres").head(3).str.join(", "),
            pl.lit(". "),
            pl.col("title").tail(5).str.join(", "),
        )
    )


class Work:
    """The split, the vectors, and who is judged by what."""

    def __init__(self, folder: Path, encoder: str):
        from models.evaluation.protocol_scores import split_data
        from models.retrieval.item_features import ItemFeatures
        from models.retrieval.user_texts import UserTexts
        from models.text.encoder import load_encoder

        split, catalogue = split_of(ratings(folder)), films(folder)
        self.data = split_data(split, catalogue["item_id"])
        order = pl.DataFrame({"item_id": self.data.past.item_ids.tolist()})
        texts, words = order.join(catalogue, on="item_id", how="left"), user_words(split.train, catalogue)
        encode = load_encoder(encoder, max_tokens=64, n_threads=1).encode
        began = time.process_time()
        nothing = np.full((len(texts), 1), -1, dtype=np.int32)
        self.items = ItemFeatures(encode(texts["text"].to_list()), nothing, 1)
        self.users = UserTexts(words["user_id"].to_numpy().astype(object), encode(words["text"].to_list()))
        self.encode_cpu_s = time.process_time() - began
        self.cold = np.bincount(self.data.past.items, minlength=self.data.past.n_items) == 0
        truth = split.test.select("user_id", "item_id")
        cold_ids = pl.Series(self.data.past.item_ids[self.cold].tolist(), dtype=pl.Utf8)
        self.truths = {
            "all": (truth, None),
            "cold": (truth.filter(pl.col("item_id").is_in(cold_ids.implode())), self.cold),
        }

    def measure(self, name: str) -> tuple[dict, dict[str, np.ndarray]]:
        """A row of the table, and each user's Recall and NDCG in both ways."""
        from models.evaluation.protocol_lists import ranked
        from models.evaluation.user_rows import user_values
        from models.retrieval import registry

        retriever, settings = SETTINGS[name]
        model = registry.new_retriever(retriever, settings)
        if model.reads_item_features:
            model.describe_items(self.items)
        if model.reads_user_texts:
            model.describe_users(self.users)
        began = time.process_time()
        report = model.fit(self.data.train, self.data.validation)
        row = {"retriever": name, "fit_cpu_s": round(time.process_time() - began, 1), "best_epoch": report.best_epoch}
        if report.best_epoch:
            row["validation_ndcg_at_10"] = round(max(point["validation_ndcg_at_10"] for point in report.curve), 4)
        values = {}
        for way, (truth, allowed) in self.truths.items():
            users = np.searchsorted(self.data.past.user_ids, truth["user_id"].unique().sort().to_numpy())
            lists = ranked(model, self.data.past, users, K, allowed=allowed)
            values[way] = user_values(lists, truth, [K]).sort("user_id").select(f"recall@{K}", f"ndcg@{K}").to_numpy()
        return row, values


def main() -> None:
    """A line of JSON for each retriever."""
    from models.evaluation.intervals import bootstrap_intervals, paired_difference

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", default=list(SETTINGS))
    parser.add_argument("--encoder", default="minilm")
    given = parser.parse_args()
    work, compared = Work(given.folder, given.encoder), None
    counts = {"users": len(work.data.past.user_ids), "train": len(work.data.train.items), "films": len(work.cold)}
    print(json.dumps({**counts, "cold_films": int(work.cold.sum()), "encode_cpu_s": round(work.encode_cpu_s, 1)}))
    for name in given.names:
        row, values = work.measure(name)
        if name == "lightgcn":
            compared = values
        for way, found in values.items():
            recall, ndcg = ([round(float(part), 4) for part in interval] for interval in bootstrap_intervals(found))
            row |= {f"{way}_users": len(found), f"{way}_recall": recall, f"{way}_ndcg": ndcg}
            if compared and name != "lightgcn":
                gain = paired_difference(found[:, 1], compared[way][:, 1])
                row[f"{way}_ndcg_minus_lightgcn"] = [round(float(part), 4) for part in (gain.mean, gain.low, gain.high)]
        print(json.dumps(row | {"settings": SETTINGS[name][1]}), flush=True)


if __name__ == "__main__":
    main()
