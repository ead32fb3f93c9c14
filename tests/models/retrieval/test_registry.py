import subprocess
import sys

import pytest

from models.errors import UserError
from models.retrieval.config_file import write_config
from models.retrieval.popularity import PopularityConfig
from models.retrieval.registry import (
    RETRIEVERS,
    config_class,
    load_retriever,
    new_retriever,
    retriever_class,
)

HEAVY = ("torch", "faiss", "lightgbm", "scipy", "safetensors")


@pytest.mark.parametrize("look_up", [config_class, retriever_class])
def test_unknown_name_lists_the_known_ones(look_up):
    with pytest.raises(UserError, match="no retriever 'easy'") as error:
        look_up("easy")
    for name in RETRIEVERS:
        assert name in error.value.mend


def test_stored_folder_of_an_unregistered_retriever_is_refused(tmp_path):
    write_config("gone", PopularityConfig(), tmp_path)
    with pytest.raises(UserError, match="gone"):
        load_retriever(tmp_path)


def test_loading_another_retrievers_folder_is_refused(tmp_path):
    write_config("popularity", PopularityConfig(), tmp_path)
    with pytest.raises(ValueError, match="'popularity', not 'ease'"):
        retriever_class("ease").load(tmp_path)


def test_registry_and_configs_import_nothing_heavy():
    program = f"""
import sys
from models.retrieval.registry import RETRIEVERS, config_class, retriever_class
import models.ann.config, models.ann.index, models.retrieval.recommend_by_index, models.training.device
for name in RETRIEVERS:
    retriever_class(name)(config_class(name)())
print(sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "settings", "items", "users"),
    [
        ("ease", {}, False, False),
        ("two_tower", {}, True, False),
        ("alpharec", {}, True, False),
        ("lightgcn", {}, False, False),
        ("lightgcn", {"alignment": "contrastive"}, True, True),
        ("ultragcn", {"alignment": "generative", "align_users": False}, True, False),
    ],
)
def test_what_is_read_besides_interactions_depends_on_the_settings(name, settings, items, users):
    retriever = new_retriever(name, settings)
    assert (retriever.reads_item_features, retriever.reads_user_texts) == (items, users)
