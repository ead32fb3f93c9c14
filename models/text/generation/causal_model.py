"""A causal language model from safetensors, its tokenizer, and how a request becomes its prompt."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any

from models.errors import UserError
from models.text.encoder import quiet_loading
from models.text.generation.request import GenerationRequest

_SETTING = "generator.model"


class CausalModel:
    """A model and its tokenizer, loaded at the first use. No code that comes with a model is run.

    Args:
        name: A folder with safetensors weights, or a model hub name.
        device: `cpu` or `cuda`.
        dtype: `float32`, `bfloat16`, `float16`, or `auto`: bfloat16 on a GPU, float32 on CPU.
        allow_download: Whether a name that is not cached may be downloaded.
    """

    def __init__(self, name: str, device: str = "cpu", dtype: str = "auto", allow_download: bool = False):
        self.name, self.device, self.dtype, self.allow_download = name, device, dtype, allow_download

    @cached_property
    def tokenizer(self) -> Any:
        """The fast tokenizer.

        Raises:
            UserError: There is none.
        """
        from transformers import AutoTokenizer

        return self._load(AutoTokenizer, use_fast=True)

    @cached_property
    def model(self) -> Any:
        """The weights on the device, for inference.

        Raises:
            UserError: They cannot be loaded.
        """
        import torch
        from transformers import AutoModelForCausalLM

        dtype = {"cuda": "bfloat16"}.get(self.device, "float32") if self.dtype == "auto" else self.dtype
        model = self._load(AutoModelForCausalLM, use_safetensors=True, dtype=getattr(torch, dtype))
        return model.to(self.device).eval()

    @cached_property
    def identity(self) -> str:
        """Digest of a folder's weights, tokenizer and settings (about a second a gigabyte), or name and revision."""
        folder = Path(self.name)
        if not folder.is_dir():
            return f"{self.name}@{self.model.config._commit_hash}"
        digest = hashlib.sha256()
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".safetensors", ".json", ".txt", ".jinja", ".model"}:
                digest.update(f"{path.relative_to(folder).as_posix()}\n{path.stat().st_size}\n".encode())
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    @cached_property
    def vocabulary_size(self) -> int:
        """Width of the logits."""
        return self.model.get_output_embeddings().weight.shape[0]

    @cached_property
    def end_tokens(self) -> list[int]:
        """Tokens that end an answer."""
        given = self.model.generation_config.eos_token_id
        given = given if isinstance(given, list) else [given]
        return sorted({token for token in [*given, self.tokenizer.eos_token_id] if token is not None})

    @cached_property
    def max_positions(self) -> int | None:
        """Tokens that prompt and answer may have together."""
        return getattr(self.model.config.get_text_config(), "max_position_embeddings", None)

    def prompt_text(self, request: GenerationRequest) -> str:
        """The prompt in the model's own chat format, instructions first; plain paragraphs where it has none.

        Special tokens that stand in the texts are blanked: an item's description cannot end its own message.
        """
        system, user = self._without_special(request.system), self._without_special(request.user)
        if not self.tokenizer.chat_template:
            texts = [text for text in (system, user) if text]
            return (self.tokenizer.bos_token or "") + "\n\n".join(texts) + "\n\n"
        messages = [{"role": "system", "content": system}] if system else []
        messages += [{"role": "user", "content": user}]
        how: dict[str, Any] = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}
        return self.tokenizer.apply_chat_template(messages, **how)

    def tokens(self, text: str) -> list[int]:
        """The tokens of a text, nothing added."""
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def _without_special(self, text: str) -> str:
        for token in self._special:
            text = text.replace(token, " ")
        return text

    @cached_property
    def _special(self) -> list[str]:
        added = self.tokenizer.added_tokens_decoder.values()
        return sorted({token.content for token in added if token.special}, key=len, reverse=True)

    def _load(self, loader: Any, **how: Any) -> Any:
        offline = Path(self.name).is_dir() or not self.allow_download
        try:
            with quiet_loading():
                return loader.from_pretrained(self.name, local_files_only=offline, trust_remote_code=False, **how)
        except (OSError, ValueError, KeyError, ImportError) as error:
            why = (str(error).splitlines() or ["no reason given"])[0]
            raise UserError(
                f"the language model {self.name!r} cannot be loaded ({why})",
                _SETTING,
                "Name a folder with safetensors weights, or a model that this machine has downloaded.",
            ) from error
