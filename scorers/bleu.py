"""BLEU as the shared task computes it: BLEU-4 of each text by itself, on whitespace tokens."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
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

    def __init__(self) -> None:
        from scorers._texts import NumberedTexts

        self._texts = NumberedTexts(words=str.split, form=str)

    def __reduce__(self) -> tuple[Callable[..., BleuScorer], tuple[()]]:
        return BleuScorer, ()

    def measure(self, pairs: Sequence[Pair]) -> Any:
        import numpy as np

        from scorers._grams import clipped_matches

        wanted, given = self._texts.pairs((pair.reference for pair in pairs), (pair.hypothesis for pair in pairs))
        matches = clipped_matches(wanted, given, ORDER).tolist()
        rows = [bleu(*row) for row in zip(matches, map(len, wanted), map(len, given), strict=True)]
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


def bleu(matches: Sequence[int], wanted: int, given: int) -> float:
    """BLEU of one text: geometric mean of its clipped n-gram precisions, times the brevity penalty.

    `matches` are the clipped matches of n = 1 to 4; `wanted` and `given` count the tokens of reference and
    hypothesis.
    """
    product = 1.0
    for n, matched in enumerate(matches, 1):
        product *= (matched + TINY) / (max(given - n + 1, 0) + SMALL)
    ratio = (given + TINY) / (wanted + SMALL)
    brevity = math.exp(1 - 1 / ratio) if ratio < 1 else 1.0
    return math.pow(product, 1 / ORDER) * brevity
