"""The synonyms that METEOR asks of WordNet, from compiled tables; `tables/build.py` makes them and says how."""

from __future__ import annotations

from collections.abc import Iterator

# Endings that may be replaced to find a base form, by part of speech (WordNet's morphy).
_ENDINGS = {
    "noun": (
        ("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"),
        ("men", "man"), ("ies", "y"),
    ),
    "verb": (("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", "")),
    "adj": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
    "adv": (),
}  # fmt: skip


class WordNet:
    """What nltk's `wordnet.synsets` leads to, for METEOR: names of one word, in lower case."""

    def __init__(self, table: str) -> None:
        self._names: dict[str, dict[str, str]] = {part: {} for part in _ENDINGS}
        self._exceptions: dict[str, dict[str, str]] = {part: {} for part in _ENDINGS}
        for line in table.rstrip("\n").split("\n"):
            part, form, names = line.split("\t")
            if part.endswith("!"):
                self._exceptions[part[:-1]][form] = names
            else:
                self._names[part][form] = names

    def synonyms(self, word: str) -> tuple[str, ...]:
        """The word and all names that share a synset with it or with a base form of it."""
        found = {word}
        for part, names in self._names.items():
            for form in (word, *self._base_forms(word, part)):
                found.update(names.get(form, "").split())
        return tuple(sorted(found))

    def _base_forms(self, word: str, part: str) -> Iterator[str]:
        if word in self._exceptions[part]:
            yield from self._exceptions[part][word].split()
        else:
            for old, new in _ENDINGS[part]:
                if word.endswith(old):
                    yield word.removesuffix(old) + new
