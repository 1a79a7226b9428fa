"""METEOR as the shared task computes it: nltk's, to the last bit, many times faster.

A word is cut, stemmed and looked up in WordNet once in the life of the scorer; a reference is tokenised once.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from harness import Pair, Signature, punkt_digest, punkt_parameters, scorer

if TYPE_CHECKING:
    from harness import ScoringContext

COLUMNS = ("meteor",)
ALPHA, BETA, GAMMA = 0.9, 3.0, 0.5
EXACT = "exact"
WORDNET = "wordnet-3.0.tsv"
ALONE = -2  # the partner of a word that has none; no neighbour of a position
NOWHERE = [ALONE]

_WORD_OR_MARK = re.compile(r"\w+|[^\w\s]")

Word = TypeVar("Word", int, str)


@scorer("meteor")
@dataclass(frozen=True)
class Meteor:
    """METEOR of each text (Lavie and Agarwal 2007): words match as they are, by their stems, or as synonyms.

    Equals nltk's `single_meteor_score` of what nltk's `word_tokenize` makes of both texts, with WordNet 3.0; a line
    break counts as a space. Stems and synonyms are English: in any other language words match as they are or not
    at all, and the signature says so.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        return COLUMNS

    def open(self, context: ScoringContext) -> MeteorScorer:
        return MeteorScorer(context.language == "en")


class MeteorScorer:
    columns = COLUMNS

    def __init__(self, english: bool) -> None:
        from scorers._texts import NumberedTexts

        self._english = english
        self._language = _english_language() if english else _any_language()
        self._texts = NumberedTexts(self._language.words, str.lower)

    def __reduce__(self) -> tuple[Callable[..., MeteorScorer], tuple[bool]]:
        return MeteorScorer, (self._english,)

    def measure(self, pairs: Sequence[Pair]) -> Any:
        import numpy as np

        wanted, given = self._texts.pairs((pair.reference for pair in pairs), (pair.hypothesis for pair in pairs))
        rows = [meteor(self._partners(a, b), len(a)) for a, b in zip(wanted, given, strict=True)]
        return np.array(rows, dtype=np.float64).reshape(len(pairs), len(COLUMNS))

    def worst(self, column: str) -> float:
        return 0.0

    def signature(self, column: str) -> Signature:
        parameters = {"alpha": f"{ALPHA:g}", "beta": f"{BETA:g}", "gamma": f"{GAMMA:g}"}
        identity = {"metric": column, **parameters, **self._language.identity, "version": "1"}
        return Signature(identity, self._language.environment)

    def _partners(self, wanted: Sequence[int], given: Sequence[int]) -> list[int]:
        """For each given word the position of the wanted word that it is matched with, or ALONE."""
        forms, english = self._texts.forms, self._language
        partners = [ALONE] * len(given)
        places = _places(wanted, range(len(wanted)))
        alone = _pair_off(places, given[::-1], range(len(given) - 1, -1, -1), partners)
        if english.stages == EXACT:
            return partners

        free = sorted(chain.from_iterable(places.values()))
        stems = {at: english.stems[forms[given[at]]] for at in alone}
        stem_places = _places([english.stems[forms[wanted[at]]] for at in free], free)
        alone = _pair_off(stem_places, stems.values(), alone, partners)

        stem_places = {stem: positions for stem, positions in stem_places.items() if positions}
        for at in alone:
            synonyms = english.synonyms[stems[at]]
            if not stem_places.keys().isdisjoint(synonyms):
                best = max(synonyms, key=lambda name: stem_places.get(name, NOWHERE)[-1])
                partners[at] = stem_places[best].pop()
                if not stem_places[best]:
                    del stem_places[best]
        return partners


def _places(words: Iterable[Word], positions: Iterable[int]) -> dict[Word, list[int]]:
    """Where each word stands, in ascending order."""
    places: dict[Word, list[int]] = defaultdict(list)
    for word, position in zip(words, positions, strict=True):
        places[word].append(position)
    return dict(places)


def _pair_off(
    places: Mapping[Word, list[int]], words: Iterable[Word], positions: Iterable[int], partners: list[int]
) -> list[int]:
    """Give each word the last place of the same word that is free. Returns the positions that stay alone."""
    alone = []
    for word, position in zip(words, positions, strict=True):
        if free := places.get(word):
            partners[position] = free.pop()
        else:
            alone.append(position)
    return alone


def meteor(partners: Sequence[int], wanted: int) -> float:
    """METEOR of one text: `partners` are those of its words, `wanted` the number of words in its reference."""
    matches = len(partners) - partners.count(ALONE)
    if not matches:
        return 0.0
    joined = sum(after == before + 1 for before, after in pairwise(partners))
    precision, recall = matches / len(partners), matches / wanted
    mean = precision * recall / (ALPHA * precision + (1 - ALPHA) * recall)
    return (1 - GAMMA * math.pow((matches - joined) / matches, BETA)) * mean


# --------------------------------------------------------------------------- languages


@dataclass(frozen=True)
class Language:
    """How texts are cut into words, and which words match; `identity` and `environment` sign it."""

    words: Callable[[str], Iterable[str]]
    stages: str
    identity: Mapping[str, str]
    environment: Mapping[str, str]
    stems: Mapping[str, str] = field(default_factory=dict)
    synonyms: Mapping[str, Sequence[str]] = field(default_factory=dict)


def _english_language() -> Language:
    from nltk.stem.porter import PorterStemmer

    from scorers._english import EnglishWords
    from scorers._texts import Memo
    from scorers._wordnet import WordNet

    wordnet = files("scorers").joinpath("tables", WORDNET).read_bytes()
    words = EnglishWords(punkt_parameters())
    return Language(
        words=lambda text: words(text.replace("\n", " ")),
        stages=(stages := "exact,porter,wordnet"),
        identity={
            "tokenizer": f"nltk/punkt-{punkt_digest()[:16]}",
            "stages": stages,
            "wordnet": f"3.0-{_digest(wordnet)}",
        },
        environment={"nltk": version("nltk")},
        stems=Memo(PorterStemmer().stem),
        synonyms=Memo(WordNet(wordnet.decode()).synonyms),
    )


def _any_language() -> Language:
    return Language(
        words=lambda text: _WORD_OR_MARK.findall(unicodedata.normalize("NFC", text)),
        stages=EXACT,
        identity={"tokenizer": "unicode", "stages": EXACT},
        environment={"unicode": unicodedata.unidata_version},
    )


def _digest(table: bytes) -> str:
    return sha256(table).hexdigest()[:16]
