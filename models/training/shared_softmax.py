"""The sampled softmax over negatives that a whole batch shares, without ever holding all its scores."""

from __future__ import annotations

from typing import Any

import torch

CHUNK_ELEMENTS = 2**20
"""Scores worked on at once: 4 MiB, which a cache holds; 8,192 x 2,048 at once take five times longer."""


class _SharedSoftmax(torch.autograd.Function):
    """The loss of `shared_softmax_loss`, its gradients found on the way."""

    @staticmethod
    def forward(
        ctx: Any,
        users: torch.Tensor,
        own: torch.Tensor,
        others: torch.Tensor,
        items: torch.Tensor,
        negatives: torch.Tensor,
        temperature: float,
        correction: torch.Tensor | None,
    ) -> torch.Tensor:
        """Chunk by chunk; see `shared_softmax_loss`."""
        n, total = len(users), users.new_zeros(())
        grad_users, grad_own, grad_others = torch.empty_like(users), torch.empty_like(own), torch.zeros_like(others)
        positives = (users * own).sum(dim=1) / temperature  # B
        n_rows = max(1, CHUNK_ELEMENTS // max(len(others), 1))
        for start in range(0, n, n_rows):
            rows = slice(start, start + n_rows)
            scores = (users[rows] / temperature) @ others.T  # C, N
            if correction is not None:
                scores -= correction
            _forbid_own(scores, items[rows], negatives)
            highest = torch.maximum(scores.amax(dim=1), positives[rows])
            shares = scores.sub_(highest[:, None]).exp_()
            own_share = (positives[rows] - highest).exp()
            sums = shares.sum(dim=1) + own_share
            total = total + (sums.log() + highest - positives[rows]).sum()
            shares.div_(sums[:, None])
            away = (own_share / sums - 1)[:, None]
            grad_users[rows] = shares @ others + away * own[rows]
            grad_own[rows] = away * users[rows]
            grad_others.addmm_(shares.T, users[rows])
        scale = 1 / (max(n, 1) * temperature)
        ctx.save_for_backward(grad_users.mul_(scale), grad_own.mul_(scale), grad_others.mul_(scale))
        return total / max(n, 1)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """The stored gradients, times that of the loss."""
        return *(part * grads[0] for part in ctx.saved_tensors), None, None, None, None


def _forbid_own(scores: torch.Tensor, items: torch.Tensor, negatives: torch.Tensor) -> None:
    """`-inf` where a negative is the row's own item, in place.

    Args:
        scores: `[C, N]`.
        items: `[C]` int, the rows' items.
        negatives: `[N]` int, the columns' items.
    """
    if scores.device.type != "cpu":
        scores.masked_fill_(negatives == items[:, None], -torch.inf)
        return
    # Comparing all with all takes .4 ms for 1,000 x 256, as long as the scores themselves; a search takes .06.
    ordered, column = negatives.sort()
    items = items.contiguous()  # which torch asks for
    first = torch.searchsorted(ordered, items)
    n_equal = torch.searchsorted(ordered, items, right=True) - first
    rows = torch.repeat_interleave(n_equal)
    within = torch.arange(len(rows)) - (n_equal.cumsum(0) - n_equal)[rows]
    scores[rows, column[first[rows] + within]] = -torch.inf


def shared_softmax_loss(
    users: torch.Tensor,
    own: torch.Tensor,
    others: torch.Tensor,
    items: torch.Tensor,
    negatives: torch.Tensor,
    temperature: float,
    correction: torch.Tensor | None = None,
) -> torch.Tensor:
    """`models.training.embedding_losses.softmax_loss` of `users . own` against `users . others`.

    A negative that is the pair's own item is ignored.

    Args:
        users: `[B, D]` vectors of the pairs' users.
        own: `[B, D]` vectors of the pairs' items.
        others: `[N, D]` vectors of the negatives, shared by all pairs.
        items: `[B]` int, the pairs' items.
        negatives: `[N]` int, which items the negatives are; repeats count as often.
        temperature: Above 0.
        correction: `[N]`, subtracted from the scores of the negatives, see `NegativeSampler`; `None` for nothing.

    Returns:
        A scalar, float32; 0 where no negative is left.
    """
    with torch.autocast(users.device.type, enabled=False):
        vectors = users.float(), own.float(), others.float()
        return _SharedSoftmax.apply(*vectors, items, negatives, temperature, correction)
