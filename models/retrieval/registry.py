"""Retrievers by name. A name becomes configurable, an asset, a contract test and a benchmark row by its line here.

Nothing is imported until a name is asked for, and no retriever's module imports torch before it is fitted or loaded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from models.errors import UserError
from models.retrieval.config_file import CONFIG_FILE
from models.retrieval.contract import Retriever

RETRIEVERS: dict[str, str] = {
    "popularity": "models.retrieval.popularity.Popularity",
    "recent_popularity": "models.retrieval.popularity.RecentPopularity",
    "decayed_popularity": "models.retrieval.popularity.DecayedPopularity",
    "item_knn": "models.retrieval.item_knn.ItemKnn",
    "ease": "models.retrieval.ease.Ease",
    "slim": "models.collaborative.slim.Slim",
    "graph_filter": "models.collaborative.graph_filter.GraphFilter",
    "ials": "models.retrieval.ials.Ials",
    "knn_embed": "models.retrieval.knn_embed.KnnEmbed",
    "bpr_mf": "models.collaborative.bpr_mf.BprMf",
    "lightgcn": "models.collaborative.lightgcn.LightGcn",
    "ngcf": "models.collaborative.ngcf.Ngcf",
    "simplex": "models.collaborative.simplex.Simplex",
    "ultragcn": "models.collaborative.ultragcn.UltraGcn",
    "alpharec": "models.collaborative.alpharec.AlphaRec",
    "sasrec": "models.sequential.sasrec.SASRec",
    "bert4rec": "models.sequential.bert4rec.BERT4Rec",
    "gru4rec": "models.sequential.gru4rec.GRU4Rec",
    "hstu": "models.sequential.hstu.HSTU",
    "multi_interest": "models.sequential.multi_interest.MultiInterest",
    "m2trec": "models.sequential.m2trec.M2TRec",
    "two_tower": "models.sequential.two_tower.TwoTower",
}


def retriever_class(name: str) -> type[Retriever]:
    """The class registered as `name`.

    Raises:
        UserError: No retriever has that name.
    """
    if name not in RETRIEVERS:
        raise UserError(
            f"there is no retriever {name!r}", "setting retrievers", f"Use one of: {', '.join(sorted(RETRIEVERS))}"
        )
    module, _, attribute = RETRIEVERS[name].rpartition(".")
    return getattr(import_module(module), attribute)


def config_class(name: str) -> type[BaseModel]:
    """The config class of the retriever registered as `name`.

    Raises:
        UserError: No retriever has that name.
    """
    return retriever_class(name).Config


def new_retriever(name: str, settings: Mapping[str, Any]) -> Retriever:
    """An unfitted retriever with its settings.

    Raises:
        UserError: No retriever has that name.
        ValidationError: A setting is unknown or wrong.
    """
    return retriever_class(name)(config_class(name).model_validate(settings))


def load_retriever(folder: Path) -> Retriever:
    """Load whichever retriever `save` wrote into `folder`.

    Raises:
        UserError: The folder names a retriever that is not registered.
    """
    name = json.loads((folder / CONFIG_FILE).read_text())["retriever"]
    return retriever_class(name).load(folder)
