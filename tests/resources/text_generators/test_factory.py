import sys

import pytest
from chat_server import KEY

from models.errors import UserError
from resources.text_generators.factory import make_generator
from resources.text_generators.settings import GeneratorSettings

SERVED = GeneratorSettings(backend="openai", model="m", base_url="http://localhost:1/v1")
HOSTED = GeneratorSettings(backend="openai", model="m")


def test_rules_need_no_generator():
    assert make_generator(GeneratorSettings()) is None


def test_a_model_in_this_process_gets_its_settings():
    settings = GeneratorSettings(
        backend="transformers", model="folder", batch_size=3, batch_tokens=99, dtype="float16", allow_download=True
    )
    made = make_generator(settings, device="cuda", n_threads=7)
    assert (made.causal.name, made.causal.device, made.causal.dtype) == ("folder", "cuda", "float16")
    assert (made.max_rows, made.max_batch_tokens, made.n_threads, made.causal.allow_download) == (3, 99, 7, True)


def test_a_server_gets_the_key_of_the_environment(monkeypatch):
    monkeypatch.setenv("MY_KEY", f" {KEY}\n")
    made = make_generator(HOSTED.model_copy(update={"api_key_env": "MY_KEY"}))
    assert made._key == KEY
    assert KEY not in repr(made) + str(made)
    assert made.identity == "openai:m"


def test_openai_itself_is_told_the_length_in_its_own_word():
    made = make_generator(HOSTED, environment={"OPENAI_API_KEY": KEY})
    assert made.address == "https://api.openai.com/v1" and made.format.length_field == "max_completion_tokens"
    assert make_generator(SERVED, environment={}).format.length_field == "max_tokens"


def test_a_hosted_model_needs_a_key():
    for environment in ({}, {"OPENAI_API_KEY": " "}):
        with pytest.raises(UserError, match="OPENAI_API_KEY is not set"):
            make_generator(HOSTED, environment=environment)
    assert make_generator(SERVED, environment={}) is not None


@pytest.mark.parametrize("between", ["\n", " ", "\u00e9", "\r\nX-Header: 1"])
def test_a_key_that_would_be_printed_by_the_client_is_refused(between: str):
    with pytest.raises(UserError) as caught:
        make_generator(SERVED, environment={"OPENAI_API_KEY": f"{KEY}{between}rest"})
    assert KEY not in str(caught.value) and "rest" not in str(caught.value)


@pytest.mark.parametrize(("backend", "package"), [("openai", "openai"), ("transformers", "llguidance")])
def test_a_missing_package_is_named(monkeypatch, backend: str, package: str):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=rf"needs {package}, not installed.*sluice\[llm\]"):
        make_generator(GeneratorSettings(backend=backend, model="m"))


def test_nothing_heavy_is_imported_before_it_is_needed():
    import subprocess

    program = """
import sys
from resources.text_generators.factory import make_generator
from resources.text_generators.settings import GeneratorSettings as S
make_generator(S(backend="openai", model="m", base_url="http://localhost:1/v1"))
make_generator(S(backend="transformers", model="m"))
print([name for name in ("openai", "torch", "transformers", "llguidance", "jsonschema") if name in sys.modules])
"""
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
