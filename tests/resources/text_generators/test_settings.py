import pytest
from chat_server import KEY
from pydantic import ValidationError

from resources.text_generators.settings import GeneratorSettings


def faults(**given) -> str:
    with pytest.raises(ValidationError) as caught:
        GeneratorSettings.model_validate(given)
    return str(caught.value)


def test_the_default_needs_no_model():
    assert GeneratorSettings().backend == "extractive" and GeneratorSettings().model is None


@pytest.mark.parametrize("backend", ["transformers", "openai"])
def test_the_others_need_one(backend: str):
    assert f"the backend {backend} needs `model`" in faults(backend=backend)
    assert GeneratorSettings(backend=backend, model="m").model == "m"


@pytest.mark.parametrize("name", [KEY, "OPENAI-KEY", "openai_key", "", "1KEY", "KEY\n"])
def test_a_key_in_the_config_is_refused_and_not_repeated(name: str):
    told = faults(api_key_env=name)
    assert "name of an environment variable" in told
    assert KEY not in told and (len(name) < 5 or name not in told)


@pytest.mark.parametrize("address", ["http://user:pass@host/v1", "https://host/v1?key=pass", "http://pass@host/v1"])
def test_a_password_in_the_address_is_refused_and_not_repeated(address: str):
    told = faults(base_url=address)
    assert "would stand in logs" in told and "pass@" not in told and "key=pass" not in told


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://host/v1", "/v1", "http://"])
def test_an_address_is_one(address: str):
    assert "http://localhost:8000/v1" in faults(base_url=address)


def test_a_slash_at_the_end_is_dropped():
    assert GeneratorSettings(base_url="http://localhost:11434/v1/").base_url == "http://localhost:11434/v1"


@pytest.mark.parametrize(
    "given",
    [
        {"concurrency": 0}, {"deadline_seconds": 0}, {"max_attempts": 0}, {"backoff_seconds": 0}, {"max_tokens": 0},
        {"max_wait_seconds": 0}, {"temperature": -1}, {"temperature": 3}, {"seed": -1}, {"batch_size": 0},
        {"batch_tokens": 1}, {"dtype": "int8"}, {"response_format": "xml"}, {"backend": "vllm"}, {"model": ""},
        {"api_key": "x"},
    ],
    ids=lambda given: next(iter(given)),
)  # fmt: skip
def test_out_of_bounds(given: dict):
    assert next(iter(given)) in faults(**given)


def test_a_request_has_the_settings_limits():
    request = GeneratorSettings(max_tokens=5, temperature=0.5, seed=3).request("user", "system", {"type": "null"})
    assert (request.user, request.system, request.schema) == ("user", "system", {"type": "null"})
    assert (request.max_tokens, request.temperature, request.seed) == (5, 0.5, 3)


def test_every_field_says_what_it_does():
    for name, field in GeneratorSettings.model_fields.items():
        assert field.description and field.description.endswith("."), name
