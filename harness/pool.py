"""Dynamic Expert Selection: the candidates of several systems, features that need no reference, one choice a case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.competitor import blaming
from harness.errors import PluginError
from harness.run import Generated, Place
from harness.types import Candidate, Failure, Guide, Selector

REPEATED_NGRAM = 4


def features(candidate: Candidate, guide: Guide) -> dict[str, float]:
    """Reference-free features of a candidate.

    words            words of the text
    length_ratio     words / median words of the field's targets in the train split
    repeated         share of its 4-grams (words) that occurred before in it, 0 to 1
    cut_off          1 if generation stopped at its length limit, else 0
    """
    words = candidate.text.split()
    return {
        "words": float(len(words)),
        "length_ratio": len(words) / max(1, guide.words(candidate.field)),
        "repeated": repeated_share(words),
        "cut_off": float(candidate.finish == "length"),
    }


def repeated_share(words: Sequence[str]) -> float:
    grams = Counter(zip(*(words[start:] for start in range(REPEATED_NGRAM)), strict=False))
    total = sum(grams.values())
    return 1 - len(grams) / total if total else 0.0


def select(
    places: Sequence[Place], members: Mapping[str, Generated], selector: Selector, guide: Guide, name: str
) -> Generated:
    """One candidate a place, chosen among those that the members have. The chosen keeps its member's name.

    A member that failed on a case, or wrote nothing, has no candidate there; where all did, the pool fails too."""
    chosen = Generated()
    for place in places:
        offered = [c for member in members.values() for c in member.candidates.get(place, ()) if c.text.strip()]
        if not offered:
            chosen.failures.append(Failure(*place, f"no member of the pool '{name}' has a candidate"))
            continue
        with blaming(name, "to choose"):
            at = selector.choose([features(candidate, guide) for candidate in offered])
        if at not in range(len(offered)):
            raise PluginError(
                f"the selector of the pool '{name}' chose number {at} of {len(offered)} candidates",
                todo="let choose() return the position of one of them, from 0",
            )
        chosen.candidates[place] = (replace(offered[at], index=0),)
    return chosen


def shares(chosen: Generated) -> dict[str, int]:
    """How many texts each member wrote."""
    return dict(Counter(found[0].system for found in chosen.candidates.values()))
