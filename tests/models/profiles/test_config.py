import pytest
from pydantic import ValidationError

from models.profiles.company_config import CompanyConfig
from models.profiles.config import (
    ExtractiveConfig,
    ItemExtraction,
    ProfilesConfig,
    UserExtraction,
)
from models.profiles.quality.config import QualityConfig


@pytest.mark.parametrize(
    "wrong",
    [
        {"unknown": 1},
        {"item": {"max_key_phrases": 0}},
        {"item": {"low_price_quantile": 0.8}},
        {"item": {"new_days": 100}},
        {"user": {"half_life_days": 0}},
        {"user": {"unknown": 1}},
    ],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        ExtractiveConfig(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"quality": {"words": [5, 3]}},
        {"quality": {"n_candidates": 1}},
        {"company": {"n_items": -1}},
        {"allowed_private_attributes": ["shoe size"]},
    ],
)
def test_wrong_settings_of_profiles_are_refused(wrong):
    with pytest.raises(ValidationError):
        ProfilesConfig(**wrong)


@pytest.mark.parametrize(
    "model", [ExtractiveConfig, ItemExtraction, UserExtraction, QualityConfig, CompanyConfig, ProfilesConfig]
)
def test_every_field_is_described(model):
    assert all(field.description for field in model.model_fields.values())
