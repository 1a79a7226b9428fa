"""A text read once for all features that ask about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.nlp.claims import Claim, Reader, known_keys

_WORD = re.compile(r"\w+(?:[.,/']\w+)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

Grams = Counter[tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Reading:
    """A text with what there is to know about it. `concepts` are ids of the concepts that it mentions, `vectors` one
    row of unit length for each of its passages, shape (passages, dimensions); both are None where nobody asked."""

    text: str
    concepts: frozenset[str] | None = None
    vectors: Any = None

    @cached_property
    def words(self) -> list[str]:
        """Its words in lower case; "40.5", "he's" and "1/2" are one word each."""
        return _WORD.findall(self.text.lower())

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        return frozenset(self.words)

    @cached_property
    def numbers(self) -> frozenset[str]:
        return frozenset(number.replace(",", "") for number in _NUMBER.findall(self.text))

    @cached_property
    def claims(self) -> list[Claim]:
        """Its doses and dates."""
        return Reader().claims(self.text)

    @cached_property
    def known(self) -> frozenset[str]:
        """The keys of all doses and dates that a text may state without adding to this one."""
        return known_keys(self.claims)

    @cached_property
    def _grams(self) -> dict[int, Grams]:
        return {}

    def grams(self, order: int) -> Grams:
        """How often each run of so many words occurs."""
        if order not in self._grams:
            self._grams[order] = Counter(zip(*(self.words[start:] for start in range(order)), strict=False))
        return self._grams[order]


@dataclass(frozen=True, eq=False)
class Seen:
    """One candidate as features see it: its text, all that its writer was allowed to read (`source`), the other
    candidates for the same place, and how many words the field's targets usually have.

    `finish` and `logprob` are the engine's, None where it did not say."""

    text: Reading
    source: Reading
    others: Sequence[Reading]
    usual_words: int
    finish: str | None = None
    logprob: float | None = None


def matches(first: Mapping[Any, int], second: Mapping[Any, int]) -> int:
    """How much two bags have in common, each thing counted at most as often as it stands in either."""
    if len(first) > len(second):
        first, second = second, first
    return sum(min(count, second[thing]) for thing, count in first.items() if thing in second)


def f1(common: float, first: float, second: float) -> float:
    """Of precision common / first and recall common / second."""
    return 2 * common / (first + second) if common else 0.0


def share(part: float, whole: float) -> float:
    """part / whole, 0 where there is no whole."""
    return part / whole if whole else 0.0
