"""What came back for a prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["answered", "invalid", "refused", "failed"]


@dataclass(frozen=True)
class GenerationAnswer:
    """The answer to one prompt, or why there is none.

    Attributes:
        text: What the model wrote, as it wrote it; empty where nothing came.
        value: The JSON value that was asked for; `None` without a schema, or where `outcome` is not `answered`.
        tokens_in: Tokens read, over all paid calls for this prompt; 0 where a server does not say.
        tokens_out: Tokens written, likewise.
        attempts: Calls made, failed ones included.
        latency_seconds: From the first call's start to the answer, waiting between calls included.
        outcome: `answered`; `invalid`: the answer breaks its schema, also when asked again; `refused`: the model or
            its server declined; `failed`: no answer came.
        error: One line that says what is wrong; `None` for `answered`. It never holds a key.
        cut_off: Whether the answer ends because `max_tokens` were written.
    """

    text: str
    value: Any
    tokens_in: int
    tokens_out: int
    attempts: int
    latency_seconds: float
    outcome: Outcome
    error: str | None = None
    cut_off: bool = False
