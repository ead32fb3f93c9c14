"""Our ranking metrics against those of ranx and ir_measures, on lists without ties, which they sort differently."""

import numpy as np
import polars as pl
import pytest

from models.evaluation.metrics import per_user_r_precision, per_user_table

pytestmark = pytest.mark.slow

N_CASES = 10_000
K = 10


@pytest.fixture(scope="module")
def cases():
    """Lists of 1 to 15 of 40 items for 10,000 users with 1 to 12 relevant items each: short lists, and k above both."""
    generator = np.random.default_rng(11)
    listed, relevant = (np.argsort(generator.random((N_CASES, 40)), axis=1) for _ in range(2))

    def long(order, lengths):
        user, place = np.nonzero(np.arange(40) < lengths[:, None])
        return {
            "user_id": [f"u{row:05d}" for row in user],
            "item_id": [f"i{item}" for item in order[user, place]],
        }, place

    pairs, place = long(listed, generator.integers(1, 16, size=N_CASES))
    lists = pl.DataFrame({**pairs, "rank": (place + 1).astype(np.int32)})
    return lists, pl.DataFrame(long(relevant, generator.integers(1, 13, size=N_CASES))[0])


def as_dictionaries(lists, truth):
    """Relevant items and scores by user, as both libraries take them."""
    qrels = {user: dict.fromkeys(rows["item_id"], 1) for (user,), rows in truth.group_by("user_id")}
    run = {
        user: dict(zip(rows["item_id"], (1 / rows["rank"]).to_list(), strict=True))
        for (user,), rows in lists.group_by("user_id")
    }
    return qrels, run


def ours(table: pl.DataFrame, metric: str, users: list[str]) -> np.ndarray:
    return (
        pl.DataFrame({"user_id": users}).join(table, on="user_id", how="left", maintain_order="left")[metric].to_numpy()
    )


@pytest.mark.filterwarnings("ignore")
def test_agrees_with_ranx(cases):
    ranx = pytest.importorskip("ranx")
    lists, truth = cases
    qrels, run = as_dictionaries(lists, truth)
    names = {"ndcg": "ndcg", "recall": "recall", "precision": "precision", "mrr": "mrr", "hit_rate": "hit_rate"}
    table = per_user_table(lists, truth, [3, K]).join(
        per_user_r_precision(lists, truth).select("user_id", r_precision="value"), on="user_id"
    )
    relevant, listed = ranx.Qrels(qrels), ranx.Run(run)
    asked = [f"{theirs}@{k}" for theirs in names.values() for k in (3, K)] + ["r-precision"]
    theirs = ranx.evaluate(relevant, listed, asked, return_mean=False)
    users = sorted(qrels)
    for name, values in theirs.items():
        mine = ours(table, name.replace("r-precision", "r_precision"), users)
        assert np.abs(mine - np.asarray(values)).max() < 1e-9, name
    # Their MAP@k divides by all relevant items, also by those that k places cannot hold.
    n_relevant = truth.group_by("user_id").len().sort("user_id")["len"].to_numpy()
    for k in (3, K):
        values = ranx.evaluate(relevant, listed, f"map@{k}", return_mean=False)
        mine = ours(table, f"map@{k}", users) * np.minimum(k, n_relevant) / n_relevant
        assert np.abs(mine - values).max() < 1e-9


def test_agrees_with_ir_measures(cases):
    ir_measures = pytest.importorskip("ir_measures")
    lists, truth = cases
    qrels, run = as_dictionaries(lists, truth)
    measures = {
        "nDCG": ir_measures.nDCG @ K,
        "R": ir_measures.R @ K,
        "P": ir_measures.P @ K,
        "RR": ir_measures.RR @ K,
        "Success": ir_measures.Success @ K,
        "Rprec": ir_measures.Rprec,
        "AP": ir_measures.AP @ K,
    }
    names = {"nDCG": "ndcg", "R": "recall", "P": "precision", "RR": "mrr", "Success": "hit_rate", "AP": "map"}
    table = per_user_table(lists, truth, [K]).join(
        per_user_r_precision(lists, truth).select("user_id", r_precision="value"), on="user_id"
    )
    found = {name: {} for name in measures}
    for row in ir_measures.iter_calc(list(measures.values()), qrels, run):
        found[str(row.measure).split("@")[0]][row.query_id] = row.value
    users = sorted(qrels)
    n_relevant = truth.group_by("user_id").len().sort("user_id")["len"].to_numpy()
    for name, by_user in found.items():
        mine = ours(table, f"{names[name]}@{K}" if name in names else "r_precision", users)
        if name == "AP":
            mine = mine * np.minimum(K, n_relevant) / n_relevant
        assert np.abs(mine - np.array([by_user[user] for user in users])).max() < 1e-9, name


@pytest.mark.filterwarnings("ignore")
def test_the_differences_named_in_the_docs_are_there():
    ranx, ir_measures = pytest.importorskip("ranx"), pytest.importorskip("ir_measures")
    qrels, tied = {"u": {"a": 1, "b": 1}}, {"u": {"a": 1.0, "z": 1.0, "b": 0.5}}
    # a and z are tied: trec_eval puts z first, whatever the order given.
    assert ir_measures.calc_aggregate([ir_measures.RR], qrels, tied)[ir_measures.RR] == 1 / 2
    lists = pl.DataFrame({"user_id": ["u"] * 3, "rank": [1, 2, 3], "item_id": list("azb")})
    truth = pl.DataFrame({"user_id": ["u", "u", "v"], "item_id": list("aba")})
    assert per_user_table(lists, truth, [10])["mrr@10"].to_list() == [1, 0]
    # v has no list.
    qrels["v"] = {"a": 1}
    with pytest.raises(AssertionError, match="make_comparable"):
        ranx.evaluate(ranx.Qrels(qrels), ranx.Run(tied), "mrr")
    assert ranx.evaluate(ranx.Qrels(qrels), ranx.Run(tied), "mrr", make_comparable=True) == 1 / 2
    # One of two relevant items, first of one place: MAP@1 is 1 here and 1/2 there.
    assert per_user_table(lists, truth, [1])["map@1"][0] == 1
    first = {"u": {"a": 1.0}}
    assert ranx.evaluate(ranx.Qrels({"u": qrels["u"]}), ranx.Run(first), "map@1") == 1 / 2
