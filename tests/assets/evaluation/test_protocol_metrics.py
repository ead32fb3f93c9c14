"""Protocols of the built shop: every kind once, with the audit before its numbers."""

import datetime as dt

import polars as pl
import pytest

from assets.evaluation import protocol_metrics
from models.errors import UserError
from models.evaluation.protocol_config import ProtocolConfig
from pipelines.build import judge_by_protocols
from pipelines.definitions import graph_of
from pipelines.jobs import LEARNING_JOB, PROTOCOLS_JOB
from pipelines.protocols import protocols

LAST = dt.date(2025, 9, 20)
QUICK = ["popularity", "recent_popularity", "ease"]
PROTOCOLS = {
    "by_day": {"kind": "temporal", "retrievers": QUICK},
    "rolling": {"kind": "rolling_origin", "n_origins": 2, "step_days": 2, "retrievers": ["recent_popularity"]},
    "last_item": {"kind": "leave_one_out", "retrievers": QUICK},
    "easy": {"kind": "leave_one_out", "sampled_negatives": 20, "core": 2, "retrievers": QUICK},
    "given": {"kind": "fixed", "file": "given.csv", "retrievers": ["recent_popularity"]},
}


@pytest.fixture(scope="module")
def judged(built, tmp_path_factory):
    shop = built.copy(tmp_path_factory.mktemp("protocols") / "copy")
    shop.configure(evaluation={"ks": [5, 10], "n_resamples": 100, "protocols": PROTOCOLS})
    pairs = shop.warehouse.read("SELECT DISTINCT user_id, item_id FROM core_interactions ORDER BY ALL LIMIT 200")
    parts = pairs.with_columns(
        split=pl.when(pl.int_range(pl.len()) % 5 == 0).then(pl.lit("test")).otherwise(pl.lit("train"))
    )
    parts.write_csv(shop.project.base / "given.csv")
    assert judge_by_protocols(shop.project) == LAST
    return shop


@pytest.fixture(scope="module")
def rows(judged):
    return judged.warehouse.read("SELECT * FROM protocol_metrics")


def test_every_protocol_has_its_rows(rows):
    assert set(rows["protocol"]) == set(PROTOCOLS)
    assert set(rows["partition_day"]) == {LAST}
    for name, config in PROTOCOLS.items():
        own = rows.filter(pl.col("protocol") == name)
        assert set(own["model"]) == set(config["retrievers"])
        assert set(own["kind"]) == {config["kind"]}
        assert "all" in set(own["slice"]) and set(own["k"]) == {0, 5, 10}
        assert (own["n_users"] > 0).all() and own["value"].is_not_null().all()


def test_origins_end_where_the_partition_does(rows):
    origins = dict(rows.group_by("protocol").agg(pl.col("origin").unique().sort()).iter_rows())
    assert origins["by_day"] == [dt.date(2025, 9, 17)]
    assert origins["rolling"] == [dt.date(2025, 9, 15), dt.date(2025, 9, 17)]
    assert origins["last_item"] == origins["given"] == [None]


def test_it_says_what_is_sampled_and_what_leaks(rows):
    about = {row[0]: row[1:] for row in rows.select("protocol", "ranking", "leaks_future").unique().iter_rows()}
    assert about["by_day"] == ("full", False) and about["last_item"] == ("full", True)
    assert about["easy"] == ("sampled_20", True) and about["given"] == ("full", True)
    shares = dict(rows.select("protocol", "later_training_share").unique().iter_rows())
    assert shares["by_day"] == 0 and 0 < shares["last_item"] < 1


def test_by_day_it_is_the_number_of_the_pipeline(judged, rows):
    """The same split, the same retriever, the same users: the table `metrics` says the same."""
    sql = """SELECT model, metric, k, value, n_users FROM metrics WHERE partition_day = '2025-09-20'
        AND as_of_day = '2025-09-17' AND slice = 'all' AND model = 'recent_popularity' AND metric IN ('recall', 'mrr')"""
    own = rows.filter(
        (pl.col("protocol") == "by_day") & (pl.col("slice") == "all") & (pl.col("model") == "recent_popularity")
    )
    both = judged.warehouse.read(sql).join(own, on=["model", "metric", "k"], suffix="_here")
    assert both.height == 4
    assert both["value"].to_list() == pytest.approx(both["value_here"].to_list(), abs=1e-12)
    assert (both["n_users"] == both["n_users_here"]).all()


def test_a_leaking_protocol_gets_no_number(judged, monkeypatch):
    graph = graph_of(judged.project)
    config = ProtocolConfig(**PROTOCOLS["by_day"])
    (part,) = protocol_metrics.parts_of(graph, judged.warehouse, config, LAST)
    rows, problems = protocol_metrics.judge(graph, "by_day", config, part)
    assert rows.height and not problems
    later = pl.concat([part.split.train, part.split.test])
    monkeypatch.setattr(protocol_metrics, "split_data", lambda split, *rest: split_data_of(split, later, *rest))
    rows, problems = protocol_metrics.judge(graph, "by_day", config, part)
    assert rows.is_empty() and len(problems) == 2


def split_data_of(split, train, vocabulary, taken_back, withdrawn):
    from dataclasses import replace

    from models.evaluation.protocol_scores import split_data

    items = pl.concat([vocabulary, train["item_id"]]).unique()
    return split_data(replace(split, train=train), items, taken_back, withdrawn)


def test_it_is_a_job_of_its_own(judged, built):
    definitions = judged.definitions()
    keys = {
        key.to_user_string() for key in definitions.resolve_job_def(PROTOCOLS_JOB).asset_layer.executable_asset_keys
    }
    assert keys == {"protocol_metrics"}
    learning = definitions.resolve_job_def(LEARNING_JOB).asset_layer.executable_asset_keys
    assert "protocol_metrics" not in {key.to_user_string() for key in learning}
    assert PROTOCOLS_JOB not in {job.name for job in built.definitions().jobs or []}


def test_the_command_prints_them(judged, capsys):
    protocols(judged.project, dt.date(2025, 9, 19))
    printed = capsys.readouterr().out
    assert "last_item" in printed and "sampled_20" in printed and "later than the moment" in printed
    days = judged.warehouse.read("SELECT DISTINCT partition_day FROM protocol_metrics ORDER BY 1")["partition_day"]
    assert days.to_list() == [dt.date(2025, 9, 19), LAST]


def test_what_is_missing_is_said(built, judged):
    with pytest.raises(UserError, match="no protocol is configured"):
        judge_by_protocols(built.project)
    with pytest.raises(UserError, match="the tables reach to 2025-09-20"):
        judge_by_protocols(judged.project, dt.date(2025, 10, 1))
