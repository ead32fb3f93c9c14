"""Individual-item fairness: do items get equal exposure, whatever their relevance? In corrected forms.

Rampisela, Maistro, Ruotsalo and Lioma 2024, "Evaluation Measures of Individual Item Fairness for Recommender Systems: A
Critical Study" (ACM TORS), show that the plain measures cannot reach the ends of their ranges: even the fairest lists
cannot show every item alike where places do not divide by items, and even the most unfair ones show k items each.
Their correction, used here, rescales each between what the most unfair and the fairest lists of the same users reach.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

MEASURES = ["jain", "qf", "entropy", "fsat", "gini"]


def exposure_fairness(recommendations: pl.DataFrame, catalogue: pl.Series, k: int) -> dict[str, float]:
    """Corrected Jain, QF, Ent, FSat and Gini of how often catalogue items are shown.

    With exposures `x_i` over n items, `S = sum(x)`, m lists, and `p_i = x_i / S`, the plain measures are

    - `jain = S^2 / (n * sum(x_i^2))` (Jain et al. 1984);
    - `qf`, qualification fairness: share of items with `x_i > 0`, since all items are qualified alike;
    - `entropy = -sum(p_i * ln(p_i))`, summed over shown items only: the paper's mend of `0 * ln(0)`;
    - `fsat`: share of satisfied items, those with `x_i >= floor(S / n)`, the maximin share;
    - `gini = sum((2 * j - n - 1) * p_j) / n` over items by rising exposure: here 0 is fair and 1 unfair.

    Each is then `(plain - lowest) / (highest - lowest)`, with the ends at the most unfair exposures (the lists
    agree wherever they can: the j-th item is shown by every list of at least j items, so k items m times each)
    and at the fairest (every item `floor(S / n)` or one more). The paper takes all lists to hold k items; with shorter
    ones the ends here are those of lists as long as the given ones.

    Limits, with the paper: none looks at relevance, ranks are ignored, `qf` does not tell once from often, and `fsat`
    is the same for all lists with fewer places than items. Values of shops that differ in n, m or k do not compare.

    Args:
        recommendations: Rows `user_id, rank, item_id`.
        catalogue: Item ids that could have been recommended. Others in the lists do not count, and leave lists shorter.
        k: List length.

    Returns:
        Measure -> value in [0, 1]: 1 is fairest, but for `gini`, where 0 is. NaN where the ends meet, so that no list
        could be fairer than another: nothing shown, a single list, lists that hold the whole catalogue; and for `fsat`
        where `S < n`, as its share is then 0 and every item satisfied.
    """
    items = catalogue.unique().alias("item_id").to_frame()
    shown = recommendations.filter(pl.col("rank") <= k).join(items, on="item_id", how="semi")
    counts = items.join(shown.group_by("item_id").agg(pl.len().alias("n")), on="item_id", how="left")["n"]
    lengths = shown.group_by("user_id").agg(pl.len().alias("n"))["n"].to_numpy()
    exposures = np.sort(counts.fill_null(0).to_numpy().astype(np.float64))
    if not exposures.sum():
        return dict.fromkeys(MEASURES, float("nan"))
    unfair, fair = most_unfair_exposures(lengths, len(items)), fairest_exposures(int(exposures.sum()), len(items))
    return {name: _between(measure, exposures, unfair, fair) for name, measure in _PLAIN.items()}


def most_unfair_exposures(lengths: np.ndarray, n_items: int) -> np.ndarray:
    """`[n_items]`, rising: what lists of these lengths show if they agree wherever they can."""
    at_least = len(lengths) - np.searchsorted(np.sort(lengths), np.arange(1, n_items + 1), side="left")
    return at_least[::-1].astype(np.float64)


def fairest_exposures(n_places: int, n_items: int) -> np.ndarray:
    """`[n_items]`, rising: all alike but for one that does not divide."""
    share, rest = divmod(n_places, n_items)
    return np.repeat([share, share + 1.0], [n_items - rest, rest])


def _between(
    measure: Callable[[np.ndarray], float], exposures: np.ndarray, unfair: np.ndarray, fair: np.ndarray
) -> float:
    value, worst, best = measure(exposures), measure(unfair), measure(fair)
    if abs(best - worst) < 1e-12:
        return float("nan")
    # Gini falls towards fairness and stays that way up.
    share = (value - worst) / (best - worst) if measure is not _gini else (value - best) / (worst - best)
    return float(np.clip(share, 0, 1))


def _jain(exposures: np.ndarray) -> float:
    return exposures.sum() ** 2 / (len(exposures) * (exposures**2).sum())


def _qf(exposures: np.ndarray) -> float:
    return float((exposures > 0).mean())


def _entropy(exposures: np.ndarray) -> float:
    shares = exposures[exposures > 0] / exposures.sum()
    return float(-(shares * np.log(shares)).sum())


def _fsat(exposures: np.ndarray) -> float:
    return float((exposures >= exposures.sum() // len(exposures)).mean())


def _gini(exposures: np.ndarray) -> float:
    n = len(exposures)
    return float(((2 * np.arange(1, n + 1) - n - 1) * exposures).sum() / (n * exposures.sum()))


_PLAIN = {"jain": _jain, "qf": _qf, "entropy": _entropy, "fsat": _fsat, "gini": _gini}
