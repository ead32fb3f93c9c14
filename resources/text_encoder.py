"""The text encoder with a cache by content: a text is encoded once, whatever day, item or run asks for it."""

import hashlib
from typing import TYPE_CHECKING, Any

import dagster as dg
import numpy as np
import polars as pl
from pydantic import PrivateAttr

from models.text.paragraphs import encode_paragraphs
from models.text.truncation import truncated
from resources.compute import pick_device
from resources.warehouse import Warehouse, insert

if TYPE_CHECKING:
    from models.text.encoder import TextEncoder

TABLE = "text_vectors"
COLUMNS = {
    "encoder": ("VARCHAR", "What the vector depends on besides the text: weights and tokens read"),
    "text_digest": ("VARCHAR", "SHA-256 of the text"),
    "vector": ("FLOAT[]", "Unit-norm vector"),
}
KNOWN_SQL = f"""SELECT text_digest, any_value(vector) AS vector FROM {TABLE} SEMI JOIN _wanted USING (text_digest)
    WHERE encoder = ? GROUP BY text_digest"""


class CachedTextEncoder(dg.ConfigurableResource):  # type: ignore[type-arg]
    """A text encoder whose vectors are kept in the warehouse table `text_vectors`.

    Attributes:
        name: `minilm`, `hashing`, or a transformers name or folder.
        max_tokens: Texts are cut to this many tokens.
        device: `auto`, `cpu` or `cuda`.
        n_threads: Threads on CPU.
        dimensions: The first so many are kept of each vector; `None` for all. The cache holds whole vectors.
    """

    name: str
    max_tokens: int = 64
    device: str = "auto"
    n_threads: int = 2
    dimensions: int | None = None
    _encoder: Any = PrivateAttr(default=None)
    _identity: str | None = PrivateAttr(default=None)

    @property
    def version(self) -> str:
        """What a cached vector is valid for: the encoder's identity, taken once (0.1 s for MiniLM, without torch)."""
        if self._identity is None:
            self._identity = self._loaded().identity()
        return self._identity

    @property
    def vectors_version(self) -> str:
        """What a vector that `encode` returned is valid for: `version`, and how much of it is kept."""
        return self.version if self.dimensions is None else f"{self.version}:first {self.dimensions}"

    def encode(self, warehouse: Warehouse, texts: list[str]) -> tuple[np.ndarray, int]:
        """Unit vectors of `texts`, `[n, d]` float32 (`[0, 0]` for no texts), and how many had to be computed.

        A text of several paragraphs has the mean of theirs, and each of them is a text of its own in the cache.

        Raises:
            UserError: The encoder's vectors have fewer dimensions than are to be kept.
        """
        if not texts:
            return np.zeros((0, 0), dtype=np.float32), 0
        n_computed = 0

        def looked_up(paragraphs: list[str]) -> np.ndarray:
            nonlocal n_computed
            vectors, n_computed = self._looked_up(warehouse, paragraphs)
            return vectors

        return truncated(encode_paragraphs(texts, looked_up), self.dimensions), n_computed

    def _looked_up(self, warehouse: Warehouse, texts: list[str]) -> tuple[np.ndarray, int]:
        digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        warehouse.ensure_table(TABLE, COLUMNS, "Text vectors by content: the encoder's cache")
        known = self._known(warehouse, digests)
        missing = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in known}
        if missing:
            fresh = self._compute(list(missing.values()))
            known |= dict(zip(missing, fresh, strict=True))
            self._remember(warehouse, list(missing), fresh)
        return np.stack([known[digest] for digest in digests]), len(missing)

    def _known(self, warehouse: Warehouse, digests: list[str]) -> dict[str, np.ndarray]:
        with warehouse.connect(read_only=True) as connection:
            connection.register("_wanted", pl.DataFrame({"text_digest": digests}).to_arrow())
            rows = connection.execute(KNOWN_SQL, [self.version]).pl()
        if rows.is_empty():
            return {}
        vectors = np.array(rows["vector"].to_list(), dtype=np.float32)
        return dict(zip(rows["text_digest"].to_list(), vectors, strict=True))

    def _loaded(self) -> "TextEncoder":
        from models.text.encoder import load_encoder

        if self._encoder is None:
            self._encoder = load_encoder(self.name, max_tokens=self.max_tokens, n_threads=self.n_threads)
        return self._encoder

    def _compute(self, texts: list[str]) -> np.ndarray:
        encoder = self._loaded()
        return encoder.encode(texts, device="cpu" if encoder.is_hashing else pick_device(self.device))

    def _remember(self, warehouse: Warehouse, digests: list[str], vectors: np.ndarray) -> None:
        frame = pl.DataFrame(
            {"encoder": [self.version] * len(digests), "text_digest": digests, "vector": vectors.tolist()},
            schema={"encoder": pl.Utf8, "text_digest": pl.Utf8, "vector": pl.List(pl.Float32)},
        )
        warehouse.write(lambda connection: insert(connection, TABLE, frame))
