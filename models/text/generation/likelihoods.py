"""How likely a model finds given continuations of given prompts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.text.generation.batches import batches_by_length
from models.text.generation.causal_model import CausalModel
from models.text.generation.steps import Prefix, Prefixes, Step


@dataclass(frozen=True)
class Likelihoods:
    """Of `n` continuations.

    Attributes:
        log_probabilities: `[n]` float64, `sum_t ln p(c_t | prompt, c_1 .. c_{t-1})`, natural logarithm.
        n_tokens: `[n]` int64, tokens of the continuation.
    """

    log_probabilities: np.ndarray
    n_tokens: np.ndarray


def log_likelihoods(
    causal: CausalModel,
    prompts: Sequence[list[int]],
    continuations: Sequence[Sequence[int]],
    max_rows: int,
    max_tokens: int,
) -> Likelihoods:
    """Sum the log probabilities of continuations.

    A prompt with several continuations is read once for each batch of them but for its common beginning, which is
    computed once; prompts with one continuation share batches.

    Args:
        causal: The model.
        prompts: `[n]` tokens, at least one each.
        continuations: `[n]` tokens, at least one each.
        max_rows: Rows in a batch.
        max_tokens: Rows times the longest row of a batch.
    """
    sums = np.zeros(len(prompts))
    prefixes = Prefixes(causal)
    for group in _groups(prompts):
        prefix = prefixes.of([prompts[index] for index in group])
        rests = [[*prompts[index][len(prefix.tokens) :], *continuations[index]] for index in group]
        for batch in batches_by_length([len(prefix.tokens) + len(rest) for rest in rests], max_rows, max_tokens):
            lengths = [len(continuations[group[place]]) for place in batch]
            sums[[group[place] for place in batch]] = _sums(causal, prefix, [rests[place] for place in batch], lengths)
    return Likelihoods(sums, np.array([len(tokens) for tokens in continuations], dtype=np.int64))


def _groups(prompts: Sequence[list[int]]) -> Iterator[list[int]]:
    """Indices of each prompt that comes several times, then those of all others."""
    places: dict[tuple[int, ...], list[int]] = {}
    for index, prompt in enumerate(prompts):
        places.setdefault(tuple(prompt), []).append(index)
    yield from (group for group in places.values() if len(group) > 1)
    singles = [group[0] for group in places.values() if len(group) == 1]
    if singles:
        yield singles


def _sums(causal: CausalModel, prefix: Prefix, rows: Sequence[Sequence[int]], lengths: Sequence[int]) -> np.ndarray:
    """Log probabilities of the last `lengths[i]` tokens of each row, summed."""
    import torch

    longest = max(lengths)
    with torch.inference_mode():
        step = Step(causal, prefix, [row[:-1] for row in rows], n_logits=longest)
        logits = step.logits[:, -longest:].float()  # B, longest, V
        log_probabilities = torch.log_softmax(logits, dim=-1).cpu()
    wanted = [torch.tensor(row[-length:]).unsqueeze(1) for row, length in zip(rows, lengths, strict=True)]
    found = [log_probabilities[i, -len(tokens) :].gather(1, tokens) for i, tokens in enumerate(wanted)]
    return np.array([values.double().sum().item() for values in found])
