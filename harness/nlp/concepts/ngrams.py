"""The rules by which QuickUMLS 1.4.2 chooses what to look up, and which of the finds to keep.

They are its own, the odd ones included. Punctuation within a span does not end it, because the package compares a token
with a number there; a determiner is left out of what is looked up, but counts in the window; the last word of a text
may be looked up alone although it could not begin a span.
Source: Soldaini and Goharian, QuickUMLS (MedIR 2016), and the package's core.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

WINDOW = 5
SHORTEST = 3

Concepts: TypeAlias = Mapping[str, tuple[str, ...]]
"""The terms that a text mentions, each with the ids of the concepts that it may stand for."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text's tokens in order. `texts` have the blank behind them, `ends` are before it. `first`: may begin a span;
    `alone`: a span may be this one token; `last`: may end a span; `skipped`: is left out of what is looked up."""

    texts: list[str]
    starts: list[int]
    ends: list[int]
    first: list[bool]
    alone: list[bool]
    last: list[bool]
    skipped: list[bool]


class Found(NamedTuple):
    """What a vocabulary has for a span: the similarity of its best match, and (term, concept) pairs, best first."""

    similarity: float
    pairs: tuple[tuple[str, str], ...]


def spans(tokens: Tokens) -> Iterator[tuple[int, int, str]]:
    """(start, end, what is looked up) of every span of up to five tokens that the rules let through."""
    starts, ends, last = tokens.starts, tokens.ends, tokens.last
    kept = [("" if skip else text) for text, skip in zip(tokens.texts, tokens.skipped, strict=True)]
    size = len(kept)
    for i in range(size):
        if not tokens.first[i]:
            continue
        start = starts[i]
        if i + 1 == size and last[i] and ends[i] - start >= SHORTEST:
            yield start, ends[i], kept[i].strip() or tokens.texts[i].strip()
        for j in range(i if tokens.alone[i] else i + 1, min(size, i + WINDOW)):
            if last[j] and ends[j] - start >= SHORTEST:
                yield start, ends[j], "".join(kept[i : j + 1]).strip()


def concepts(tokens: Tokens, look_up: Callable[[str], Found | None]) -> Concepts:
    """What the tokens mention. Of finds that overlap, the more similar one stays, then the longer, then the earlier."""
    finds = [
        (-found.similarity, start - end, start, end, found.pairs)
        for start, end, text in spans(tokens)
        if (found := look_up(text)) is not None
    ]
    finds.sort(key=lambda find: find[:2])
    taken = bytearray(tokens.ends[-1] if tokens.ends else 0)
    terms: dict[str, dict[str, None]] = {}
    for _, _, start, end, pairs in finds:
        if taken.find(1, start, end) < 0:
            taken[start:end] = b"\1" * (end - start)
            for term, concept in pairs:
                terms.setdefault(term, {})[concept] = None
    return {term: tuple(ids) for term, ids in terms.items()}
