"""The interface of every generator: prompts in, answers out as they are ready."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from models.text.generation.answer import GenerationAnswer
from models.text.generation.request import GenerationRequest


class TextGenerator(Protocol):
    """A language model, in this process or behind a server."""

    @property
    def identity(self) -> str:
        """What an answer depends on besides the request; a part of its key."""
        ...

    def generate(self, requests: Iterable[GenerationRequest]) -> Iterator[tuple[str, GenerationAnswer]]:
        """Answer prompts.

        Args:
            requests: The prompts; those with equal keys are answered once.

        Yields:
            `(request.key(identity), answer)` as soon as the answer is there, in any order, exactly one for each
            different key: whoever stores each at once loses at most what is under way when the process dies. An answer
            that is wrong, refused or missing is an answer too; see its `outcome`.

        Raises:
            UserError: No prompt can be answered: the model is unknown, the key is wrong, the server is unreachable.
        """
        ...


def distinct(requests: Iterable[GenerationRequest], identity: str) -> Iterator[tuple[str, GenerationRequest]]:
    """The requests with their keys, each key once, in the order given."""
    seen: set[str] = set()
    for request in requests:
        key = request.key(identity)
        if key not in seen:
            seen.add(key)
            yield key, request
