"""Where settings are looked for when `tuning` says nothing.

By the name of the setting, for every retriever that has it; `OWN` where the same name means something else. A setting
that is not here is not tuned unless `tuning` names it: limits of memory, days and epochs are no matter of taste.
"""

from __future__ import annotations

from models.retrieval import registry
from models.tuning.search_range import SearchRange

SHARED: dict[str, SearchRange] = {
    "b": SearchRange(low=0.0, high=1.0),
    "decorrelation_weight": SearchRange(low=0.0, high=1.0),
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
    "n_clusters": SearchRange(choices=[16, 32, 64, 128, 256]),
    "n_interests": SearchRange(low=2, high=8),
    "n_iterations": SearchRange(low=4, high=32, log=True),
    "n_layers": SearchRange(low=1, high=2),
    "n_neighbours": SearchRange(low=10, high=500, log=True),
    "own_weight": SearchRange(low=0.0, high=1.0),
    "shrinkage": SearchRange(low=0.0, high=100.0),
    "similarity": SearchRange(choices=["cosine", "bm25"]),
    "temperature": SearchRange(choices=[None, 0.05, 0.07, 0.1]),
    "user_share": SearchRange(low=0.0, high=0.9),
    "unobserved_weight": SearchRange(low=1e-3, high=1.0, log=True),
    "weight_decay": SearchRange(low=1e-4, high=0.3, log=True),
    "window_days": SearchRange(low=1.0, high=60.0, log=True),
}
OF_A_GRAPH: dict[str, SearchRange | None] = {
    "learning_rate": SearchRange(low=1e-3, high=0.1, log=True),
    "first_layer": SearchRange(low=0, high=1),
    "l2": SearchRange(low=0.0, high=0.01),
    "loss": None,
    "n_layers": SearchRange(low=1, high=4),
    "popularity_exponent": SearchRange(low=-0.2, high=0.3),
    "popularity_offset": SearchRange(low=0.0, high=0.2),
    "similarity": SearchRange(choices=["inner_product", "cosine"]),
    "temperature": SearchRange(low=0.05, high=1.0, log=True),
    "weight_decay": SearchRange(low=0.0, high=0.01),
}
OWN: dict[str, dict[str, SearchRange | None]] = {
    "ease": {"l2": SearchRange(low=1.0, high=10_000.0, log=True)},
    "graph_filter": {
        "low_pass_weight": SearchRange(low=0.0, high=1.0),
        "n_factors": SearchRange(choices=[64, 128, 256, 448]),
        "popularity_exponent": SearchRange(low=-0.2, high=0.2),
        "sharpen_time": SearchRange(low=0.5, high=4.0),
    },
    "knn_embed": {"n_neighbours": SearchRange(low=0, high=50)},
    "ials": {"l2": SearchRange(low=1e-5, high=0.1, log=True)},
    "slim": {"l1": SearchRange(low=0.1, high=10.0, log=True), "l2": SearchRange(low=0.5, high=50.0, log=True)},
    "alpharec": {
        "learning_rate": SearchRange(low=1e-3, high=0.03, log=True),
        "n_layers": SearchRange(low=0, high=4),
        "temperature": SearchRange(low=0.05, high=0.5, log=True),
        "text_map": SearchRange(choices=["linear", "two_layer"]),
        "hidden_size": SearchRange(choices=[128, 256, 512]),
    },
    "bpr_mf": OF_A_GRAPH,
    "lightgcn": OF_A_GRAPH,
    "ngcf": OF_A_GRAPH,
    "simplex": OF_A_GRAPH | {"margin": SearchRange(low=0.0, high=0.9)},
    "ultragcn": OF_A_GRAPH | {"n_neighbours": SearchRange(choices=[5, 10, 20, 50])},
}
"""`None`: not tuned there."""


def default_ranges(name: str) -> dict[str, SearchRange]:
    """The ranges of a retriever's settings, in the order of its config; empty where it has none worth tuning.

    Raises:
        UserError: No retriever has that name.
    """
    known = {**SHARED, **OWN.get(name, {})}
    wanted = {field: known.get(field) for field in registry.config_class(name).model_fields}
    return {field: found for field, found in wanted.items() if found is not None}
