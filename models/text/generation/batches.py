"""Which prompts are computed together: those of like length, up to a number of tokens, after what they share."""

from __future__ import annotations

from collections.abc import Sequence


def batches_by_length(lengths: Sequence[int], max_rows: int, max_tokens: int) -> list[list[int]]:
    """Cut rows into batches of like length, the longest first: little is padded, and memory peaks at once.

    Args:
        lengths: `[n]` tokens of a row, those still to be written included.
        max_rows: Rows in a batch.
        max_tokens: Rows times the longest row of a batch; one row that is longer is a batch of its own.

    Returns:
        Indices of `lengths`, each once; equal lengths keep their order.
    """
    batches: list[list[int]] = []
    longest = 0
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batches and len(batches[-1]) < max_rows and (len(batches[-1]) + 1) * longest <= max_tokens:
            batches[-1].append(index)
        else:
            batches.append([index])
            longest = lengths[index]
    return batches


def shared_prefix(rows: Sequence[list[int]]) -> int:
    """How many tokens all rows begin with alike; at least the last token of each row is not counted.

    Args:
        rows: `[n]` non-empty token lists, `n` at least 1.
    """
    first, last = min(rows), max(rows)  # every other row lies between them, and so begins as both do
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return min(shared, min(map(len, rows)) - 1)
