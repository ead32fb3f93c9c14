"""How metrics are called on a page, and what each means in one sentence."""

from __future__ import annotations

FINAL_MODEL = "recommendations"
"""The model a report is about: the final list."""

ORACLE = "oracle"
"""The best lists in reach of a simulated shop: a yardstick, not a model."""

METRIC_NAMES = {
    "ndcg": "NDCG",
    "recall": "Recall",
    "precision": "Precision",
    "mrr": "MRR",
    "map": "MAP",
    "hit_rate": "Hit rate",
    "coverage": "Coverage",
    "novelty": "Novelty",
    "gini": "Gini",
}

LOWER_IS_BETTER = {"gini"}
REACH_METRICS = ["coverage", "novelty", "gini"]
"""Metrics of all lists together, which have no interval."""

METRIC_MEANINGS = {
    "ndcg": "How near the top the items are that the user went on to take; 1 is the best order possible.",
    "recall": "Share of what the user went on to take that the list held.",
    "precision": "Share of the list that the user went on to take.",
    "mrr": "1 over the rank of the first item the user took; 0 if the list held none.",
    "map": "Mean of the precision at each hit.",
    "hit_rate": "Share of users whose list held at least one item they took.",
    "coverage": "Share of the catalogue that at least one user was shown.",
    "novelty": "How rarely taken the shown items were before, in bits; a best-seller list is low.",
    "gini": "How unevenly places go to items: 0 all items alike, 1 one item takes all.",
}


def metric_title(metric: str, k: int) -> str:
    """`NDCG@10` for `ndcg` and 10; a metric without a k keeps its bare name."""
    name = METRIC_NAMES.get(metric, metric.replace("_", " "))
    return f"{name}@{k}" if k else name


def signed_percent(share: float) -> str:
    """`+12.3 %` for 0.123, with a true minus sign."""
    return f"{'+' if share >= 0 else '−'}{abs(share):.1%}".replace("%", "\u202f%")


def in_words(slice_name: str) -> str:
    """`activity: low` for `activity=low`; underscores become spaces."""
    return slice_name.replace("=", ": ").replace("_", " ")


def in_bytes(n: int) -> str:
    """`1.5 MB` for 1,500,000: three digits and a decimal unit."""
    size, units = float(n), ["B", "kB", "MB", "GB", "TB"]
    while size >= 999.5 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:.3g}\u202f{units[0]}"


def in_p(p_value: float) -> str:
    """`0.012`; `< 0.001` where three digits would say that it is 0."""
    return "< 0.001" if p_value < 0.0005 else f"{p_value:.3f}"
