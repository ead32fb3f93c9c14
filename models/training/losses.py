"""Losses over a large catalogue."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def sampled_softmax_loss(
    hidden: torch.Tensor, positives: torch.Tensor, negatives: torch.Tensor, item_vectors: torch.Tensor
) -> torch.Tensor:
    """Cross entropy of the positive against shared, uniformly drawn negatives.

    With `s[p, j] = hidden[p] . item_vectors[j]`, positive `y[p]` and drawn negatives `N`:

    `loss = mean over p of -log( exp(s[p, y[p]]) / (exp(s[p, y[p]]) + sum over j in N, j != y[p] of exp(s[p, j])) )`

    The sampled softmax of Jean et al. (ACL 2015, Sec. 3.2; after Bengio and Senecal 2008) with a uniform proposal.
    Its correction by the proposal's probability is then one constant for all negatives, and is left out, as usual in
    recommendation (Klenitskiy and Vasilev, RecSys 2023). A negative that is the position's own positive is ignored.

    Args:
        hidden: `[P, D]`, one row per predicted position.
        positives: `[P]` int64, the item that came next.
        negatives: `[N]` int64, shared by all positions; repeats count twice.
        item_vectors: `[n_items, D]`.

    Returns:
        A scalar; 0 where every negative is the positive.
    """
    # One look-up for both: its gradient is a dense [n_items, D] buffer, the dearest part of a small model's step.
    chosen = F.embedding(torch.cat([positives, negatives]), item_vectors)  # (P + N, D)
    positive_vectors, negative_vectors = chosen.split([len(positives), len(negatives)])
    positive_logits = (hidden * positive_vectors).sum(-1, keepdim=True)  # (P, 1)
    negative_logits = hidden @ negative_vectors.T  # (P, N)
    is_positive = positives[:, None] == negatives[None, :]
    negative_logits = negative_logits.masked_fill(is_positive, -torch.inf)
    logits = torch.cat([positive_logits, negative_logits], dim=1).float()  # (P, 1 + N)
    return (torch.logsumexp(logits, dim=1) - logits[:, 0]).mean()


def full_softmax_loss(hidden: torch.Tensor, positives: torch.Tensor, item_vectors: torch.Tensor) -> torch.Tensor:
    """Cross entropy of the positive against the whole catalogue: `sampled_softmax_loss` with every item drawn once.

    Args:
        hidden: `[P, D]`, one row per predicted position.
        positives: `[P]` int64, the item that came next.
        item_vectors: `[n_items, D]`.

    Returns:
        A scalar.
    """
    return F.cross_entropy((hidden @ item_vectors.T).float(), positives)
