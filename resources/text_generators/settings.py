"""The section `generator` of `sluice.yaml`: which language model writes, where it runs, and how patient we are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from models.text.generation.prices import Prices
from models.text.generation.request import GenerationRequest
from resources.settings_sections import Section

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


def _variable_name(name: str) -> str:
    if not _VARIABLE.fullmatch(name):  # the message never repeats it: it may be the key itself
        raise ValueError(
            "expected the name of an environment variable such as OPENAI_API_KEY (capitals, digits, underscores); "
            "the key itself never belongs in the config"
        )
    return name


def _plain_address(address: str) -> str:
    parts = urlsplit(address)
    if parts.username or parts.password or parts.query:
        raise ValueError("an address with a password or a key in it would stand in logs; set `api_key_env` instead")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an address such as http://localhost:8000/v1")
    return address.rstrip("/")


class GeneratorSettings(Section):
    """The language model, if one is used."""

    backend: Literal["extractive", "transformers", "openai"] = Field(
        "extractive",
        description="`extractive`: rules, no model and no key; `transformers`: a model in this process; `openai`: any "
        "server that speaks OpenAI's protocol (vLLM, Ollama, a hosted API).",
    )
    model: str | None = Field(
        None, min_length=1, description="The server's name of the model; for `transformers` a folder or hub name."
    )
    base_url: Annotated[str, AfterValidator(_plain_address)] | None = Field(
        None, description="Address of the server, usually ending in `/v1`; none is OpenAI's own. `openai` only."
    )
    api_key_env: Annotated[str, AfterValidator(_variable_name)] = Field(
        "OPENAI_API_KEY",
        description="Environment variable that holds the key; a server with a `base_url` may need none. `openai` only.",
    )
    response_format: Literal["json_schema", "json_object", "none"] = Field(
        "json_schema",
        description="How a server is told to write JSON, if it understands that; answers are validated either way. "
        "`openai` only.",
    )
    concurrency: int = Field(16, ge=1, le=1000, description="Calls under way at once. `openai` only.")
    deadline_seconds: float = Field(
        120, gt=0, description="Longest call from its start to the last byte of its answer. `openai` only."
    )
    max_attempts: int = Field(
        8, ge=1, description="Calls for one prompt before it is given up: overload, server errors, broken connections."
    )
    backoff_seconds: float = Field(
        0.5, gt=0, description="Longest wait before the second call; doubles with each further one. `openai` only."
    )
    max_wait_seconds: float = Field(
        60,
        gt=0,
        description="Longest wait between two calls; one that asks for more patience (Retry-After) gets no further "
        "call for that prompt. `openai` only.",
    )
    max_tokens: int = Field(1024, ge=1, description="Longest answer, in tokens of the model.")
    temperature: float | None = Field(
        0.0,
        ge=0,
        le=2,
        allow_inf_nan=False,
        description="0 takes the likeliest word; null sends none to a server, for models that refuse it.",
    )
    seed: int | None = Field(0, ge=0, description="Of draws above temperature 0; null sends none to a server.")
    price_per_million_tokens_in: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="Price of a million tokens read, in any currency; null: unknown."
    )
    price_per_million_tokens_out: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="Price of a million tokens written, in the same currency."
    )
    batch_size: int = Field(32, ge=1, description="Prompts answered at once. `transformers` only.")
    batch_tokens: int = Field(
        32_768,
        ge=64,
        description="Prompts times the longest of them with its answer: bounds memory. `transformers` only.",
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="Numbers of the weights; `auto`: bfloat16 on a GPU, float32 on CPU. `transformers` only."
    )
    allow_download: bool = Field(
        False, description="Whether a hub name that is not on this machine may be downloaded. `transformers` only."
    )

    @model_validator(mode="after")
    def _names_a_model(self) -> GeneratorSettings:
        if self.backend != "extractive" and self.model is None:
            raise ValueError(f"the backend {self.backend} needs `model`")
        if (self.price_per_million_tokens_in is None) != (self.price_per_million_tokens_out is None):
            raise ValueError("name both prices, price_per_million_tokens_in and price_per_million_tokens_out, or none")
        return self

    @property
    def prices(self) -> Prices:
        """What the model's tokens cost."""
        return Prices(self.price_per_million_tokens_in, self.price_per_million_tokens_out)

    def request(self, user: str, system: str = "", schema: Mapping[str, Any] | None = None) -> GenerationRequest:
        """A prompt with the settings' limits, temperature and seed."""
        return GenerationRequest(user, system, schema, self.max_tokens, self.temperature, self.seed)
