"""Forward passes over batches: a common beginning is computed once, finished rows leave."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.text.generation.batches import shared_prefix
from models.text.generation.causal_model import CausalModel

if TYPE_CHECKING:
    import torch


@dataclass
class Prefix:
    """What rows begin with: its tokens, and the keys and values of one row after them (`None` for no tokens)."""

    tokens: list[int]
    cache: Any


class Step:
    """A batch between two tokens; use it under `torch.inference_mode()`.

    Shapes: `B` rows, `T` positions read so far (common beginning, padding and tokens), `V` vocabulary.

    Args:
        causal: The model.
        prefix: What all rows begin with.
        rows: `[B]` tokens after that, at least one each.
        n_logits: Last positions whose logits are wanted.

    Attributes:
        logits: `[B, n_logits, V]` after the tokens read last.
    """

    def __init__(self, causal: CausalModel, prefix: Prefix, rows: Sequence[Sequence[int]], n_logits: int = 1):
        import torch

        self._model = causal.model
        longest, before = max(map(len, rows)), len(prefix.tokens)
        pad = causal.tokenizer.pad_token_id or 0
        ids = torch.tensor([[pad] * (longest - len(row)) + list(row) for row in rows])
        filled = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
        positions = (before + filled.cumsum(1) - 1).clamp(min=0).to(causal.device)
        mask = torch.cat([torch.ones(len(rows), before, dtype=torch.long), filled], dim=1)
        self._mask = mask.to(causal.device)  # B, T
        self._position = positions[:, -1:]  # B, 1: of the newest token
        self._cache = copy.deepcopy(prefix.cache)
        if self._cache is not None:
            self._cache.batch_repeat_interleave(len(rows))
        self.logits = self._read(ids.to(causal.device), positions, n_logits)

    def append(self, tokens: Sequence[int]) -> None:
        """Read one more token in every row."""
        import torch

        self._position = self._position + 1
        self._mask = torch.cat([self._mask, torch.ones_like(self._position)], dim=1)
        self.logits = self._read(torch.tensor(tokens, device=self._mask.device).unsqueeze(1), self._position)

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these rows only."""
        import torch

        chosen = torch.tensor(rows, device=self._mask.device)
        self._mask, self._position, self.logits = self._mask[chosen], self._position[chosen], self.logits[chosen]
        self._cache.batch_select_indices(chosen)

    def _read(self, ids: torch.Tensor, positions: torch.Tensor, n_logits: int = 1) -> torch.Tensor:
        output = self._model(
            input_ids=ids,
            position_ids=positions,
            attention_mask=self._mask,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=n_logits,
        )
        self._cache = output.past_key_values
        return output.logits


class Prefixes:
    """Computes common beginnings and keeps the last one, which the next batch of its kind begins with too."""

    def __init__(self, causal: CausalModel):
        self._causal = causal
        self._last = Prefix([], None)

    def of(self, rows: Sequence[list[int]]) -> Prefix:
        """What all rows begin with; each of them has at least one token more."""
        import torch

        tokens = rows[0][: shared_prefix(rows)]
        if tokens != self._last.tokens:
            cache = None
            if tokens:
                with torch.inference_mode():
                    ids = torch.tensor([tokens], device=self._causal.device)
                    cache = self._causal.model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values
            self._last = Prefix(tokens, cache)
        return self._last
