"""The plan of batches: which prompts are generated together."""

from __future__ import annotations

from collections.abc import Sequence


def plan(
    lengths: Sequence[int], new_tokens: int, batch_size: int, batch_tokens: int, samples: int = 1
) -> list[tuple[int, ...]]:
    """Group prompts of these lengths (tokens) into batches of their indices, the longest first.

    A batch has at most `batch_size` texts and, prompts padded to the longest and `new_tokens` added to each, at most
    `batch_tokens` tokens; `samples` texts of a prompt stay together, and a prompt that is larger than a batch is one
    by itself. The plan is a function of these numbers alone: greedy text depends on the batch that it is in.
    """
    order = sorted(range(len(lengths)), key=lambda at: (-lengths[at], at))
    batches, at = [], 0
    while at < len(order):
        texts = min(batch_size, batch_tokens // (lengths[order[at]] + new_tokens))
        size = max(1, texts // samples)
        batches.append(tuple(order[at : at + size]))
        at += size
    return batches
