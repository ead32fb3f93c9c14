"""Losses of models that embed users and items, from the scores or the vectors of a batch of touched pairs.

Keep out: losses of sequences over a catalogue (models/training/losses.py).

`B` are the touched pairs of a batch, `N` the negatives of each, `D` the length of a vector. A negative with the score
`-inf` is ignored everywhere: that is how a caller marks a negative that is the pair's own item.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

ALMOST_NOTHING = 1e-12


def bpr_loss(positives: torch.Tensor, negatives: torch.Tensor) -> torch.Tensor:
    """Bayesian personalised ranking: a touched item is to score above one that was not.

    `loss = mean over pairs and negatives of -ln sigmoid(positives[b] - negatives[b, n])`

    Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009, the criterion BPR-Opt of
    Sec. 4.1 without its prior, which is `batch_l2`; several negatives for a pair are averaged.

    Args:
        positives: `[B]` scores of the touched items.
        negatives: `[B, N]` scores of the others.

    Returns:
        A scalar; 0 where no negative is left.
    """
    counted = ~torch.isneginf(negatives)
    differences = positives[:, None] - negatives.masked_fill(~counted, 0.0)
    return (F.softplus(-differences) * counted).sum() / counted.sum().clamp_min(1)


def softmax_loss(positives: torch.Tensor, negatives: torch.Tensor, temperature: float) -> torch.Tensor:
    """Sampled softmax, or InfoNCE: the touched item against all its negatives at once.

    `loss = mean over pairs of -ln( exp(p[b] / t) / (exp(p[b] / t) + sum over n of exp(q[b, n] / t)) )` with
    `p = positives`, `q = negatives` and `t = temperature`.

    Wu et al., "On the Effectiveness of Sampled Softmax Loss for Item Recommendation", 2022 (TOIS 2024). No
    correction by the probability with which a negative was drawn.

    Args:
        positives: `[B]` scores of the touched items.
        negatives: `[B, N]` scores of the others.
        temperature: Above 0; lower looks more at the highest negatives.

    Returns:
        A scalar; 0 where no negative is left.
    """
    scores = torch.cat([positives[:, None], negatives], dim=1) / temperature  # B, 1 + N
    return (torch.logsumexp(scores, dim=1) - scores[:, 0]).mean()


def cosine_contrastive_loss(
    positives: torch.Tensor, negatives: torch.Tensor, margin: float, negative_weight: float
) -> torch.Tensor:
    """Cosine contrastive loss: pull the touched item near, push away the negatives that are nearer than a margin.

    `loss = mean over pairs of (1 - positives[b]) + negative_weight mean over n of max(0, negatives[b, n] - margin)`

    Mao et al., "SimpleX: A Simple and Strong Baseline for Collaborative Filtering", CIKM 2021, eq. 1.

    Args:
        positives: `[B]` cosines of the touched items, -1 to 1.
        negatives: `[B, N]` cosines of the others.
        margin: A negative below it costs nothing.
        negative_weight: Of the negatives' mean.

    Returns:
        A scalar.
    """
    counted = ~torch.isneginf(negatives)
    too_near = F.relu(negatives.masked_fill(~counted, margin) - margin).sum(dim=1)
    return (1 - positives + negative_weight * too_near / counted.sum(dim=1).clamp_min(1)).mean()


def alignment(users: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
    """How far the two ends of touched pairs are apart: `mean over pairs of |x_u - y_i|^2`.

    Wang et al., "Towards Representation Alignment and Uniformity in Collaborative Filtering", KDD 2022
    (DirectAU), `l_align`.

    Args:
        users: `[B, D]`, each of length 1.
        items: `[B, D]`, each of length 1.

    Returns:
        A scalar, 0 to 4.
    """
    return (users - items).square().sum(dim=1).mean()


def uniformity(vectors: torch.Tensor) -> torch.Tensor:
    """How unevenly vectors lie on the sphere: `ln mean over b < c of exp(-2 |v_b - v_c|^2)`.

    Wang et al., KDD 2022, as `alignment`, `l_uniform`.

    Args:
        vectors: `[B, D]`, each of length 1.

    Returns:
        A scalar, -8 to 0, lower is more even; 0 where there are no two vectors.
    """
    n = len(vectors)
    if n < 2:
        return vectors.sum() * 0.0
    squared = (2 - 2 * vectors @ vectors.T).clamp_min(0.0)  # B, B: lengths are 1
    everything = torch.exp(-2 * squared).sum() - torch.exp(-2 * squared.diagonal()).sum()
    return torch.log(everything / (n * (n - 1)) + ALMOST_NOTHING)


def directau_loss(users: torch.Tensor, items: torch.Tensor, uniformity_weight: float) -> torch.Tensor:
    """DirectAU: touched pairs near each other, users and items each spread evenly; no negatives.

    `loss = alignment(users, items) + uniformity_weight (uniformity(users) + uniformity(items)) / 2`

    Wang et al., KDD 2022 (DirectAU).

    Args:
        users: `[B, D]`, each of length 1; a user may be there several times.
        items: `[B, D]`, each of length 1.
        uniformity_weight: The paper's gamma.

    Returns:
        A scalar.
    """
    return alignment(users, items) + uniformity_weight * (uniformity(users) + uniformity(items)) / 2


def batch_l2(*vectors: torch.Tensor) -> torch.Tensor:
    """Ridge penalty of what a batch looked up: `sum over all of |v|^2 / (2 B)`, B the rows of the first.

    Args:
        vectors: `[B, D]`, or more rows for negatives.

    Returns:
        A scalar.
    """
    return torch.stack([part.square().sum() for part in vectors]).sum() / (2 * max(len(vectors[0]), 1))


def weighted_logistic_loss(
    positives: torch.Tensor,
    negatives: torch.Tensor,
    positive_weights: torch.Tensor,
    negative_weights: torch.Tensor,
    negative_weight: float,
) -> torch.Tensor:
    """Binary cross entropy whose every pair has a weight.

    `loss = mean over pairs of -positive_weights[b] ln sigmoid(positives[b])
    - negative_weight mean over n of negative_weights[b, n] ln sigmoid(-negatives[b, n])`

    Mao et al., "UltraGCN: Ultra Simplification of Graph Convolutional Networks for Recommendation", CIKM 2021, Sec.
    3.1: both its losses of users and items, the plain and the constraint's, are this with other weights.

    Args:
        positives: `[B]` scores of the touched items.
        negatives: `[B, N]` scores of the others.
        positive_weights: `[B]`, at least 0.
        negative_weights: `[B, N]`, at least 0.
        negative_weight: Of the negatives' mean.

    Returns:
        A scalar.
    """
    counted = ~torch.isneginf(negatives)
    costs = F.softplus(negatives) * negative_weights.masked_fill(~counted, 0.0)
    others = costs.sum(dim=1) / counted.sum(dim=1).clamp_min(1)
    return (positive_weights * F.softplus(-positives) + negative_weight * others).mean()
