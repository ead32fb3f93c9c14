"""Token by token: choosing from the logits what each row's schema allows, until every row has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from models.text.generation.causal_model import CausalModel
from models.text.generation.constraints import SchemaConstraints
from models.text.generation.steps import Prefix, Step

if TYPE_CHECKING:
    import torch

_KEPT_SHARE = 0.8
"""Ended rows are taken out when less than this share is left: it copies the cache, which costs about one step."""


@dataclass
class Row:
    """One prompt being answered.

    Attributes:
        tokens: The prompt after the common beginning, at least one token.
        max_tokens: Most tokens to write.
        temperature: 0 takes the likeliest token.
        seed: Of the row's own draws, so that they do not depend on the rows beside it.
        matcher: What its schema allows next; `None` for free text.
        written: The tokens of the answer so far.
        cut_off: Whether `max_tokens` ended it.
        ended: Whether it is complete.
    """

    tokens: Sequence[int]
    max_tokens: int
    temperature: float = 0.0
    seed: Sequence[int] = (0,)
    matcher: Any = None
    written: list[int] = field(default_factory=list)
    cut_off: bool = False
    ended: bool = False

    def __post_init__(self):
        self._draws = np.random.default_rng(list(self.seed))

    def draw(self) -> float:
        """A number from `[0, 1)`; no draw is made at temperature 0."""
        return self._draws.random() if self.temperature > 0 else 0.0

    def take(self, token: int, end_tokens: Sequence[int], constraints: SchemaConstraints | None) -> None:
        """Add the chosen token, or end the answer.

        Raises:
            RuntimeError: The schema does not allow the token: the mask was not applied.
        """
        if token in end_tokens:
            self.ended = True
            return
        self.written.append(token)
        if self.matcher and not self.matcher.consume_token(token):
            raise RuntimeError(f"the schema's grammar refused token {token}: {self.matcher.get_error()}")
        self.ended = bool(self.matcher) and self.matcher.is_stopped()
        if not self.ended and len(self.written) >= self.max_tokens:
            self.ended = self.cut_off = True
            if self.matcher and constraints:
                self.written += constraints.close(self.matcher, self.written)


def decode(causal: CausalModel, prefix: Prefix, rows: Sequence[Row], constraints: SchemaConstraints | None) -> None:
    """Answer one batch; the rows hold the answers afterwards.

    Args:
        causal: The model.
        prefix: What all prompts begin with.
        rows: `[B]` prompts, their attention cache fitting into memory at once.
        constraints: Needed where a row has a matcher.
    """
    import torch

    with torch.inference_mode():
        step = Step(causal, prefix, [row.tokens for row in rows])
        batch = list(rows)
        while True:
            chosen = _choose(step.logits[:, -1], batch, constraints)
            for row, token in zip(batch, chosen, strict=True):
                if not row.ended:
                    row.take(token, causal.end_tokens, constraints)
            going = [index for index, row in enumerate(batch) if not row.ended]
            if not going:
                return
            if len(going) < _KEPT_SHARE * len(batch):
                step.keep(going)
                batch, chosen = [batch[index] for index in going], [chosen[index] for index in going]
            step.append(chosen)


def _choose(logits: torch.Tensor, rows: Sequence[Row], constraints: SchemaConstraints | None) -> list[int]:
    """The next token of each row; `logits` is `[B, V]`. Ended rows get one that nobody reads."""
    import torch

    matchers = [None if row.ended else row.matcher for row in rows]
    if constraints and any(matchers):
        bits = torch.from_numpy(constraints.masks(matchers)).to(logits.device)  # B, ceil(V / 32) * 4
        places = torch.arange(8, dtype=torch.uint8, device=logits.device)
        allowed = (bits.unsqueeze(-1) >> places & 1).flatten(1)[:, : logits.shape[1]]
        logits = logits.masked_fill(allowed == 0, float("-inf"))
    chosen = logits.argmax(dim=-1)
    warm = [index for index, row in enumerate(rows) if row.temperature > 0 and not row.ended]
    if warm:
        chosen[warm] = _drawn(logits[warm], [rows[index] for index in warm])
    return chosen.tolist()


def _drawn(logits: torch.Tensor, rows: Sequence[Row]) -> torch.Tensor:
    """Draw from `softmax(logits / temperature)`, `[W, V]`, by inverting its distribution function."""
    import torch

    temperatures = torch.tensor([row.temperature for row in rows], device=logits.device).unsqueeze(1)
    sums = torch.softmax(logits.double() / temperatures, dim=-1).cumsum(dim=-1)
    draws = torch.tensor([row.draw() for row in rows], dtype=torch.float64, device=logits.device).unsqueeze(1)
    return torch.searchsorted(sums, draws * sums[:, -1:], right=True).clamp(max=logits.shape[1] - 1).squeeze(1)
