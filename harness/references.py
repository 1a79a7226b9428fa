"""The references of a split: what clinicians wrote. Read to judge, and by nothing that a system could reach."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from harness.prepare import reference
from harness.types import Corpus, Reference, Task


def read_references(corpus: Corpus, task: Task, split: str, ids: Collection[str] | None = None) -> Iterator[Reference]:
    """The references of a split (of `ids` only, if given), one in memory at a time. Stays without any target have
    none."""
    found = (reference(stay, task) for stay in corpus.stays(split, ids))
    return (one for one in found if one is not None)
