"""Losses whose negatives are the batch's other examples."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from models.training.shared_softmax import shared_softmax_loss


def mixed_softmax_loss(
    hidden: torch.Tensor,
    positives: torch.Tensor,
    candidates: torch.Tensor,
    candidate_vectors: torch.Tensor,
    expected: torch.Tensor,
) -> torch.Tensor:
    """Cross entropy of the positive against the batch's other positives and drawn items, corrected for their number.

    With `s[p, j] = hidden[p] . candidate_vectors[j] - log(expected[j])`:

    `loss = mean over p of -log( exp(s[p, p]) / (exp(s[p, p]) + sum over other items' j of exp(s[p, j])) )`

    The batch softmax with logQ correction (Yi et al., RecSys 2019, eqs. 3 and 4), with mixed negatives (Yang et al.,
    WWW 2020): without the correction an item is pushed away for being popular.

    Args:
        hidden: `[P, D]`.
        positives: `[P]` int64.
        candidates: `[C]` int64, the first P of them the positives.
        candidate_vectors: `[C, D]`.
        expected: `[C]`, how often each is expected among the candidates; ones for no correction.

    Returns:
        A scalar; 0 where every candidate is the positive.
    """
    logits = (hidden @ candidate_vectors.T).float() - expected.log()  # (P, C)
    same = positives[:, None] == candidates[None, :]
    own = torch.eye(len(positives), len(candidates), dtype=torch.bool, device=hidden.device)
    targets = torch.arange(len(positives), device=hidden.device)
    return F.cross_entropy(logits.masked_fill(same & ~own, -torch.inf), targets)


def info_nce_loss(one: torch.Tensor, other: torch.Tensor, temperature: float | torch.Tensor) -> torch.Tensor:
    """Each row of one view shall be nearer to its own in the other view than to any other there, and the reverse.

    With cosines `c[i, j]` of `one[i]` and `other[j]`, the mean over i of
    `-log( exp(c[i, i] / t[i]) / sum over j of exp(c[i, j] / t[i]) )`, averaged with the same of `c'` (van den Oord et
    al. 2018, eq. 4). A temperature of its own lets an anchor look more or less at its nearest others, as in Chen et
    al., "Adap-tau: Adaptively Modulating Embedding Magnitude for Recommendation", WWW 2023; here it is given.

    Args:
        one: `[n, D]`.
        other: `[n, D]`.
        temperature: `t`, above 0: one for all, or `[n]`, that of row i of either view when it is the anchor.

    Returns:
        A scalar.
    """
    cosines = F.normalize(one, dim=-1) @ F.normalize(other, dim=-1).T
    each = torch.as_tensor(temperature, device=one.device).expand(len(one))[:, None]  # n, 1
    own = torch.arange(len(one), device=one.device)
    return (F.cross_entropy(cosines / each, own) + F.cross_entropy(cosines.T / each, own)) / 2


def one_way_info_nce_loss(one: torch.Tensor, other: torch.Tensor, temperature: float) -> torch.Tensor:
    """Each row of one view shall be nearer to its own in the other view than to any other there; not the reverse.

    The first half of `info_nce_loss`, in chunks, so that no `n x n` scores are held.

    Args:
        one: `[n, D]`.
        other: `[n, D]`.
        temperature: Above 0.

    Returns:
        A scalar; 0 without rows.
    """
    rows = torch.arange(len(one), device=one.device)
    targets = F.normalize(other, dim=-1)
    return shared_softmax_loss(F.normalize(one, dim=-1), targets, targets, rows, rows, temperature)
