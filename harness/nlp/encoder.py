"""Texts to vectors: a sentence encoder in the layout of sentence-transformers, mean-pooled."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import assets
from harness.engines.runtime import named_if_out_of_memory, prepare_torch, quiet
from harness.errors import AssetError
from harness.files import digest
from harness.nlp.networks import TO_BE_WHOLE, by_length
from harness.progress import counter
from harness.torn import named_if_torn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH_TOKENS = 2048
_TO_FIT = "make room, lower --jobs, or name a smaller encoder under [encoder] in the lineup"


def open_encoder(folder: Path, threads: int = 0) -> TextEncoder:
    """Load the encoder in `folder`, in 32 bits on the CPU. `threads` of 0 leaves the number to torch.
    Raises AssetError if it cannot be loaded, has no room in memory, or does not pool by the mean."""
    prepare_torch(threads)
    import torch
    from transformers import AutoModel, AutoTokenizer

    what = f"the encoder in {folder}"
    with quiet(), named_if_torn(what, TO_BE_WHOLE), named_if_out_of_memory(what, _TO_FIT):
        if not _json(folder / "1_Pooling" / "config.json").get("pooling_mode_mean_tokens", True):
            raise AssetError(f"{what} does not pool by the mean", todo="use one that does")
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModel.from_pretrained(folder, dtype=torch.float32, add_pooling_layer=False, local_files_only=True)
        sizes = _json(folder / "sentence_bert_config.json")
        limit = int(sizes.get("max_seq_length", model.config.max_position_embeddings))
    return TextEncoder(folder, model.eval(), tokenizer, limit)


@dataclass(frozen=True)
class TextEncoder:
    """An `Encoder`. Texts are cut after `max_length` word pieces, as the model's own configuration says."""

    folder: Path
    model: Any
    tokenizer: Any
    max_length: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Mean of the token vectors of each text: shape (texts, dimensions), float32, rows of unit length."""
        import numpy as np

        rows = self._each(texts, _mean)
        return np.stack(rows) if rows else np.empty((0, self.model.config.hidden_size), np.float32)

    def tokens(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """For each text its tokens' last hidden states, without special tokens: shape (tokens, dimensions), float32,
        rows of unit length."""
        return self._each(texts, _inner)

    @cached_property
    def digest(self) -> str:
        return digest([assets.digest(str(self.folder)), self.max_length])

    def _each(self, texts: Sequence[str], reduce: Callable[[Any], Any]) -> list[NDArray[np.float32]]:
        """Reduce the hidden states (tokens, dimensions) of each text to unit rows, in the order of `texts`."""
        found: dict[int, Any] = {}
        encoded = self.tokenizer(list(texts), truncation=True, max_length=self.max_length)["input_ids"] if texts else []
        with counter("encoding", total=len(encoded), unit="text") as progress:
            for batch in by_length([len(tokens) for tokens in encoded], _BATCH_TOKENS):
                for at, states in zip(batch, self._hidden([encoded[at] for at in batch]), strict=True):
                    found[at] = _unit(reduce(states[: len(encoded[at])]))
                progress.update(len(batch))
        return [found[at] for at in range(len(encoded))]

    def _hidden(self, encoded: Sequence[Sequence[int]]) -> Any:
        """Last hidden states, shape (texts, longest text, dimensions)."""
        import torch

        width = max(map(len, encoded))
        ids = torch.tensor([[*tokens, *[0] * (width - len(tokens))] for tokens in encoded])
        mask = torch.tensor([[1] * len(tokens) + [0] * (width - len(tokens)) for tokens in encoded])
        with torch.inference_mode():
            return self.model(input_ids=ids, attention_mask=mask).last_hidden_state


def _mean(states: Any) -> Any:
    return states.mean(0)


def _inner(states: Any) -> Any:
    return states[1:-1]


def _unit(states: Any) -> Any:
    from torch.nn.functional import normalize

    return normalize(states, dim=-1).numpy()


def _json(path: Path) -> dict[str, Any]:
    with named_if_torn(str(path), TO_BE_WHOLE):
        content: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    return content
