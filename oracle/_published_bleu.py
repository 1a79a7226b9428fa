"""The task's BLEU, straight from its published formula, in plain Python: what ours has to equal, and to outrun."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence


def published_bleu(reference: str, hypothesis: str) -> float:
    wanted_words, given_words = reference.split(), hypothesis.split()
    wanted, given = _grams(wanted_words), _grams(given_words)
    matches, guesses = [0] * 4, [0] * 4
    for gram, count in given.items():
        matches[len(gram) - 1] += min(count, wanted.get(gram, 0))
        guesses[len(gram) - 1] += count
    product = math.prod((m + 1e-15) / (g + 1e-9) for m, g in zip(matches, guesses, strict=True))
    ratio = (len(given_words) + 1e-15) / (len(wanted_words) + 1e-9)
    return product**0.25 * (math.exp(1 - 1 / ratio) if ratio < 1 else 1.0)


def _grams(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + n]) for n in range(1, 5) for i in range(len(words) - n + 1))
