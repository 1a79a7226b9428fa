"""Where the lessons of an adapter come from, of the adapters that its training began with, and of those that were put
into its base for good.

{"corpus": ..., "restricted": ..., "splits": {name: digest}, ...}                     lessons of a train split
{"corpus": ..., "restricted": ..., "external": "name (licence, digest)", ...}         lessons of an instruction corpus
{..., "restricted": true, "restricted_by": "external"}                                that alone, and not the corpus
{..., "begun_with": {...}, "base": {..., "root": ...}}                                what was learned before
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from harness.corpora.instructions import UNKNOWN

Origin: TypeAlias = Mapping[str, Any]

BASE = "base"
_BEFORE = ("begun_with", BASE)
_BY = "restricted_by"
RESTRICTED_PRIMER: Origin = {"restricted": True, _BY: "external"}


def lineage(origin: Origin) -> Iterator[Origin]:
    """The origin, then those of what training began with: an adapter, and a model that had learned."""
    yield origin
    for before in map(origin.get, _BEFORE):
        if isinstance(before, Mapping):
            yield from lineage(before)


def from_restricted(origin: Origin) -> bool:
    """Whether any of the lessons were restricted: then so is what learned from them. Older adapters do not say so of
    instructions whose licence nobody states."""
    return any(one.get("restricted") or UNKNOWN in str(one.get("external")) for one in lineage(origin))


def says_primer_is_restricted(origin: Origin) -> bool:
    return any(_BY in one for one in lineage(origin))


def taught_by(origin: Origin, split: str) -> bool:
    """Whether the split of this digest was among the lessons."""
    return any(split in one.get("splits", {}).values() for one in lineage(origin))


def external(origin: Origin) -> list[str]:
    """What a task's disclosure rule wants named: sources other than the train split."""
    return [one["external"] for one in lineage(origin) if "external" in one]
