import datetime as dt
import json

import numpy as np
import pytest

from models.simulation.catalogue import NEVER, catalogue_lines, make_catalogue
from models.simulation.config import SimulationConfig
from models.simulation.graph import successor_graph
from models.simulation.vocabulary import SHELVES, STYLES
from models.simulation.world import make_world


@pytest.fixture(scope="module")
def config():
    return SimulationConfig()


@pytest.fixture(scope="module")
def catalogue(config):
    return make_catalogue(config)


@pytest.fixture(scope="module")
def world(config, catalogue):
    return make_world(config, catalogue)


def test_lines_tell_what_a_catalogue_tells(catalogue):
    items = [json.loads(line) for line in catalogue_lines(catalogue, dt.date(2025, 9, 1)).splitlines()]
    assert len(items) == 1500
    fields = ["item_id", "title", "description", "category", "brand", "price", "available_from", "withdrawn_at"]
    assert all(list(item) == fields for item in items)
    assert all(item["price"] > 0 and " > " in item["category"] and item["brand"] in item["title"] for item in items)
    assert {item["available_from"] > "2025-09-01" for item in items} == {True, False}


def test_titles_are_distinct_at_any_size():
    for n in (1500, 20_000):
        titles = make_catalogue(SimulationConfig(items=n)).titles
        assert len(set(titles)) == n


def test_words_tell_shelf_and_style(catalogue):
    for row in range(300):
        shelf, style = SHELVES[catalogue.shelf[row]], STYLES[catalogue.style[row]]
        assert any(noun in catalogue.titles[row] for noun in shelf.nouns)
        assert any(word in catalogue.titles[row] for word in style.adjectives)
        assert any(phrase in catalogue.descriptions[row] for phrase in style.phrases)


def test_shares_of_new_and_withdrawn_items(catalogue, config):
    new, gone = catalogue.launch_day >= 0, catalogue.withdraw_day != NEVER
    assert new.sum() == round(1500 * config.new_item_share)
    assert gone.sum() == round(1500 * config.withdrawn_share)
    assert not (new & gone).any()
    for days in (catalogue.launch_day[new], catalogue.withdraw_day[gone]):
        assert days.min() >= 1
        assert days.max() <= config.launch_days


def test_shelves_lead_to_shelves_that_exist():
    names = [shelf.name for shelf in SHELVES]
    assert len(set(names)) == len(names)
    assert all(other in names and other != shelf.name for shelf in SHELVES for other in shelf.leads_to)


def test_the_graph_leads_to_complements_and_never_to_itself(catalogue, world):
    own = np.arange(1500)[:, None]
    assert (world.successors != own).all()
    assert all(len(set(row)) == len(row) for row in world.successors.tolist())
    names = np.array([shelf.name for shelf in SHELVES])[catalogue.shelf]
    complement = [
        [names[to] in SHELVES[catalogue.shelf[item]].leads_to for to in world.successors[item]] for item in range(1500)
    ]
    assert np.mean(complement) > 0.5
    assert world.successor_weights.sum() == pytest.approx(1)
    assert (np.diff(world.successor_weights) < 0).all()


def test_a_graph_wider_than_its_shelves_is_filled_up():
    shelf = np.arange(50) % len(SHELVES)
    rng = np.random.default_rng(0)
    successors = successor_graph(shelf, rng.normal(size=(50, 4)), np.zeros(50), 40, rng)
    assert successors.shape == (50, 40)
    assert (successors != np.arange(50)[:, None]).all()


def test_like_words_mean_like_vectors(catalogue, world):
    """Items of a shelf are closer than strangers, so text says something about taste."""
    likeness = world.item_factors @ world.item_factors.T
    same = catalogue.shelf[:, None] == catalogue.shelf
    np.fill_diagonal(same, False)
    assert likeness[same].mean() > likeness[~same].mean() + 0.4


def test_tastes_turn_slowly_and_keep_their_length(world):
    users = np.arange(200)
    today, later = world.tastes_on(0, users), world.tastes_on(40, users)
    np.testing.assert_allclose(np.linalg.norm(later, axis=1), 1, atol=1e-5)
    cosine = (today * later).sum(axis=1)
    np.testing.assert_allclose(cosine, np.cos(world.taste_turn[:200] * 40), atol=1e-4)
    assert 0.5 < cosine.mean() < 0.99


def test_fashions_come_and_go_and_launches_fade(world):
    rising = world.appeal_on(30) - world.appeal_on(10)
    assert rising.max() > 1
    assert rising.min() < -1
    new = np.flatnonzero(world.launch_day == 5)
    assert not world.available_on(4)[new].any()
    assert world.available_on(5)[new].all()


def test_a_few_items_hold_much_of_the_appeal(world):
    weight = np.sort(np.exp(world.appeal))[::-1]
    assert weight[:150].sum() / weight.sum() > 0.2
