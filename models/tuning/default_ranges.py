"""Where settings are looked for when `tuning` says nothing.

By the name of the setting, for every retriever that has it; `OWN` where the same name means something else. A setting
that is not here is not tuned unless `tuning` names it: limits of memory, days and epochs are no matter of taste.
"""

from __future__ import annotations

from models.retrieval import registry
from models.tuning.search_range import SearchRange

SHARED: dict[str, SearchRange] = {
    "b": SearchRange(low=0.0, high=1.0),
    "dropout": SearchRange(low=0.0, high=0.7),
    "embedding_size": SearchRange(choices=[16, 32, 64, 128]),
    "half_life_days": SearchRange(low=1.0, high=60.0, log=True),
    "hidden_share": SearchRange(low=0.1, high=0.6),
    "hidden_size": SearchRange(choices=[32, 64, 128, 256]),
    "k1": SearchRange(low=0.3, high=5.0, log=True),
    "l2_exponent": SearchRange(low=0.0, high=1.0),
    "last_only_share": SearchRange(low=0.0, high=0.5),
    "learning_rate": SearchRange(low=3e-4, high=1e-2, log=True),
    "loss": SearchRange(choices=["softmax", "gbce", "bce"]),
    "max_length": SearchRange(choices=[20, 50, 100]),
    "n_blocks": SearchRange(low=1, high=3),
    "n_heads": SearchRange(choices=[1, 2, 4]),
    "n_iterations": SearchRange(low=4, high=32, log=True),
    "n_layers": SearchRange(low=1, high=2),
    "n_neighbours": SearchRange(low=10, high=500, log=True),
    "shrinkage": SearchRange(low=0.0, high=100.0),
    "similarity": SearchRange(choices=["cosine", "bm25"]),
    "unobserved_weight": SearchRange(low=1e-3, high=1.0, log=True),
    "weight_decay": SearchRange(low=1e-4, high=0.3, log=True),
    "window_days": SearchRange(low=1.0, high=60.0, log=True),
}
OWN: dict[str, dict[str, SearchRange]] = {
    "ease": {"l2": SearchRange(low=1.0, high=10_000.0, log=True)},
    "ials": {"l2": SearchRange(low=1e-5, high=0.1, log=True)},
}


def default_ranges(name: str) -> dict[str, SearchRange]:
    """The ranges of a retriever's settings, in the order of its config; empty where it has none worth tuning.

    Raises:
        UserError: No retriever has that name.
    """
    known = {**SHARED, **OWN.get(name, {})}
    return {field: known[field] for field in registry.config_class(name).model_fields if field in known}
