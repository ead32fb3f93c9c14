from pathlib import Path

import pytest
from tiny_llama import CHAT, byte_tokenizer, save_llama  # noqa: F401


@pytest.fixture(scope="session")
def llama_folder(tmp_path_factory) -> Path:
    return save_llama(tmp_path_factory.mktemp("tiny_llama"))


@pytest.fixture(scope="session")
def chat_llama_folder(tmp_path_factory) -> Path:
    return save_llama(tmp_path_factory.mktemp("tiny_chat_llama"), CHAT)
