import numpy as np
import polars as pl
import pytest

from models.ranking.validation import ranker_and_best_source_ndcg


class ByColumn:
    """Orders by a column."""

    def __init__(self, column: str):
        self.column = column

    def score(self, frame: pl.DataFrame) -> np.ndarray:
        return frame[self.column].to_numpy()


def rows(split: str, user: str, window: int, good: list[int | None], lucky: list[int | None], taken: int):
    """Three candidates with their ranks at two sources; one was taken."""
    return [
        (user, f"i{item}", window, split, good[item], lucky[item], 0.0, 0.0, float(item == taken), float(item == taken))
        for item in range(3)
    ]


COLUMNS = ["user_id", "item_id", "window", "split", "rank_good", "rank_lucky", "score_good", "score_lucky", "gain", "x"]


@pytest.fixture
def dataset() -> pl.DataFrame:
    """`good` is right for those who train, `lucky` for the one who is held out, in one window of two."""
    listed = [
        *rows("train", "a", 0, [1, 2, 3], [3, 2, 1], 0),
        *rows("train", "b", 0, [1, 2, 3], [3, 2, 1], 0),
        *rows("validation", "c", 0, [3, 2, 1], [1, 2, 3], 0),
        *rows("validation", "c", 1, [3, 2, None], [1, 2, 3], 2),
    ]
    return pl.DataFrame(listed, schema=COLUMNS, orient="row")


def test_the_source_is_chosen_by_the_training_users_and_scored_on_the_others(dataset):
    ours, best, source = ranker_and_best_source_ndcg(dataset, ByColumn("x"))
    assert source == "good"
    assert ours.tolist() == [1.0, 1.0]
    assert best == pytest.approx([1 / np.log2(4), 0.0])


def test_ties_go_to_the_smaller_item_id(dataset):
    ours, _, _ = ranker_and_best_source_ndcg(dataset, ByColumn("score_good"))
    assert ours == pytest.approx([1.0, 1 / np.log2(4)])


def test_nobody_was_held_out(dataset):
    ours, best, source = ranker_and_best_source_ndcg(dataset.filter(pl.col("split") == "train"), ByColumn("x"))
    assert (len(ours), len(best), source) == (0, 0, "")
