"""Texts to the contextual vectors of their tokens at one layer of a BERT-like model, kept on disk where asked."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.engines.runtime import named_if_out_of_memory, prepare_torch, quiet
from harness.errors import AssetError
from harness.files import digest, private_folder, write_atomic
from harness.nlp.networks import (
    TO_BE_WHOLE,
    TO_FIT,
    batch_tokens,
    by_length,
    device_named,
    dtype_named,
    environment,
    model_identity,
    padded,
    room,
    token_ids,
    weights_digest,
)
from harness.torn import named_if_torn

_RECOUNT = 256
_SUFFIX = ".npy"

Tokens = tuple[int, ...]
"""The tokens of a text as the model reads them: cut, its two special tokens around them."""


def open_contextual(
    folder: Path, *, family: str, layer: int, dtype: str = "float32", device: str = "auto", threads: int = 0
) -> ContextualEncoder:
    """Load the model in `folder` up to `layer` (1 is the first); the layers above it are left out.

    `family` is what the model's configuration has to say that it is. `threads` of 0 leaves the number to torch. Raises
    AssetError for a folder that cannot be loaded whole or has no room in memory, SettingsError for an unknown dtype or
    device."""
    prepare_torch(threads)
    on, kind = device_named(device), dtype_named(dtype)
    what = f"the model in {folder}"
    with quiet(), named_if_torn(what, TO_BE_WHOLE), named_if_out_of_memory(what, TO_FIT):
        tokenizer, model, missing = _load(folder, family, layer)
    if missing:
        raise AssetError(f"the model in {folder} has no weights for {missing[0]}", todo=TO_BE_WHOLE)
    if tokenizer.cls_token_id is None or tokenizer.sep_token_id is None:
        raise AssetError(f"the tokenizer in {folder} has no tokens [CLS] and [SEP]", todo=TO_BE_WHOLE)
    weights = weights_digest(model.named_parameters())
    with named_if_out_of_memory(what, TO_FIT):
        return ContextualEncoder(model.to(on, kind).eval(), tokenizer, layer, weights)


def _load(folder: Path, family: str, layer: int) -> tuple[Any, Any, list[str]]:
    """Tokenizer, model, and which of its weights the folder lacks."""
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    if config.model_type != family or config.num_hidden_layers < layer:
        raise AssetError(
            f"the model in {folder} is a {config.model_type} of {config.num_hidden_layers} layers, "
            f"where a {family} of {layer} or more is wanted",
            todo="name the folder of another model",
        )
    config.num_hidden_layers = layer
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model, loading = AutoModel.from_pretrained(
        folder, config=config, dtype=torch.float32, local_files_only=True, output_loading_info=True
    )
    if getattr(model, "pooler", None) is not None:
        model.pooler = None  # it pools last hidden states, which nobody asks for; some folders have no weights of it
    return tokenizer, model, sorted(name for name in loading["missing_keys"] if not name.startswith("pooler."))


@dataclass(frozen=True)
class ContextualEncoder:
    """A tokenizer and the first `layer` layers of its model. `weights` is the digest of these, as loaded."""

    model: Any
    tokenizer: Any
    layer: int
    weights: str

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """What the model reads of each text: the first `max_length` tokens, special tokens among them."""
        inner = self.max_length - 2
        first, last = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        return [(first, *ids[:inner], last) for ids in token_ids(self.tokenizer, texts)]

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, uncut and without special tokens."""
        return [len(ids) for ids in token_ids(self.tokenizer, texts)]

    def is_special(self, token: int) -> bool:
        """Whether a token is one that stands around a text, wherever it was met."""
        return token in (self.tokenizer.cls_token_id, self.tokenizer.sep_token_id)

    def vectors(self, texts: Sequence[Tokens]) -> list[Any]:
        """For each text a tensor of shape (tokens, dimensions) on the model's device: rows of unit length, float32."""
        import torch

        found: dict[int, Any] = {}
        pad = self.tokenizer.pad_token_id or 0
        for batch in by_length([len(tokens) for tokens in texts], batch_tokens(self.device)):
            inputs = padded([texts[at] for at in batch], pad, self.device)
            with torch.inference_mode():
                states = self.model(**inputs).last_hidden_state.float()
                states = states / states.norm(dim=-1, keepdim=True)
            for row, at in enumerate(batch):
                found[at] = states[row, : len(texts[at])].clone()
        return [found[at] for at in range(len(texts))]

    @property
    def device(self) -> str:
        return str(self.model.device.type)

    @cached_property
    def max_length(self) -> int:
        """Tokens that the model reads of a text, its two special tokens among them."""
        return room(self.tokenizer, self.model.config.max_position_embeddings)

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """What determines the vectors, but for library versions."""
        own = {"layer": str(self.layer)}
        return {**own, **model_identity(self.model, self.tokenizer, self.weights, self.max_length)}

    @property
    def environment(self) -> Mapping[str, str]:
        return environment(self.device)


class KeptVectors:
    """Vectors of token sequences in a folder, one file each, written whole or not at all; any number of processes.

    A file has four bytes a dimension and token: float32, since a narrower number would not give the same score.
    Past `limit` bytes, or half of what the disk had free, nothing more is kept and nothing is dropped: the next
    system is scored in the same order, and of what it asks for first the last to be dropped would be gone.
    """

    def __init__(self, folder: Path, encoder: ContextualEncoder, limit: int) -> None:
        self._encoder = encoder
        self._folder = private_folder(folder / digest([encoder.identity, encoder.environment])[:16])
        self._limit = min(limit, self._size() + shutil.disk_usage(self._folder).free // 2)
        self._kept, self._uncounted = self._size(), 0

    def vectors(self, texts: Sequence[Tokens]) -> list[Any]:
        """As the encoder gives them, from the disk where they lie there; what is new is kept."""
        found = {text: self._read(text) for text in dict.fromkeys(texts)}
        new = [text for text, vectors in found.items() if vectors is None]
        for text, vectors in zip(new, self._encoder.vectors(new), strict=True):
            found[text] = vectors
            self._keep(text, vectors)
        return [found[text] for text in texts]

    def _path(self, text: Tokens) -> Path:
        return self._folder / f"{digest(text)}{_SUFFIX}"

    def _read(self, text: Tokens) -> Any:
        import numpy as np
        import torch

        try:
            array = np.load(self._path(text), allow_pickle=False)
        except (FileNotFoundError, EOFError, ValueError):  # absent, or not what was written
            return None
        if array.dtype != np.float32 or array.ndim != 2 or len(array) != len(text):
            return None
        return torch.from_numpy(array).to(self._encoder.device)

    def _keep(self, text: Tokens, vectors: Any) -> None:
        import numpy as np

        buffer = io.BytesIO()
        np.save(buffer, vectors.cpu().numpy())
        if self._kept + len(buffer.getbuffer()) > self._limit:
            return
        write_atomic(self._path(text), buffer.getvalue())
        self._kept += len(buffer.getbuffer())
        self._uncounted += 1
        if self._uncounted >= _RECOUNT:  # other processes keep as well
            self._kept, self._uncounted = self._size(), 0

    def _size(self) -> int:
        with os.scandir(self._folder) as entries:
            return sum(entry.stat().st_size for entry in entries if entry.name.endswith(_SUFFIX))
