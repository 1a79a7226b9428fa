"""Words to concepts: the matchers behind MEDCON, and the open vocabulary.

quickumls   a user's QuickUMLS index, matched as the package quickumls 1.4.2 does
medcat      a user's MedCAT model pack
open        the open vocabulary, matched by the rules of QuickUMLS without a tagger
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from harness.nlp.concepts.kept import FILE, KeptConcepts, in_one_line, matcher_key
from harness.nlp.concepts.ngrams import Concepts

MatcherName: TypeAlias = Literal["open", "quickumls", "medcat"]


class Matcher(Protocol):
    """Finds the concepts that a text mentions. Each text is judged by itself."""

    def concepts(self, text: str) -> Concepts:
        """The terms that `text` mentions, each with the ids of the concepts that it may stand for."""
        ...

    @property
    def longest(self) -> int | None:
        """How many characters a text may have; None for any number."""
        ...

    @property
    def identity(self) -> Mapping[str, str]:
        """What the matcher is: rules, parameters, digest of its vocabulary, and of a tagger its version."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions of the libraries that it runs on."""
        ...


@dataclass(frozen=True)
class KeepingMatcher:
    """A matcher that finds the concepts of a text once: it keeps them in the folder `work`. A line break separates
    words as a blank does."""

    matcher: Matcher
    work: Path

    def concepts(self, texts: Sequence[str]) -> list[Concepts]:
        """The concepts of each text, in the order of `texts`."""
        lines = [in_one_line(text) for text in texts]
        different = list(dict.fromkeys(lines))
        known = dict(zip(different, self._kept.get(self._key, different), strict=True))
        new = [(text, self.matcher.concepts(text)) for text, found in known.items() if found is None]
        if new:
            self._kept.put(self._key, new)
        found = {text: concepts for text, concepts in [*known.items(), *new] if concepts is not None}
        return [found[text] for text in lines]

    @cached_property
    def _key(self) -> str:
        return matcher_key(self.matcher.identity, self.matcher.environment)

    @cached_property
    def _kept(self) -> KeptConcepts:
        return KeptConcepts(self.work / FILE)


@dataclass(frozen=True)
class Comparison:
    """The terms of a reference that the hypothesis shares a concept with, those it does not, and its own others."""

    matched: tuple[str, ...]
    missed: tuple[str, ...]
    added: tuple[str, ...]


def compare_concepts(reference: Concepts, hypothesis: Concepts) -> Comparison:
    wanted, given = _ids(reference), _ids(hypothesis)
    return Comparison(
        tuple(term for term, ids in reference.items() if not given.isdisjoint(ids)),
        tuple(term for term, ids in reference.items() if given.isdisjoint(ids)),
        tuple(term for term, ids in hypothesis.items() if wanted.isdisjoint(ids)),
    )


def _ids(concepts: Concepts) -> set[str]:
    return {id_ for ids in concepts.values() for id_ in ids}


def open_matcher(
    name: MatcherName, asset: Callable[[str], Path], work: Path, *, index: str = "", pack: str = ""
) -> KeepingMatcher:
    """Open a matcher that keeps what it finds in the private folder `work`. `asset` gives the folder of a public asset;
    `index` is the folder of a QuickUMLS index, `pack` a MedCAT model pack: a zip or a folder.
    Raises AssetError with the way to what is missing."""
    matcher: Matcher
    if name == "quickumls":
        from harness.nlp.concepts.quickumls_index import open_index

        matcher = open_index(index)
    elif name == "medcat":
        from harness.nlp.concepts.medcat_pack import open_pack

        matcher = open_pack(pack)
    else:
        from harness.nlp.concepts.open_vocabulary import open_vocabulary

        matcher = open_vocabulary(asset("open-vocabulary"))
    return KeepingMatcher(matcher, work)
