"""The backend that runs a causal language model in this process, its answers held to their schemas while written."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice

from models.text.generation.answer import GenerationAnswer, Outcome
from models.text.generation.batches import batches_by_length
from models.text.generation.causal_model import CausalModel
from models.text.generation.constraints import SchemaConstraints
from models.text.generation.contract import distinct
from models.text.generation.decoding import Row, decode
from models.text.generation.likelihoods import Likelihoods, log_likelihoods
from models.text.generation.request import GenerationRequest
from models.text.generation.steps import Prefixes
from models.text.generation.validation import check_answer
from models.training.threads import torch_threads

_WINDOW_BATCHES = 32
"""Prompts sorted by length at once, in batches: enough for little padding, and the first answers come soon."""

Asked = tuple[str, GenerationRequest, list[int]]


class TransformersGenerator:
    """A causal language model of the transformers library; a `TextGenerator`.

    Prompts are answered in batches of like length, and what they begin with (the instructions) is computed once. An
    answer with a schema is valid whatever the model: tokens that would leave the schema are never chosen, and where
    `max_tokens` run out the answer is ended in the shortest way the schema allows, beyond `max_tokens` where need be,
    and marked `cut_off`. At temperature 0 answers depend on nothing but the prompt, up to rounding in batches of other
    sizes; above it each prompt has draws of its own, from its seed and key.

    Args:
        model: Folder with safetensors weights, or model hub name.
        device: `cpu` or `cuda`.
        dtype: `float32`, `bfloat16`, `float16` or `auto`.
        max_rows: Prompts answered at once.
        max_batch_tokens: Rows times the longest prompt with its answer: bounds the attention cache.
        n_threads: Threads on CPU.
        allow_download: Whether a model hub name that is not cached may be downloaded.
    """

    def __init__(
        self,
        model: str,
        device: str = "cpu",
        dtype: str = "auto",
        max_rows: int = 32,
        max_batch_tokens: int = 32_768,
        n_threads: int = 1,
        allow_download: bool = False,
    ):
        self.causal = CausalModel(model, device, dtype, allow_download)
        self.max_rows, self.max_batch_tokens, self.n_threads = max_rows, max_batch_tokens, n_threads

    @property
    def identity(self) -> str:
        """Digest of the weights, or the hub's revision."""
        return f"transformers:{self.causal.identity}"

    @cached_property
    def _constraints(self) -> SchemaConstraints:
        causal = self.causal
        return SchemaConstraints(causal.tokenizer, causal.vocabulary_size, causal.end_tokens, self.n_threads)

    def generate(self, requests: Iterable[GenerationRequest]) -> Iterator[tuple[str, GenerationAnswer]]:
        """Answer prompts; see `TextGenerator.generate`.

        A prompt that leaves no room for its answer in the model's context has the outcome `failed`.

        Raises:
            UserError: The model cannot be loaded.
            ValueError: A schema cannot be enforced.
        """
        waiting = distinct(requests, self.identity)
        while window := list(islice(waiting, _WINDOW_BATCHES * self.max_rows)):
            kinds: dict[str, list[Asked]] = {}
            for key, request in window:
                tokens = self.causal.tokens(self.causal.prompt_text(request))
                fault = self._too_long(len(tokens) + request.max_tokens)
                if fault:
                    yield key, GenerationAnswer("", None, len(tokens), 0, 1, 0.0, "failed", fault)
                else:
                    kinds.setdefault(request.system, []).append((key, request, tokens))
            for asked in kinds.values():
                yield from self._answers(asked)

    def prompt_text(self, request: GenerationRequest) -> str:
        """The prompt as the model reads it, for `log_likelihoods`."""
        return self.causal.prompt_text(request)

    def has_room_for(self, prompt: str, n_tokens: int) -> bool:
        """Whether the model's context holds a prompt and so many tokens after it."""
        return self._too_long(len(self.causal.tokens(prompt)) + n_tokens) is None

    def log_likelihoods(self, prompts: Sequence[str], continuations: Sequence[str]) -> Likelihoods:
        """How likely the model finds each continuation after its prompt.

        Prompt and continuation become tokens apart from each other, nothing added: a continuation that begins a word
        begins with the space before it.

        Args:
            prompts: `[n]` texts, see `prompt_text`; several continuations of one prompt are several entries.
            continuations: `[n]` texts.

        Raises:
            UserError: The model cannot be loaded.
            ValueError: A text is empty, or both together are longer than the model's context.
        """
        tokens_of = {text: self.causal.tokens(text) for text in set(prompts)}
        read = [tokens_of[text] for text in prompts]
        judged = [self.causal.tokens(text) for text in continuations]
        for number, (before, after) in enumerate(zip(read, judged, strict=True)):
            fault = self._too_long(len(before) + len(after))
            if fault or not before or not after:
                raise ValueError(f"pair {number}: {fault or 'a prompt and a continuation need a token each'}")
        with torch_threads(self.n_threads):
            return log_likelihoods(self.causal, read, judged, self.max_rows, self.max_batch_tokens)

    def _too_long(self, length: int) -> str | None:
        limit = self.causal.max_positions
        if limit is None or length <= limit:
            return None
        return f"prompt and answer may take {length} tokens, the model reads {limit}"

    def _answers(self, asked: Sequence[Asked]) -> Iterator[tuple[str, GenerationAnswer]]:
        """Answer prompts of one kind, batch by batch."""
        prefixes = Prefixes(self.causal)
        lengths = [len(tokens) + request.max_tokens for _, request, tokens in asked]
        for places in batches_by_length(lengths, self.max_rows, self.max_batch_tokens):
            started = time.monotonic()
            batch = [asked[place] for place in places]
            with torch_threads(self.n_threads):
                prefix = prefixes.of([tokens for _, _, tokens in asked])
                rows = [self._row(*one, skip=len(prefix.tokens)) for one in batch]
                constraints = self._constraints if any(row.matcher for row in rows) else None
                decode(self.causal, prefix, rows, constraints)
            seconds = time.monotonic() - started
            for (key, request, tokens), row in zip(batch, rows, strict=True):
                yield key, self._answer(request, row, len(tokens), seconds)

    def _row(self, key: str, request: GenerationRequest, tokens: list[int], skip: int) -> Row:
        matcher = None if request.schema is None else self._constraints.start(request.schema)
        seed = (request.seed or 0, int(key[:16], 16))
        return Row(tokens[skip:], request.max_tokens, request.temperature or 0.0, seed, matcher)

    def _answer(self, request: GenerationRequest, row: Row, n_read: int, seconds: float) -> GenerationAnswer:
        text = self.causal.tokenizer.decode(row.written, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        counts = (n_read, len(row.written), 1, seconds)
        if request.schema is None:
            return GenerationAnswer(text, None, *counts, "answered", cut_off=row.cut_off)
        checked = check_answer(text, request.schema)
        outcome: Outcome = "answered" if checked.fault is None else "invalid"
        return GenerationAnswer(text, checked.value, *counts, outcome, checked.fault, row.cut_off)
