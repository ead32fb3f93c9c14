"""Decoding that can only write what a JSON schema allows, by llguidance's masks over the vocabulary."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from llguidance import LLMatcher
    from llguidance._lib import JsonCompileOptions
    from transformers import PreTrainedTokenizerFast

_SPACING: JsonCompileOptions = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""As `json.dumps` writes: the JSON that models have read most, and no tokens spent on indentation."""

_MAX_CLOSING_TOKENS = 2000
_INSIDE_STRING = ('"',)
_OUTSIDE_STRING = ("}", "]", "n", ",", ":", '"')  # `n` begins null: nothing is claimed


class SchemaConstraints:
    """Grammars of JSON schemas over one tokenizer's vocabulary.

    Args:
        tokenizer: A fast tokenizer.
        vocabulary_size: Width of the model's logits; entries beyond the tokenizer's are never allowed.
        end_tokens: Tokens that end an answer.
        n_threads: Threads that compute a batch's masks.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, vocabulary_size: int, end_tokens: Sequence[int], n_threads: int = 1
    ):
        from llguidance import LLExecutor
        from llguidance.hf import from_tokenizer

        self._tokenizer = from_tokenizer(tokenizer, n_vocab=vocabulary_size, eos_token=list(end_tokens))
        self._executor = LLExecutor(num_threads=n_threads)
        self._words = (vocabulary_size + 31) // 32
        wanted = {*_INSIDE_STRING, *_OUTSIDE_STRING}
        self._tokens = {text: self._tokenizer.tokenize_bytes(text.encode())[0] for text in wanted}

    def start(self, schema: Mapping[str, Any]) -> LLMatcher:
        """A matcher at the beginning of an answer.

        Raises:
            ValueError: The schema uses words that cannot be enforced, such as `uniqueItems` or `not`.
        """
        from llguidance import LLMatcher

        grammar = LLMatcher.grammar_from_json_schema(json.dumps(schema), defaults=_SPACING)
        matcher = LLMatcher(self._tokenizer, grammar, log_level=0)
        if matcher.is_error():
            raise ValueError(f"this JSON schema cannot be enforced: {matcher.get_error().splitlines()[0]}")
        return matcher

    def masks(self, matchers: Sequence[LLMatcher | None]) -> np.ndarray:
        """Which tokens may come next: `[n, 4 * words]` uint8, one bit a token, lowest first; `None` allows all."""
        from llguidance.numpy import fill_next_token_bitmask_par

        bits = np.full((len(matchers), self._words), -1, dtype=np.int32)
        pairs = [(matcher, row) for row, matcher in enumerate(matchers) if matcher is not None]
        fill_next_token_bitmask_par(self._executor, pairs, bits)
        return bits.view(np.uint8)

    def close(self, matcher: LLMatcher, written: Sequence[int]) -> list[int]:
        """End an answer that was cut off in a way its schema allows, without the model.

        Strings and lists end where they are, a value that may be null is; required fields that are missing get the
        first value that is allowed.

        Args:
            matcher: After the last token; consumed.
            written: The tokens written so far.

        Returns:
            The tokens to append. After `_MAX_CLOSING_TOKENS` it gives up (a pattern that leads in circles).
        """
        added: list[int] = []
        while not (matcher.is_accepting() or matcher.is_error() or len(added) >= _MAX_CLOSING_TOKENS):
            forced = matcher.compute_ff_tokens()
            tokens = forced or [self._cheapest(matcher, self._tokenizer.decode_bytes([*written, *added]))]
            if not matcher.consume_tokens(tokens):
                break
            added += tokens
        return added

    def _cheapest(self, matcher: LLMatcher, text: bytes) -> int:
        allowed = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")
        preferred = _INSIDE_STRING if _ends_in_string(text) else _OUTSIDE_STRING
        for character in preferred:
            if allowed[self._tokens[character]]:
                return self._tokens[character]
        return int(allowed.argmax())


def _ends_in_string(text: bytes) -> bool:
    """Whether JSON breaks off inside a string."""
    quotes = text.replace(b"\\\\", b"").replace(b'\\"', b"").count(b'"')
    return quotes % 2 == 1
