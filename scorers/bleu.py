"""BLEU as the shared task computes it: BLEU-4 of each text by itself, on whitespace tokens."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness import Pair, Signature, scorer

if TYPE_CHECKING:
    from harness import ScoringContext

COLUMNS = ("bleu",)
ORDER = 4
TINY, SMALL = 1e-15, 1e-9  # in the published formula, they keep its quotients defined


@scorer("bleu")
@dataclass(frozen=True)
class Bleu:
    """Sentence BLEU-4, case kept, mean over texts.

    Equals sacrebleu's sentence BLEU with tokenize none and smooth none where every order matches, not its
    default. A line break separates tokens as a space does.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        return COLUMNS

    def open(self, context: ScoringContext) -> BleuScorer:
        return BleuScorer()


class BleuScorer:
    columns = COLUMNS

    def measure(self, pairs: Sequence[Pair]) -> Any:
        import numpy as np

        rows = [bleu(pair.reference.split(), pair.hypothesis.split()) for pair in pairs]
        return np.array(rows, dtype=np.float64).reshape(len(pairs), len(COLUMNS))

    def worst(self, column: str) -> float:
        return 0.0

    def signature(self, column: str) -> Signature:
        identity = {
            "metric": column,
            "order": str(ORDER),
            "tokenizer": "whitespace",
            "case": "kept",
            "smoothing": f"{TINY:g}/{SMALL:g}",
            "version": "1",
        }
        return Signature(identity, {})


def bleu(reference: Sequence[str], hypothesis: Sequence[str]) -> float:
    """BLEU of one tokenised text: geometric mean of the clipped n-gram precisions, times the brevity penalty."""
    product = 1.0
    for n, matches in enumerate(_matches(reference, hypothesis), 1):
        product *= (matches + TINY) / (max(len(hypothesis) - n + 1, 0) + SMALL)
    ratio = (len(hypothesis) + TINY) / (len(reference) + SMALL)
    brevity = math.exp(1 - 1 / ratio) if ratio < 1 else 1.0
    return math.pow(product, 1 / ORDER) * brevity


def _matches(reference: Sequence[str], hypothesis: Sequence[str]) -> Iterator[int]:
    """For n = 1 to 4: how many n-grams of the hypothesis stand in the reference, each at most as often as there."""
    matches = len(hypothesis)
    for n in range(1, ORDER + 1):
        if matches:  # where no n-gram matches, no longer one does
            wanted, given = _grams(reference, n), _grams(hypothesis, n)
            matches = sum(min(wanted[gram], given[gram]) for gram in wanted.keys() & given.keys())
        yield matches


def _grams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(tokens[i:] for i in range(n)), strict=False))
