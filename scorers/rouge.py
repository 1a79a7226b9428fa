"""ROUGE as the shared task computes it: F1 of rouge_score with its stemmer, bit for bit, many times faster.

A word is stemmed once in the life of the scorer and is a number from then on; a reference is tokenised once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from harness import Pair, Signature, scorer

if TYPE_CHECKING:
    from harness import ScoringContext

COLUMNS = ("rouge1", "rouge2", "rougel")

_LATIN_WORD = re.compile(r"[a-z0-9]+")
_ANY_WORD = re.compile(r"[^\W_]+")


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
        return RougeScorer(context.language == "en")


class RougeScorer:
    columns = COLUMNS

    def __init__(self, english: bool) -> None:
        from scorers._texts import NumberedTexts

        self._english = english
        if english:
            self._texts = NumberedTexts(_latin_words, _porter_stem())
        else:
            self._texts = NumberedTexts(_unicode_words, str)

    def __reduce__(self) -> tuple[Callable[..., RougeScorer], tuple[bool]]:
        return RougeScorer, (self._english,)

    def measure(self, pairs: Sequence[Pair]) -> Any:
        import numpy as np
        from rapidfuzz.distance import LCSseq

        from scorers._grams import clipped_matches

        wanted, given = self._texts.pairs((pair.reference for pair in pairs), (pair.hypothesis for pair in pairs))
        matches = clipped_matches(wanted, given, 2).tolist()
        rows = []
        for (words, bigrams), a, b in zip(matches, wanted, given, strict=True):
            common = LCSseq.similarity(a.tolist(), b.tolist())
            rows.append((_f1(words, len(b), len(a)), _f1(bigrams, len(b) - 1, len(a) - 1), _f1(common, len(b), len(a))))
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


def _f1(matches: int, given: int, wanted: int) -> float:
    # The order of operations is rouge_score's: another order differs in the last bit.
    precision = matches / max(given, 1)
    recall = matches / max(wanted, 1)
    return 2 * precision * recall / (precision + recall) if matches else 0.0
