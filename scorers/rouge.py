"""ROUGE as shared tasks compute it: F1 of rouge_score, with or without its stemmer, bit for bit, many times faster.

A word is stemmed once in the life of the scorer and is a number from then on; a reference is tokenised once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Literal

from harness import Pair, Signature, scorer

if TYPE_CHECKING:
    from harness import ScoringContext
    from scorers._texts import Numbers

_LATIN_WORD = re.compile(r"[a-z0-9]+")
_ANY_WORD = re.compile(r"[^\W_]+")


@scorer("rouge")
@dataclass(frozen=True)
class Rouge:
    """F1 of shared words, pairs of words and longest common subsequence (Lin 2004), on stems or on words.

    ROUGE-L is of the whole texts; ROUGE-Lsum, where `columns` names it, of each line of the reference with all lines of
    the hypothesis.

    rouge_score knows the letters a to z only, so texts of a language other than English are cut into
    Unicode words and not stemmed; the signature says so. To all but ROUGE-Lsum a line break is a space.
    """

    columns: tuple[Literal["rouge1", "rouge2", "rougel", "rougelsum"], ...] = ("rouge1", "rouge2", "rougel")
    stemmer: Literal["porter", "none"] = "porter"

    def __post_init__(self) -> None:
        if not self.columns or len({*self.columns}) < len(self.columns):
            raise ValueError("columns takes each column once, and one at least")

    def open(self, context: ScoringContext) -> RougeScorer:
        english = context.language == "en"
        return RougeScorer(self.columns, english, english and self.stemmer == "porter")


class RougeScorer:
    def __init__(self, columns: tuple[str, ...], english: bool, stemmed: bool) -> None:
        from scorers._texts import NumberedTexts

        self.columns = columns
        self._english, self._stemmed = english, stemmed
        self._words = _latin_words if english else _unicode_words
        self._texts = NumberedTexts(self._words, _porter_stem() if stemmed else str)

    def __reduce__(self) -> tuple[Callable[..., RougeScorer], tuple[tuple[str, ...], bool, bool]]:
        return RougeScorer, (self.columns, self._english, self._stemmed)

    def measure(self, pairs: Sequence[Pair]) -> Any:
        import numpy as np
        from rapidfuzz.distance import LCSseq

        from scorers._grams import clipped_matches
        from scorers._summary_lcs import summary_matches

        wanted, given = self._texts.pairs((pair.reference for pair in pairs), (pair.hypothesis for pair in pairs))
        matches = clipped_matches(wanted, given, 2).tolist()
        rows = []
        for pair, (words, bigrams), a, b in zip(pairs, matches, wanted, given, strict=True):
            f1 = {"rouge1": _f1(words, len(b), len(a)), "rouge2": _f1(bigrams, len(b) - 1, len(a) - 1)}
            if "rougel" in self.columns:
                f1["rougel"] = _f1(LCSseq.similarity(a.tolist(), b.tolist()), len(b), len(a))
            if "rougelsum" in self.columns:
                common = summary_matches(self._lines(pair.reference, a), self._lines(pair.hypothesis, b))
                f1["rougelsum"] = _f1(common, len(b), len(a))
            rows.append([f1[column] for column in self.columns])
        return np.array(rows, dtype=np.float64).reshape(len(pairs), len(self.columns))

    def _lines(self, text: str, numbers: Numbers) -> list[Numbers]:
        """The words of each line, of which `numbers` are those of the whole text."""
        ends = list(accumulate((len(self._words(line)) for line in text.split("\n")), initial=0))
        return [numbers[start:end] for start, end in pairwise(ends)]

    def worst(self, column: str) -> float:
        return 0.0

    def signature(self, column: str) -> Signature:
        identity = {"metric": column, "measure": "f1", "version": "1"}
        environment = {"rapidfuzz": version("rapidfuzz")} if column == "rougel" else {}
        identity["tokenizer"] = "rouge_score" if self._english else "unicode"
        identity["stemmer"] = "porter" if self._stemmed else "none"
        if self._stemmed:
            environment["nltk"] = version("nltk")
        if not self._english:
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
