import datetime as dt

import pytest
from pydantic import ValidationError

from models.simulation.config import DirtConfig, SimulationConfig
from models.simulation.shop import simulate

OTHER = {
    "seed": 8,
    "start": dt.date(2025, 9, 2),
    "days": 2,
    "users": 141,
    "items": 150,
    "launch_days": 5,
    "new_user_share": 0.4,
    "new_item_share": 0.3,
    "withdrawn_share": 0.3,
    "sessions_per_user_day": 0.6,
    "activity_spread": 0.2,
    "organic_clicks": 0.5,
    "search_rate": 0.9,
    "cart_rate": 0.5,
    "purchase_rate": 0.9,
    "repeat_factor": 1.0,
    "taste_dimensions": 8,
    "taste_strength": 2.0,
    "taste_drift": 0.3,
    "popularity_exponent": 1.2,
    "trend_strength": 0.0,
    "new_item_boost": 3.0,
    "successors": 2,
    "successor_share": 0.1,
    "successor_boost": 6.0,
    "memory_decay": 0.3,
    "list_length": 4,
    "position_bias": 2.0,
    "attraction_bias": 1.0,
    "policy_temperature": 3.0,
    "policy_noise": 0.1,
    "dirt": DirtConfig.clean(),
}
VISIBLE = ("events", "catalogue.jsonl")


@pytest.fixture(scope="module")
def usual(tmp_path_factory, small, contents):
    folder = tmp_path_factory.mktemp("usual")
    simulate(small(days=3), folder)
    return contents(folder, *VISIBLE)


def test_every_field_is_tried():
    assert set(OTHER) == set(SimulationConfig.model_fields)


@pytest.mark.parametrize("field", list(SimulationConfig.model_fields))
def test_every_field_changes_what_the_pipeline_reads(field, usual, small, contents, tmp_path):
    simulate(small(**({"days": 3} | {field: OTHER[field]})), tmp_path)
    assert contents(tmp_path, *VISIBLE) != usual


@pytest.mark.parametrize("field", list(DirtConfig.model_fields))
def test_every_kind_of_dirt_changes_the_files_and_not_the_truth(field, small, contents, tmp_path):
    clean, dirty = tmp_path / "clean", tmp_path / "dirty"
    simulate(small(days=6, dirt=DirtConfig.clean()), clean)
    simulate(small(days=6, dirt=DirtConfig(**(DirtConfig.clean().model_dump() | {field: 0.05}))), dirty)
    assert contents(clean, "events") != contents(dirty, "events")
    assert contents(clean, "truth") == contents(dirty, "truth")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"user": 3}, "Extra inputs"),
        ({"dirt": {"late": 0.1}}, "Extra inputs"),
        ({"items": 50, "list_length": 45, "new_item_share": 0.1}, "raise items"),
        ({"items": 50, "successors": 50}, "lower successors"),
    ],
)
def test_impossible_shops_are_refused(fields, said):
    with pytest.raises(ValidationError, match=said):
        SimulationConfig(**fields)
