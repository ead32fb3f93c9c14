import datetime as dt

import numpy as np
import pytest

from models.errors import UserError
from models.simulation.config import SimulationConfig
from models.simulation.memory import Memory
from models.simulation.oracle import _load, oracle_scores
from models.simulation.sessions import Day
from models.simulation.shop import simulate

AS_OF = dt.date(2025, 9, 14)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("oracle")
    config = SimulationConfig(users=400, items=300, days=21, sessions_per_user_day=0.4)
    simulate(config, folder)
    return folder / "truth"


@pytest.fixture(scope="module")
def clicks(shop):
    """User, item and day of every true click."""
    parts = []
    for day, path in enumerate(sorted(shop.glob("clicks-*.npz"))):
        stored = np.load(path)
        parts.append(np.stack([stored["user"], stored["item"], np.full(len(stored["user"]), day)]))
    return np.concatenate(parts, axis=1)


@pytest.fixture(scope="module")
def names(shop):
    world = np.load(shop / "world.npz")
    return world["user_ids"].tolist(), world["item_ids"].tolist()


def ndcg_at_10(scores, seen, wanted):
    scores = np.where(seen, -np.inf, scores)
    top = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    discount = 1 / np.log2(np.arange(2, 12))
    ideal = np.cumsum(discount)[np.minimum(wanted.sum(axis=1), 10) - 1]
    return ((np.take_along_axis(wanted, top, axis=1) * discount).sum(axis=1) / ideal).mean()


def test_the_oracle_beats_popularity_and_popularity_beats_chance(shop, clicks, names):
    users, items, days = clicks
    past = days <= 13
    seen, wanted = np.zeros((400, 300), bool), np.zeros((400, 300), bool)
    seen[users[past], items[past]] = True
    wanted[users[~past], items[~past]] = True
    wanted &= ~seen
    rows = np.flatnonzero(wanted.any(axis=1) & seen.any(axis=1))
    recent = np.bincount(items[past & (days > 6)], minlength=300)
    popular = ndcg_at_10(np.tile(recent, (len(rows), 1)).astype(float), seen[rows], wanted[rows])
    chance = ndcg_at_10(np.random.default_rng(0).random((len(rows), 300)), seen[rows], wanted[rows])
    scores = oracle_scores(shop, AS_OF, [names[0][row] for row in rows], names[1])
    best = ndcg_at_10(scores, seen[rows], wanted[rows])
    assert best > 2 * popular
    assert popular > 1.5 * chance


def test_expected_clicks_are_those_of_many_replayed_weeks(shop):
    world, config, memory = _load(shop, AS_OF)
    n_users, n_items = len(world.user_ids), len(world.item_ids)
    counts, visits = np.zeros((n_users, n_items)), np.zeros(n_users)
    for seed in range(12):
        again, future = Memory(n_users), config.model_copy(update={"seed": 1000 + seed})
        again.recent = memory.recent.copy()
        came = np.zeros(n_users, dtype=bool)
        for day in range(14, 21):
            log = Day(world, future, again, day).run()
            np.add.at(counts, log.clicks(), 1)
            came[log.columns()["user"]] = True
        visits += came
    scores = oracle_scores(shop, AS_OF, world.user_ids.tolist(), world.item_ids.tolist())
    rows = (visits >= 8) & (world.join_day <= 13)
    columns = world.available_on(13)
    seen, said = (counts / np.maximum(visits, 1)[:, None])[rows][:, columns], scores[rows][:, columns]
    assert said.sum(axis=1).mean() == pytest.approx(seen.sum(axis=1).mean(), rel=0.25)
    edges = np.quantile(said, [0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1])
    for low, high in zip(edges, edges[1:], strict=False):
        bin_ = (said >= low) & (said < high)
        assert said[bin_].mean() == pytest.approx(seen[bin_].mean(), rel=0.35)


def test_what_was_clicked_last_leads_to_what_is_expected_next(shop):
    world, _, memory = _load(shop, AS_OF)
    users = np.flatnonzero(memory.recent[:, 0] >= 0)
    scores = oracle_scores(shop, AS_OF, world.user_ids[users].tolist(), world.item_ids.tolist())
    following = world.successors[memory.recent[users, 0], 0]
    fresh = world.available_on(13)[following] & ~(memory.recent[users] == following[:, None]).any(axis=1)
    rank = (scores > scores[np.arange(len(users)), following][:, None]).sum(axis=1)
    assert fresh.sum() > 100
    assert np.median(rank[fresh]) < 5


def test_nothing_after_the_day_matters(shop, names, tmp_path):
    simulate(SimulationConfig(users=400, items=300, days=14, sessions_per_user_day=0.4), tmp_path)
    short = oracle_scores(tmp_path / "truth", AS_OF, names[0][:30], names[1])
    np.testing.assert_array_equal(short, oracle_scores(shop, AS_OF, names[0][:30], names[1]))


def test_strangers_and_items_not_on_sale(shop, names):
    users, items = names
    scores = oracle_scores(shop, AS_OF, ["test_001", users[3], "b0901"], ["nothing", items[5], *items])
    assert scores.shape == (3, 302)
    assert scores.dtype == np.float32
    assert np.isnan(scores[[0, 2]]).all()
    assert scores[1, 0] == 0
    assert scores[1, 1] == scores[1, 2 + 5]
    on_sale = _load(shop, AS_OF)[0].available_on(13)
    assert ((scores[1, 2:] > 0) == on_sale).all()


def test_rows_do_not_depend_on_who_else_is_asked_for(shop, names, monkeypatch):
    users, items = names
    together = oracle_scores(shop, AS_OF, users[:20], items)
    monkeypatch.setattr("models.simulation.oracle.CELLS", 900)
    np.testing.assert_allclose(oracle_scores(shop, AS_OF, users[:20], items), together, rtol=1e-4)


@pytest.mark.parametrize("day", [dt.date(2025, 8, 31), dt.date(2025, 9, 22)])
def test_a_day_without_truth_is_refused(shop, day):
    with pytest.raises(UserError, match=f"no truth for {day}"):
        oracle_scores(shop, day, [], [])
