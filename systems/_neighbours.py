"""The most similar examples of a case, by the cosine of encoder vectors."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from harness import Context, Example, ModelInput, arrange

WORDS_COMPARED = 200
CHUNK = 4096
"""Texts that are encoded at once."""
BLOCK = 256
"""Inputs that are compared with all examples at once."""


def nearest(
    context: Context, inputs: Sequence[ModelInput], examples: Sequence[Example], field: str, count: int
) -> list[list[int]]:
    """For each input the positions in `examples` of its `count` most similar ones, the most similar first."""
    asked = _encode(context, _texts(context, inputs, field))
    known = example_vectors(context, examples, field)
    blocks = (asked[start : start + BLOCK] @ known.T for start in range(0, len(asked), BLOCK))
    return [highest(row, count) for block in blocks for row in block]


def highest(row: Any, count: int) -> list[int]:
    """Positions of the `count` highest values, the highest first; the earlier wins a tie."""
    count = min(count, len(row))
    least = np.partition(row, len(row) - count)[len(row) - count]
    found = np.flatnonzero(row >= least)
    positions: list[int] = found[np.argsort(-row[found], kind="stable")][:count].tolist()
    return positions


def example_vectors(context: Context, examples: Sequence[Example], field: str) -> Any:
    """Array (examples, dimensions), kept in the work folder under the digest of the encoder and of what it read."""
    texts = _texts(context, (example.input for example in examples), field)
    key = sha256(repr((context.encoder.digest, texts)).encode()).hexdigest()
    path = context.work / f"vectors-{key[:16]}.npy"
    if not path.exists():
        _save(path, _encode(context, texts))
    return np.load(path)


def _texts(context: Context, inputs: Iterable[ModelInput], field: str) -> list[str]:
    """Each input as its most relevant parts, which is what the encoder has room for."""
    order = context.guide.order(field)
    return [arrange(asked, order, budget=WORDS_COMPARED).text for asked in inputs]


def _encode(context: Context, texts: Sequence[str]) -> Any:
    """Array (texts, dimensions), encoded in chunks: the tokens of 68,785 texts are not held at once."""
    chunks = (texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK))
    return np.concatenate([context.encoder.encode(chunk) for chunk in chunks])


def _save(path: Path, vectors: Any) -> None:
    """Write whole or not at all, under a name of this process until then, readable by the owner alone."""
    whole = io.BytesIO()
    np.save(whole, vectors)  # into a file it does not notice that a disk took all but the last bytes
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            temporary.chmod(0o600)
            file.write(whole.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
