"""Losses over a large catalogue."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from models.training.config import LossConfig
from models.training.negative_sampling import NegativeSampler
from models.training.shared_softmax import shared_softmax_loss

CHUNK_LOGITS = 2**24
"""Logits of the whole catalogue that are held at once: 64 MiB."""


def next_item_loss(
    states: torch.Tensor,
    positives: torch.Tensor,
    read: Callable[[torch.Tensor], torch.Tensor],
    table: Callable[[], torch.Tensor],
    n_items: int,
    settings: LossConfig,
    sampler: NegativeSampler | None = None,
) -> torch.Tensor:
    """The configured loss, with negatives drawn on the device for the whole batch.

    Args:
        states: `[P, D]`, one row per predicted position.
        positives: `[P]` int64, the item that came next.
        read: Vectors of some items, `[n]` int64 to `[n, D]`.
        table: Those of all, `[n_items, D]`.
        n_items: How many there are.
        settings: Which loss, and how many negatives; where the catalogue has no more items, all are the negatives.
        sampler: Draws the negatives; `None`: uniformly.
    """
    everything = settings.n_negatives >= n_items
    if settings.loss == "softmax" and everything:
        return full_softmax_loss(states, positives, table())
    device = states.device
    if everything:
        negatives, correction = torch.arange(n_items, device=device), None
    elif sampler is None:
        negatives, correction = torch.randint(n_items, (settings.n_negatives,), device=device), None
    else:
        negatives = sampler.draw(settings.n_negatives)
        correction = sampler.correction(negatives)
    # One look-up for both: its gradient is a dense [n_items, D] buffer, the dearest part of a small model's step.
    of_positives, of_negatives = read(torch.cat([positives, negatives])).split([len(positives), len(negatives)])
    if settings.loss == "softmax" and device.type == "cpu":
        return shared_softmax_loss(states, of_positives, of_negatives, positives, negatives, 1.0, correction)
    if settings.loss == "softmax":
        return sampled_softmax_loss(states, positives, negatives, of_positives, of_negatives, correction)
    calibration = settings.gbce_calibration if settings.loss == "gbce" else 0.0
    return gbce_loss(states, positives, negatives, of_positives, of_negatives, calibration, n_items, correction)


def sampled_softmax_loss(
    hidden: torch.Tensor,
    positives: torch.Tensor,
    negatives: torch.Tensor,
    positive_vectors: torch.Tensor,
    negative_vectors: torch.Tensor,
    correction: torch.Tensor | None = None,
) -> torch.Tensor:
    """Cross entropy of the positive against shared negatives, drawn uniformly or corrected as if they were.

    With `s[p, j]` the product of `hidden[p]` with item j's vector, positive `y[p]` and drawn negatives `N`:

    `loss = mean over p of -log( exp(s[p, y[p]]) / (exp(s[p, y[p]]) + sum over j in N, j != y[p] of exp(s[p, j])) )`

    From a negative's score its `correction` is subtracted first, see `NegativeSampler`.

    The sampled softmax of Jean et al. (ACL 2015, Sec. 3.2; after Bengio and Senecal 2008) with a uniform proposal.
    Its correction by the proposal's probability is then one constant for all negatives, and is left out, as usual in
    recommendation (Klenitskiy and Vasilev, RecSys 2023). A negative that is the position's own positive is ignored.

    Args:
        hidden: `[P, D]`, one row per predicted position.
        positives: `[P]` int64, the item that came next.
        negatives: `[N]` int64, shared by all positions; repeats count twice.
        positive_vectors: `[P, D]`, of the positives.
        negative_vectors: `[N, D]`, of the negatives.
        correction: `[N]`, `ln(n_items q)` of the negatives; `None` for uniform ones.

    Returns:
        A scalar; 0 where every negative is the positive.
    """
    positive_logits, negative_logits = _logits(hidden, positives, negatives, positive_vectors, negative_vectors)
    if correction is not None:
        negative_logits = negative_logits - correction
    logits = torch.cat([positive_logits, negative_logits], dim=1).float()  # (P, 1 + N)
    return (torch.logsumexp(logits, dim=1) - logits[:, 0]).mean()


def gbce_loss(
    hidden: torch.Tensor,
    positives: torch.Tensor,
    negatives: torch.Tensor,
    positive_vectors: torch.Tensor,
    negative_vectors: torch.Tensor,
    calibration: float,
    n_items: int,
    correction: torch.Tensor | None = None,
) -> torch.Tensor:
    """Generalised binary cross entropy (Petrov and Macdonald, "gSASRec", RecSys 2023, eqs. 17 to 20).

    With the logits `s` of `sampled_softmax_loss`, the sampling rate `a = N / (n_items - 1)`, at most 1, and
    `b = a (t (1 - 1 / a) + 1 / a)` for the calibration `t`:

    `loss = -mean over p of (b log sigmoid(s[p, y[p]]) + sum over j in N, j != y[p] of log sigmoid(-s[p, j])) / (N + 1)`

    A negative's cost is multiplied by `exp(-correction)` where one is given, see `NegativeSampler`.

    `t = 0` is binary cross entropy, `t = 1` one whose scores estimate probabilities. Different from the paper, the
    negatives are shared by all positions.

    Args:
        hidden: `[P, D]`, one row per predicted position.
        positives: `[P]` int64, the item that came next.
        negatives: `[N]` int64; repeats count twice.
        positive_vectors: `[P, D]`, of the positives.
        negative_vectors: `[N, D]`, of the negatives.
        calibration: `t`, in [0, 1].
        n_items: Size of the catalogue.
        correction: `[N]`, `ln(n_items q)` of the negatives; `None` for uniform ones.

    Returns:
        A scalar.
    """
    rate = min(1.0, len(negatives) / max(n_items - 1, 1))
    power = rate * (calibration * (1 - 1 / rate) + 1 / rate)
    positive_logits, negative_logits = _logits(hidden, positives, negatives, positive_vectors, negative_vectors)
    of_positive = power * F.softplus(-positive_logits.float()).squeeze(1)  # (P,)
    costs = F.softplus(negative_logits.float())
    of_negatives = costs.sum(1) if correction is None else costs @ torch.exp(-correction)
    return (of_positive + of_negatives).mean() / (len(negatives) + 1)


def full_softmax_loss(hidden: torch.Tensor, positives: torch.Tensor, item_vectors: torch.Tensor) -> torch.Tensor:
    """Cross entropy of the positive against the whole catalogue: `sampled_softmax_loss` with every item drawn once.

    The logits are made again for the gradient, some positions at a time, so that never more than 2 ** 24 are held.

    Args:
        hidden: `[P, D]`, one row per predicted position.
        positives: `[P]` int64, the item that came next.
        item_vectors: `[n_items, D]`.

    Returns:
        A scalar.
    """
    n_rows = max(1, CHUNK_LOGITS // len(item_vectors))
    if len(hidden) <= n_rows:
        return _summed_cross_entropy(hidden, positives, item_vectors) / len(hidden)
    parts = zip(hidden.split(n_rows), positives.split(n_rows), strict=True)
    sums = [checkpoint(_summed_cross_entropy, *part, item_vectors, use_reentrant=False) for part in parts]
    return torch.stack(sums).sum() / len(hidden)


def _summed_cross_entropy(hidden: torch.Tensor, positives: torch.Tensor, item_vectors: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy((hidden @ item_vectors.T).float(), positives, reduction="sum")


def _logits(
    hidden: torch.Tensor,
    positives: torch.Tensor,
    negatives: torch.Tensor,
    positive_vectors: torch.Tensor,
    negative_vectors: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the positives `[P, 1]` and of the negatives `[P, N]`, `-inf` where a negative is the positive."""
    is_positive = positives[:, None] == negatives[None, :]
    negative_logits = (hidden @ negative_vectors.T).masked_fill(is_positive, -torch.inf)
    return (hidden * positive_vectors).sum(-1, keepdim=True), negative_logits
