"""ROUGE as the shared task computes it: F1 of rouge_score with its stemmer, bit for bit, many times faster.

A word is stemmed once in the life of the scorer and is a number from then on; a reference is tokenised once.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from harness import Pair, Signature, scorer

if TYPE_CHECKING:
    from harness import ScoringContext

COLUMNS = ("rouge1", "rouge2", "rougel")

_LATIN_WORD = re.compile(r"[a-z0-9]+")
_ANY_WORD = re.compile(r"[^\W_]+")

Tokens = tuple[int, ...]


@scorer("rouge")
@dataclass(frozen=True)
class Rouge:
    """ROUGE-1, ROUGE-2 and ROUGE-L (longest common subsequence of the whole texts), F1 on stems.

    rouge_score knows the letters a to z only, so texts of a language other than English are cut into
    Unicode words and not stemmed; the signature says so. A line break separates words as a space does.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        return COLUMNS

    def open(self, context: ScoringContext) -> RougeScorer:
        return RougeScorer(english=context.language == "en")


class RougeScorer:
    columns = COLUMNS

    def __init__(self, *, english: bool) -> None:
        self._english = english
        self._words = _latin_words if english else _unicode_words
        self._numbers = _Numbers(_porter_stem() if english else str)
        self._reference_tokens = cache(self._tokens)

    def measure(self, pairs: Sequence[Pair]) -> Any:
        import numpy as np

        rows = [_row(self._reference_tokens(pair.reference), self._tokens(pair.hypothesis)) for pair in pairs]
        return np.array(rows, dtype=np.float64).reshape(len(pairs), len(COLUMNS))

    def worst(self, column: str) -> float:
        return 0.0

    def signature(self, column: str) -> Signature:
        identity = {"metric": column, "measure": "f1", "version": "1"}
        environment = {"rapidfuzz": version("rapidfuzz")} if column == "rougel" else {}
        if self._english:
            identity |= {"tokenizer": "rouge_score", "stemmer": "porter"}
            environment["nltk"] = version("nltk")
        else:
            identity |= {"tokenizer": "unicode", "stemmer": "none"}
            environment["unicode"] = unicodedata.unidata_version
        return Signature(identity, environment)

    def _tokens(self, text: str) -> Tokens:
        return tuple(map(self._numbers.__getitem__, self._words(text)))


class _Numbers(dict[str, int]):
    """The number of each word's stem, given out as words are met."""

    def __init__(self, stem: Callable[[str], str]) -> None:
        super().__init__()
        self._stem = stem
        self._stems: dict[str, int] = {}

    def __missing__(self, word: str) -> int:
        number = self[word] = self._stems.setdefault(self._stem(word), len(self._stems))
        return number


def _latin_words(text: str) -> list[str]:
    return _LATIN_WORD.findall(text.lower())


def _unicode_words(text: str) -> list[str]:
    return _ANY_WORD.findall(unicodedata.normalize("NFC", text).lower())


def _porter_stem() -> Callable[[str], str]:
    from nltk.stem.porter import PorterStemmer

    stemmer = PorterStemmer()

    def stem(word: str) -> str:
        # rouge_score leaves words of up to three letters as they are.
        return str(stemmer.stem(word)) if len(word) > 3 else word

    return stem


def _row(reference: Tokens, hypothesis: Tokens) -> tuple[float, float, float]:
    from rapidfuzz.distance import LCSseq

    wanted, given = len(reference), len(hypothesis)
    return (
        _f1(_common(reference, hypothesis), given, wanted),
        _f1(_common(pairwise(reference), pairwise(hypothesis)), given - 1, wanted - 1),
        _f1(LCSseq.similarity(reference, hypothesis), given, wanted),
    )


def _common(reference: Any, hypothesis: Any) -> int:
    """How many items the two have in common, each counted as often as both hold it."""
    wanted, given = Counter(reference), Counter(hypothesis)
    return sum(min(wanted[item], given[item]) for item in wanted.keys() & given.keys())


def _f1(matches: int, given: int, wanted: int) -> float:
    # The order of operations is rouge_score's: another order differs in the last bit.
    precision = matches / max(given, 1)
    recall = matches / max(wanted, 1)
    return 2 * precision * recall / (precision + recall) if matches else 0.0
