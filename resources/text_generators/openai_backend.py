"""The backend that asks a server with OpenAI's protocol: many calls at once, deadlines, patience with errors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from models.errors import UserError
from models.text.generation.answer import GenerationAnswer
from models.text.generation.contract import distinct
from models.text.generation.request import GenerationRequest
from models.text.generation.validation import one_line
from resources.text_generators.background import as_completed
from resources.text_generators.call_errors import Failure, failure_of, unreachable
from resources.text_generators.chat_format import ChatFormat, Completion, read_completion
from resources.text_generators.retries import backoff, retry_after_seconds
from resources.text_generators.settings import GeneratorSettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI

OPENAI_ADDRESS = "https://api.openai.com/v1"
MAX_UNANSWERED_IN_A_ROW = 10
"""Prompts that got no answer in all their attempts, one after the other, before the server counts as unreachable."""

_HIDDEN_FROM_CHARACTERS = 8  # a shorter "key" is a placeholder of a server without keys, and a word of any text

Keyed = tuple[str, GenerationRequest]


class OpenAIGenerator:
    """A language model behind a server; a `TextGenerator`.

    A prompt is asked again after an overload, a server error, a broken connection or a missed deadline; an answer that
    breaks its schema is shown to the model once with its fault. A prompt that the server rejects (400) fails alone; a
    wrong key, an unknown model or an empty account end the run with one error, after the calls under way.

    Args:
        settings: See `GeneratorSettings`; `model` is set.
        key: Printable characters; sent as bearer token, and shown nowhere.
    """

    def __init__(self, settings: GeneratorSettings, key: str):
        self.settings, self._key = settings, key
        self.address = settings.base_url or OPENAI_ADDRESS
        length_field = "max_tokens" if settings.base_url else "max_completion_tokens"
        self.format = ChatFormat(settings.model or "", settings.response_format, length_field)

    @property
    def identity(self) -> str:
        """The model's name at its server; which server it is does not count."""
        return f"openai:{self.settings.model}"

    def generate(self, requests: Iterable[GenerationRequest]) -> Iterator[tuple[str, GenerationAnswer]]:
        """Answer prompts; see `TextGenerator.generate`.

        Raises:
            UserError: No prompt can be answered; see the class.
        """
        waiting = distinct(requests, self.identity)
        return as_completed(self._session(), waiting, self.settings.concurrency)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Callable[[Keyed], Awaitable[tuple[str, GenerationAnswer]]]]:
        from openai import AsyncOpenAI

        patience = self.settings.deadline_seconds
        async with AsyncOpenAI(api_key=self._key, base_url=self.address, max_retries=0, timeout=patience) as client:
            yield _Run(client, self.settings, self.format, self.address, self._without_key).answer

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "[key]") if len(self._key) >= _HIDDEN_FROM_CHARACTERS else text


class _Run:
    """What the calls of one `generate` know of each other: the server's wish for a pause, and whether it answers."""

    def __init__(
        self,
        client: AsyncOpenAI,
        settings: GeneratorSettings,
        form: ChatFormat,
        address: str,
        without_key: Callable[[str], str],
    ):
        self._client, self._settings, self._format, self._address = client, settings, form, address
        self._without_key = without_key
        self._not_before = 0.0  # monotonic seconds
        self._unanswered = 0
        self._stopped: asyncio.Future[UserError] = asyncio.get_running_loop().create_future()

    async def answer(self, keyed: Keyed) -> tuple[str, GenerationAnswer]:
        """Ask until there is an answer; once more when it breaks its schema."""
        key, request = keyed
        started = time.monotonic()
        first, n_calls = await self._ask(request, [])
        last, n_read, n_written = first, first.tokens_in, first.tokens_out
        if first.outcome == "invalid":
            last, more_calls = await self._ask(request, [(first.text, first.fault or "")])
            n_calls, n_read, n_written = n_calls + more_calls, n_read + last.tokens_in, n_written + last.tokens_out
            if last.outcome == "failed":  # the first answer is what there is
                last = first
        seconds = time.monotonic() - started
        counts = (n_read, n_written, n_calls, seconds)
        return key, GenerationAnswer(last.text, last.value, *counts, last.outcome, last.fault, last.cut_off)

    async def _ask(self, request: GenerationRequest, corrections: list[tuple[str, str]]) -> tuple[Completion, int]:
        """One question, as often as needed; the answer and the number of calls."""
        body = self._format.body(request, corrections)
        attempt = 0
        while True:
            attempt += 1
            await self._pause()
            result, wished = await self._call(body, request)
            if isinstance(result, Completion):
                self._unanswered = 0
                return result, attempt
            if result.stops:
                raise self._stop(result.stops)
            wait = self._wait(attempt, wished)
            if not result.again or wait is None:
                return self._given_up(result, attempt), attempt
            await self._rest(wait)

    async def _pause(self) -> None:
        """Wait while the server wants to be left alone."""
        await self._rest(0)
        while (wait := self._not_before - time.monotonic()) > 0:
            await self._rest(wait)

    async def _rest(self, seconds: float) -> None:
        """Sleep, but go no further once nobody is answered any more."""
        if seconds > 0:
            await asyncio.wait([self._stopped], timeout=seconds)
        if self._stopped.done():
            raise self._stopped.result()

    def _stop(self, problem: UserError) -> UserError:
        if not self._stopped.done():
            self._stopped.set_result(problem)
        return self._stopped.result()

    def _wait(self, attempt: int, wished: float | None) -> float | None:
        """Seconds until the next attempt, `None` for no further one. A wish holds for all calls."""
        limit, first = self._settings.max_wait_seconds, self._settings.backoff_seconds
        if attempt >= self._settings.max_attempts or (wished or 0) > limit:
            return None
        if wished is None:
            return backoff(attempt, first, limit)
        self._not_before = max(self._not_before, time.monotonic() + wished)
        return wished + backoff(1, first, limit)

    def _given_up(self, failure: Failure, n_calls: int) -> Completion:
        """The outcome of a prompt without an answer; after many in a row, that of the run."""
        if failure.again:
            self._unanswered += 1
            if self._unanswered >= MAX_UNANSWERED_IN_A_ROW:
                raise self._stop(unreachable(failure.line, self._unanswered, self._address))
        times = f"{n_calls} calls, the last: " if n_calls > 1 else ""
        return Completion("", None, "failed", f"{times}{failure.line}")

    async def _call(
        self, body: dict[str, Any], request: GenerationRequest
    ) -> tuple[Completion | Failure, float | None]:
        """One call: what came of it, and the pause the server wishes for."""
        import httpx
        from openai import APIConnectionError, APIStatusError

        deadline = self._settings.deadline_seconds
        try:
            async with asyncio.timeout(deadline):  # of the whole answer: one that drips never meets an idle timeout
                # Not `chat.completions.create`: it walks through the whole body first, a sixth of a call's CPU time.
                response = await self._client.post("/chat/completions", cast_to=httpx.Response, body=body)
        except TimeoutError:
            return Failure(f"no complete answer within {deadline:g} s", True), None
        except APIStatusError as error:
            return self._judged(error), retry_after_seconds(error.response.headers, time.time())
        except APIConnectionError as error:
            why = self._without_key(str(error.__cause__ or error))
            return Failure(one_line(f"connection lost or refused: {why}"), True), None
        text = self._without_key(response.content.decode("utf-8", "replace"))
        completion = read_completion(text, request)
        if completion.outcome == "failed":
            return Failure(completion.fault or "", True), None
        return completion, None

    def _judged(self, error: Any) -> Failure:
        body = error.body
        message = body.get("message") or body.get("error") if isinstance(body, dict) else body
        said = self._without_key(str(message or error.response.reason_phrase or ""))
        place = self._settings
        return failure_of(error.status_code, said, error.code, place.model or "", self._address, place.api_key_env)
