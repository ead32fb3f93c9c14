"""OpenAI's chat protocol as data: the body of a call, and the answer in a completion."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.text.generation.answer import Outcome
from models.text.generation.request import GenerationRequest
from models.text.generation.validation import check_answer, one_line

MAX_REPEATED_CHARACTERS = 4000
"""Of a wrong answer that the model is shown again."""


@dataclass(frozen=True)
class Completion:
    """What one call brought.

    Attributes:
        text: What the model wrote.
        value: The JSON value asked for.
        outcome: `answered`, `invalid`, `refused`; `failed` for what is no completion at all.
        fault: What is wrong with it.
        tokens_in: Tokens read, 0 where the server does not say.
        tokens_out: Tokens written, likewise.
        cut_off: Whether it ended because of `max_tokens`.
    """

    text: str
    value: Any
    outcome: Outcome
    fault: str | None
    tokens_in: int = 0
    tokens_out: int = 0
    cut_off: bool = False


@dataclass(frozen=True)
class ChatFormat:
    """How one server is spoken to.

    Attributes:
        model: The server's name of the model.
        response_format: `json_schema`, `json_object` or `none`.
        length_field: `max_completion_tokens` at OpenAI, whose newer models refuse `max_tokens`, which all others know.
    """

    model: str
    response_format: str = "json_schema"
    length_field: str = "max_tokens"

    def body(self, request: GenerationRequest, corrections: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
        """The JSON body of a call.

        Args:
            request: What is asked.
            corrections: Wrong answers to it with their faults.
        """
        messages = [{"role": "system", "content": request.system}] if request.system else []
        messages.append({"role": "user", "content": request.user})
        for answer, fault in corrections:
            messages.append({"role": "assistant", "content": answer[:MAX_REPEATED_CHARACTERS]})
            again = f"This answer cannot be used ({fault}). Answer the question again, with the corrected JSON only."
            messages.append({"role": "user", "content": again})
        for message in messages:  # half a surrogate pair cannot be sent
            message["content"] = message["content"].encode(errors="replace").decode()
        body: dict[str, Any] = {"model": self.model, "messages": messages, self.length_field: request.max_tokens}
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if request.seed is not None:
            body["seed"] = request.seed
        if request.schema is not None and self.response_format == "json_object":
            body["response_format"] = {"type": "json_object"}
        if request.schema is not None and self.response_format == "json_schema":
            form = {"name": "answer", "schema": dict(request.schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        return body


def read_completion(content: bytes | str, request: GenerationRequest) -> Completion:
    """The answer in what a server sent with status 200; never raises.

    Args:
        content: The body.
        request: What was asked.
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return _broken("its body is not JSON")
    choices = body.get("choices") if isinstance(body, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return _broken("its body holds no message")
    text, refusal, reason = message.get("content"), message.get("refusal"), choice.get("finish_reason")
    text = text if isinstance(text, str) else ""
    usage = body.get("usage")
    counts = (_count(usage, "prompt_tokens"), _count(usage, "completion_tokens"), reason == "length")
    if refusal or reason == "content_filter":
        why = f"the model refused: {refusal}" if refusal else "the server's filter withheld the answer"
        return Completion(text, None, "refused", one_line(why), *counts)
    if request.schema is None:
        return Completion(text, None, "answered", None, *counts)
    checked = check_answer(text, request.schema)
    if checked.fault is None:
        return Completion(text, checked.value, "answered", None, *counts)
    fault = f"cut off after {request.max_tokens} tokens: {checked.fault}" if reason == "length" else checked.fault
    return Completion(text, None, "invalid", one_line(fault), *counts)


def _broken(how: str) -> Completion:
    return Completion("", None, "failed", f"the server answered 200, but {how}")


def _count(usage: Any, name: str) -> int:
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if isinstance(count, int) and count > 0 else 0
