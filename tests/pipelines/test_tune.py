"""`sluice tune` on the tiny shop: what it keeps, prints, goes on from and refuses."""

import dataclasses
import datetime as dt
import json
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from models.retrieval.interactions import Interactions
from models.retrieval.popularity import Popularity
from pipelines.build_lock import tuning_lock
from pipelines.storage import artifacts_of
from pipelines.table_keys import KEYS
from pipelines.tuning_work import SEQUENCES, sequences_of

NAME = "recent_popularity"
LAST = dt.date(2025, 9, 14)
TRIALS = "SELECT * EXCLUDE (fit_seconds, peak_bytes, started_at) FROM tuning_trials ORDER BY study, trial"


def rows(shop) -> list[dict]:
    return shop.warehouse.read(TRIALS).to_dicts()


@pytest.fixture(scope="module")
def tuned(tiny, tmp_path_factory, invoke):
    """A copy of the shop in which the baseline that looks at one hour was tuned, and what the command said."""
    folder = tmp_path_factory.mktemp("tuned") / "copy"
    shutil.copytree(tiny.folder, folder)
    shop = type(tiny)(folder, tiny.simulated, tiny.built)
    result = invoke("tune", NAME, "-c", shop.config, "--trials", 4)
    assert result.exit_code == 0, result.output
    return shop, result.stdout


@pytest.fixture
def copied(tmp_path):
    """A copy of a shop, to change."""

    def copy(shop):
        shutil.copytree(shop.folder, tmp_path / "changed")
        return dataclasses.replace(shop, folder=tmp_path / "changed")

    return copy


def change(shop, **sections) -> None:
    config = yaml.safe_load(shop.config.read_text())
    for name, values in sections.items():
        config[name] = {**config.get(name, {}), **values}
    shop.config.write_text(yaml.safe_dump(config, sort_keys=False))


class TestTrials:
    def test_are_rows_from_the_present_settings_on(self, tuned):
        shop, _ = tuned
        found = rows(shop)
        assert [row["trial"] for row in found] == [0, 1, 2, 3, 4]
        assert {(row["retriever"], row["as_of_day"], row["state"], row["attempts"]) for row in found} == {
            (NAME, LAST, "complete", 1)
        }
        assert json.loads(found[0]["settings"]) == {"window_days": 0.05}
        assert all(row["ci_low"] <= row["ndcg_at_10"] <= row["ci_high"] for row in found)
        assert len({row["study"] for row in found}) == 1

    def test_scores_of_the_choosing_users_average_to_the_trials(self, tuned):
        shop, _ = tuned
        sql = """SELECT trial, avg(ndcg_at_10) AS ndcg, count(*) AS n FROM tuning_user_scores WHERE half = 'choosing'
            GROUP BY trial ORDER BY trial"""
        means = shop.warehouse.read(sql)
        assert means["ndcg"].to_list() == pytest.approx([row["ndcg_at_10"] for row in rows(shop)])
        assert means["n"].to_list() == [row["n_users"] for row in rows(shop)]

    @pytest.mark.parametrize("table", ["tuning_trials", "tuning_user_scores"])
    def test_keys_tell_rows_apart(self, tuned, table):
        shop, _ = tuned
        names = ", ".join(KEYS[table])
        assert shop.warehouse.read(f"SELECT {names} FROM {table} GROUP BY ALL HAVING count(*) > 1").is_empty()

    def test_what_is_printed(self, tuned):
        shop, said = tuned
        best = max(rows(shop), key=lambda row: (row["ndcg_at_10"], -row["trial"]))
        assert said.startswith(f"tuning {NAME} as of {LAST}, chosen by ")
        assert "trial   0  NDCG@10 " in said and "the present settings" in said
        assert f"By the confirming users trial {best['trial']} is " in said
        *_, line = said.strip().splitlines()
        assert yaml.safe_load(line) == {NAME: json.loads(best["settings"])}


class TestGoingOn:
    def test_the_same_command_goes_on_to_more_trials_and_repeats_none(self, tuned, invoke, copied, monkeypatch):
        shop = copied(tuned[0])
        before = rows(shop)
        fitted = []
        spy_on_fits(monkeypatch, fitted)
        assert "goes on from 5 trial(s)" in invoke("tune", NAME, "-c", shop.config, "--trials", 4).stdout
        assert not fitted and rows(shop) == before
        invoke("tune", NAME, "-c", shop.config, "--trials", 6)
        assert len(fitted) == 2 and rows(shop)[:5] == before and len(rows(shop)) == 7
        invoke("tune", NAME, "-c", shop.config, "--trials", 4, "--fresh")
        assert rows(shop) == before  # The same seed, from the beginning.

    def test_other_settings_are_another_study(self, tuned, invoke, copied):
        shop = copied(tuned[0])
        change(shop, tuning={NAME: {"window_days": {"choices": [1, 10]}}})
        said = invoke("tune", NAME, "-c", shop.config).stdout
        assert "goes on" not in said and "all settings of this space were tried" in said
        assert sorted(row["trial"] for row in rows(shop)) == [0, 0, 1, 1, 2, 2, 3, 4]

    def test_no_trial_is_begun_after_the_minutes(self, copy, invoke):
        said = invoke("tune", "ease", "-c", copy.config, "--minutes", 0).stdout
        assert "no trial was completed" in said and rows(copy) == []

    def test_what_is_left_is_said(self, copy, invoke, monkeypatch):
        clock = SimpleNamespace(monotonic=iter([0.0, 1.0, 2.0, 61.0]).__next__)
        monkeypatch.setattr("pipelines.tune.time", clock)
        said = invoke("tune", NAME, "-c", copy.config, "--minutes", 1, "--trials", 4).stdout
        assert len(rows(copy)) == 2 and "3 trial(s) are left; the same command makes them" in said


def spy_on_fits(monkeypatch, fitted: list) -> None:
    fit = Popularity.fit
    monkeypatch.setattr(Popularity, "fit", lambda self, *rest, **more: fitted.append(self) or fit(self, *rest, **more))


class TestRefusals:
    def test_what_is_not_configured(self, tiny, refused):
        assert "`retrievers` has no 'ials'. Choose one of popularity, " in refused("tune", "ials", "-c", tiny.config)

    def test_nothing_to_tune(self, tiny, refused):
        assert "popularity has no settings that are tuned" in refused("tune", "popularity", "-c", tiny.config)

    def test_before_a_build(self, unbuilt, refused):
        assert "Run `sluice build` first" in refused("tune", "ease", "-c", unbuilt)

    def test_a_day_without_interactions(self, tiny, refused):
        said = refused("tune", "ease", "-c", tiny.config, "--day", "2025-09-03")
        assert "sluice backfill as-of --from 2025-09-03 --until 2025-09-03" in said

    def test_another_tuning(self, copy, refused):
        with tuning_lock(copy.project.output):
            assert "a tuning is already running (process " in refused("tune", "ease", "-c", copy.config)

    def test_optuna_is_missing(self, tiny, refused, monkeypatch):
        monkeypatch.setitem(sys.modules, "optuna", None)
        assert "pip install 'sluice[tune]'" in refused("tune", "ease", "-c", tiny.config)


def test_an_event_after_the_as_of_day_changes_no_trial(tuned, invoke, copied):
    """Planted into the artifact itself, whose own asset would have left it out."""
    shop, store = copied(tuned[0]), artifacts_of(tuned[0].project)
    before = rows(shop)
    _, digest = sequences_of(shop.warehouse, None)
    data = Interactions.load(store.get(SEQUENCES, digest))
    planted = with_event(data, user=0, item=1, time=int(dt.datetime(2025, 9, 15, tzinfo=dt.UTC).timestamp()))
    other = artifacts_of(shop.project).put(SEQUENCES, planted.save, {})
    shop.warehouse.write(
        lambda connection: connection.execute("UPDATE artifacts SET digest = ? WHERE asset = ?", [other, SEQUENCES])
    )
    invoke("tune", NAME, "-c", shop.config, "--trials", 4)
    after = [row for row in rows(shop) if row["study"] != before[0]["study"]]
    assert [{**row, "study": ""} for row in after] == [{**row, "study": ""} for row in before]


def with_event(data: Interactions, user: int, item: int, time: int) -> Interactions:
    """One event more, at the end of a user's history."""
    place = data.offsets[user + 1]
    return dataclasses.replace(
        data,
        offsets=data.offsets + (np.arange(data.n_users + 1) > user),
        items=np.insert(data.items, place, np.int32(item)),
        times=np.insert(data.times, place, time),
        weights=np.insert(data.weights, place, np.float32(1)),
    )


def test_a_retriever_that_reads_what_items_are_is_given_it(tuned, copied, invoke):
    shop = copied(tuned[0])
    quick = {"embedding_size": 8, "hidden_size": 16, "max_epochs": 1, "n_negatives": 32}
    change(shop, retrievers={"alpharec": quick}, tuning={"alpharec": {"temperature": {"low": 0.1, "high": 0.2}}})
    result = invoke("tune", "alpharec", "-c", shop.config, "--trials", 1)
    assert result.exit_code == 0, result.output
    found = [row for row in rows(shop) if row["retriever"] == "alpharec"]
    assert [row["state"] for row in found] == ["complete", "complete"], found
