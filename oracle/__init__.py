"""Our metrics beside the packages that they have to equal, each in an environment of its own, unmodified.

    python -m oracle [NAME...]        what `make oracle` runs; without a name every oracle

An oracle is a file of this folder (`_x.py` is a helper) with

    REQUIREMENTS     pip requirements, pinned, of the reference packages' environment
    TOLERANCE        column -> how far ours may be from the reference
    SEED             of what it is tried on
    reference()      runs there: Answers of the reference packages; no import of harness, systems or scorers
    ours()           runs here: Answers of ours to the same questions

which both make their questions from SEED, so that nothing need be handed over. Anything that cannot be built, asked
or compared fails the run; nothing is skipped. Versions and values are written to NAME.json beside it, which is
committed: a test of ours can read what the packages answered without having them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answers:
    """`values`: column -> one number a question. `facts`: name -> a text, a digest say, that must be equal."""

    values: Mapping[str, Sequence[float]]
    facts: Mapping[str, str] = field(default_factory=dict)
