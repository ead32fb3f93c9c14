import subprocess
import sys

import numpy as np
import pytest

from models.errors import UserError
from models.text.encoder import TextEncoder
from resources.text_encoder import CachedTextEncoder
from resources.warehouse import Warehouse


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The texts that were really encoded, call by call."""
    calls: list[list[str]] = []
    original = TextEncoder.encode

    def encode(self, texts, **options):
        calls.append(list(texts))
        return original(self, texts, **options)

    monkeypatch.setattr(TextEncoder, "encode", encode)
    return calls


def test_the_second_call_encodes_nothing_new(warehouse: Warehouse, encoded: list):
    first, n_first = CachedTextEncoder(name="hashing").encode(warehouse, ["a mug", "a lamp", "a mug"])
    second, n_second = CachedTextEncoder(name="hashing").encode(warehouse, ["a lamp", "a mug"])
    assert (n_first, n_second) == (2, 0)
    assert encoded == [["a mug", "a lamp"]]
    np.testing.assert_array_equal(second, first[[1, 0]])
    assert warehouse.read("SELECT count(*) AS n FROM text_vectors")["n"][0] == 2


def test_only_new_texts_are_encoded(warehouse: Warehouse, encoded: list):
    encoder = CachedTextEncoder(name="hashing")
    encoder.encode(warehouse, ["a mug"])
    vectors, n_new = encoder.encode(warehouse, ["a lamp", "a mug", "", "'; DROP TABLE text_vectors; --"])
    assert n_new == 3
    assert encoded[1] == ["a lamp", "", "'; DROP TABLE text_vectors; --"]
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_a_text_of_known_paragraphs_needs_no_encoding(warehouse: Warehouse, encoded: list):
    encoder = CachedTextEncoder(name="hashing")
    items, _ = encoder.encode(warehouse, ["a mug", "a lamp"])
    user, n_new = encoder.encode(warehouse, ["a mug\n\na lamp"])
    assert n_new == 0 and len(encoded) == 1
    np.testing.assert_allclose(user[0], items.sum(axis=0) / np.linalg.norm(items.sum(axis=0)), rtol=1e-6)


def test_cached_vectors_are_those_of_the_encoder(warehouse: Warehouse):
    encoder = CachedTextEncoder(name="hashing")
    encoder.encode(warehouse, ["a red mug"])
    again, _ = encoder.encode(warehouse, ["a red mug"])
    np.testing.assert_array_equal(again, TextEncoder.encode(encoder._loaded(), ["a red mug"]))


def test_vectors_of_another_identity_are_not_used(warehouse: Warehouse, encoded: list, monkeypatch: pytest.MonkeyPatch):
    CachedTextEncoder(name="hashing").encode(warehouse, ["a mug"])
    monkeypatch.setattr(TextEncoder, "identity", lambda self: "the same name, other weights")
    _, n_new = CachedTextEncoder(name="hashing").encode(warehouse, ["a mug"])
    assert n_new == 1
    assert len(encoded) == 2


def test_the_identity_depends_on_weights_and_length():
    short, long = CachedTextEncoder(name="minilm", max_tokens=32), CachedTextEncoder(name="minilm", max_tokens=64)
    assert short.version != long.version
    assert CachedTextEncoder(name="minilm", max_tokens=32).version == short.version


def test_twice_the_same_row_in_the_cache_does_no_harm(warehouse: Warehouse):
    encoder = CachedTextEncoder(name="hashing")
    first, _ = encoder.encode(warehouse, ["a mug"])
    warehouse.write(lambda connection: connection.execute("INSERT INTO text_vectors SELECT * FROM text_vectors"))
    again, n_new = encoder.encode(warehouse, ["a mug"])
    assert n_new == 0
    np.testing.assert_array_equal(again, first)


def test_no_texts_are_no_vectors(warehouse: Warehouse):
    vectors, n_new = CachedTextEncoder(name="hashing").encode(warehouse, [])
    assert (vectors.shape, n_new) == ((0, 0), 0)
    assert not warehouse.exists()


def test_vectors_are_cut_after_the_cache_which_holds_them_whole(warehouse: Warehouse, encoded: list):
    texts = ["a mug of red enamel for camping", "a brass lamp with a long arm for desks"]
    whole, _ = CachedTextEncoder(name="hashing").encode(warehouse, texts)
    short = CachedTextEncoder(name="hashing", dimensions=200)
    cut, n_new = short.encode(warehouse, texts)
    assert (cut.shape, n_new, len(encoded)) == ((2, 200), 0, 1)
    np.testing.assert_allclose(cut, whole[:, :200] / np.linalg.norm(whole[:, :200], axis=1, keepdims=True), rtol=1e-6)
    assert short.version == CachedTextEncoder(name="hashing").version == "hashing-1:256"
    assert short.vectors_version == "hashing-1:256:first 200"
    assert CachedTextEncoder(name="hashing").vectors_version == "hashing-1:256"


def test_more_dimensions_than_the_encoder_has_are_refused(warehouse: Warehouse):
    with pytest.raises(UserError, match="300 dimensions are asked for, the encoder's vectors have 256"):
        CachedTextEncoder(name="hashing", dimensions=300).encode(warehouse, ["a mug"])


def test_the_hashing_encoder_imports_no_torch(tmp_path):
    program = f"""
import sys
from resources.text_encoder import CachedTextEncoder
from resources.warehouse import Warehouse
warehouse = Warehouse(catalog_path={str(tmp_path / "catalog.sqlite")!r}, data_path={str(tmp_path / "data")!r})
CachedTextEncoder(name="hashing", device="auto").encode(warehouse, ["a mug"])
CachedTextEncoder(name="minilm").version
sys.exit(sum(name in sys.modules for name in ("torch", "transformers", "sentence_transformers")))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
