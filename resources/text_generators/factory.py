"""The generator that the settings name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec

from models.errors import UserError
from models.text.generation.contract import TextGenerator
from resources.text_generators.settings import GeneratorSettings

_NEEDED = {"transformers": ("transformers", "llguidance", "jsonschema"), "openai": ("openai", "jsonschema")}
_NO_KEY = "none"  # the client insists on one; a server without keys does not look


def make_generator(
    settings: GeneratorSettings, device: str = "cpu", n_threads: int = 1, environment: Mapping[str, str] | None = None
) -> TextGenerator | None:
    """The generator of the settings; nothing is loaded or asked yet.

    Args:
        settings: The section `generator`.
        device: `cpu` or `cuda`, for `transformers`.
        n_threads: Threads on CPU, for `transformers`.
        environment: Where the key is; that of the process by default.

    Returns:
        `None` for `extractive`, which works by rules.

    Raises:
        UserError: A package or the key is missing.
    """
    missing = [name for name in _NEEDED.get(settings.backend, ()) if find_spec(name) is None]
    if missing:
        found = f"the backend {settings.backend} needs {', '.join(missing)}, not installed"
        raise UserError(found, "generator.backend", "Install it with `pip install 'sluice[llm]'`.")
    if settings.backend == "transformers":
        from models.text.generation.transformers_backend import TransformersGenerator

        sizes = {"max_rows": settings.batch_size, "max_batch_tokens": settings.batch_tokens, "n_threads": n_threads}
        name, download = settings.model or "", settings.allow_download
        return TransformersGenerator(name, device, settings.dtype, **sizes, allow_download=download)
    if settings.backend == "openai":
        from resources.text_generators.openai_backend import OpenAIGenerator

        return OpenAIGenerator(settings, _key(settings, os.environ if environment is None else environment))
    return None


def _key(settings: GeneratorSettings, environment: Mapping[str, str]) -> str:
    name = settings.api_key_env
    key = environment.get(name, "").strip()
    if not key and settings.base_url is None:
        raise UserError(f"{name} is not set", "generator.api_key_env", f"Put the key into {name}.")
    if not (key.isascii() and key.isprintable()) or " " in key:  # the client would refuse it and print it
        raise UserError(f"{name} holds a space or a character no key has", "generator.api_key_env", "Set it again.")
    return key or _NO_KEY
