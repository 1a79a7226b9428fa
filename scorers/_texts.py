"""Texts as arrays of word numbers: a scorer looks at a word once in its life, at a reference once for all systems."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Generic, TypeAlias, TypeVar

Numbers: TypeAlias = "array[int]"
"""The words of a text, in order, each as its number (unsigned, 32 bits)."""

MANY_WORDS = 1_000_000
"""Different words after which a scorer forgets all and begins anew, so that its memory has an end."""

T = TypeVar("T")


class Memo(dict[str, T], Generic[T]):
    """What `make` makes of a string, kept for the next time; never more than `most` of them, and none of a long one."""

    def __init__(self, make: Callable[[str], T], most: int = 500_000, longest: int = 200) -> None:
        super().__init__()
        self._make, self._most, self._longest = make, most, longest

    def __missing__(self, key: str) -> T:
        value = self._make(key)
        if len(key) <= self._longest:
            if len(self) >= self._most:
                self.clear()
            self[key] = value
        return value


class Vocabulary(dict[str, int]):
    """The number of each word, given out as words are met; words of the same form (`form(word)`) share one.
    `forms` has the form of each number."""

    def __init__(self, form: Callable[[str], str]) -> None:
        super().__init__()
        self._form = form
        self._numbers: dict[str, int] = {}
        self.forms: list[str] = []

    def __missing__(self, word: str) -> int:
        form = self._form(word)
        number = self[word] = self._numbers.setdefault(form, len(self.forms))
        if number == len(self.forms):
            self.forms.append(form)
        return number


class NumberedTexts:
    """Cuts texts into words and numbers them. References are kept, by digest: as numbers, never as text."""

    def __init__(self, words: Callable[[str], Iterable[str]], form: Callable[[str], str]) -> None:
        self._words, self._form = words, form
        self._forget()

    def _forget(self) -> None:
        self._vocabulary = Vocabulary(self._form)
        self._references: dict[bytes, Numbers] = {}

    def pairs(self, references: Iterable[str], hypotheses: Iterable[str]) -> tuple[list[Numbers], list[Numbers]]:
        """Both sides as numbers, which are comparable with each other, and not with those of another call."""
        if len(self._vocabulary) > MANY_WORDS:
            self._forget()
        return [self._reference(text) for text in references], [self._numbers(text) for text in hypotheses]

    @property
    def forms(self) -> list[str]:
        """The form of each number of the last call."""
        return self._vocabulary.forms

    def _reference(self, text: str) -> Numbers:
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key not in self._references:
            self._references[key] = self._numbers(text)
        return self._references[key]

    def _numbers(self, text: str) -> Numbers:
        return array("I", map(self._vocabulary.__getitem__, self._words(text)))
