"""How many n-grams two texts have in common: many pairs in one pass of sorting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scorers._texts import Numbers

Integers = NDArray[np.int64]

TOKENS_AT_ONCE = 20_000  # about what a processor holds in its cache
PAIRS_AT_ONCE = 256


def clipped_matches(references: Sequence[Numbers], hypotheses: Sequence[Numbers], order: int) -> Integers:
    """For each pair and n = 1 to `order`: how many n-grams of the hypothesis stand in its reference, each counted
    at most as often as it stands there. Array of shape (pairs, order)."""
    matches = np.zeros((len(references), order), dtype=np.int64)
    first = tokens = 0
    for last, (reference, hypothesis) in enumerate(zip(references, hypotheses, strict=True), 1):
        tokens += len(reference) + len(hypothesis)
        if tokens > TOKENS_AT_ONCE or last - first == PAIRS_AT_ONCE or last == len(references):
            matches[first:last] = _matches(references[first:last], hypotheses[first:last], order)
            first, tokens = last, 0
    return matches


def _matches(references: Sequence[Numbers], hypotheses: Sequence[Numbers], order: int) -> Integers:
    texts = [text for pair in zip(references, hypotheses, strict=True) for text in pair]
    words = np.concatenate([np.frombuffer(text, dtype=np.uint32) for text in texts]).astype(np.int64)
    # The texts of pair p are the numbers 2p, its reference, and 2p + 1, its hypothesis.
    text = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    matches = np.zeros((len(references), order), dtype=np.int64)

    at = np.arange(len(words))  # where the n-grams begin that may be common
    gram = (text >> 1) * (words.max(initial=0) + 1) + words  # a number for each n-gram of each pair
    for n in range(order):
        gram, first = _ranks(gram)
        counts = np.bincount(gram << 1 | text & 1, minlength=2 * len(first))  # wanted and given by turns
        common = np.minimum(counts[0::2], counts[1::2])
        matches[:, n] = np.bincount(text[first] >> 1, weights=common, minlength=len(references))

        # A longer n-gram can be common only where both n-grams that it begins and ends with are.
        kept = np.flatnonzero(common[gram])
        at, gram, text = at[kept], gram[kept], text[kept]
        joined = np.flatnonzero((at[1:] == at[:-1] + 1) & (text[1:] == text[:-1]))
        at, gram, text = at[joined], gram[joined] * len(first) + gram[joined + 1], text[joined]
    return matches


def _ranks(values: Integers) -> tuple[Integers, Integers]:
    """The rank of each value among the different ones, and where each of these stands first.

    Value and position are sorted as one number where they fit, several times faster than `argsort`.
    """
    bits = len(values).bit_length()
    if int(values.max(initial=0)).bit_length() + bits > 63:
        _, first, ranks = np.unique(values, return_index=True, return_inverse=True)
        return ranks, first
    both = np.sort(values << bits | np.arange(len(values)))
    ordered, order = both >> bits, both & (1 << bits) - 1
    new = np.ones(len(values), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.cumsum(new) - 1
    return ranks, order[np.flatnonzero(new)]
