"""The most similar examples of a case, by the cosine of encoder vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from harness import Context, Example, ModelInput, arrange

WORDS_COMPARED = 200


def vectors(context: Context, inputs: Sequence[ModelInput], field: str) -> Any:
    """Array (inputs, dimensions): each input as its most relevant parts, which is what the encoder has room for."""
    order = context.guide.order(field)
    return context.encoder.encode([arrange(asked, order, budget=WORDS_COMPARED).text for asked in inputs])


def example_vectors(context: Context, examples: Sequence[Example], field: str) -> Any:
    """The vectors of a field's examples, kept in the work folder, which lies under the corpus's root."""
    ids = "\n".join([field, context.encoder.digest, *context.guide.order(field), *(e.input.case for e in examples)])
    path = context.work / f"vectors-{hashlib.sha256(ids.encode()).hexdigest()[:16]}.npy"
    if not path.exists():
        temporary = path.with_suffix(".tmp.npy")
        np.save(temporary, vectors(context, [e.input for e in examples], field))
        temporary.replace(path)
    return np.load(path)


def nearest(
    context: Context, inputs: Sequence[ModelInput], examples: Sequence[Example], field: str, count: int
) -> list[list[int]]:
    """For each input the positions in `examples` of its `count` most similar ones, the most similar first."""
    similarity = vectors(context, inputs, field) @ example_vectors(context, examples, field).T
    # A stable sort makes the earlier example win a tie.
    order: list[list[int]] = np.argsort(-similarity, axis=1, kind="stable")[:, :count].tolist()
    return order
