"""Where the lessons of an adapter come from, of the adapters that its training began with, and of those that were put
into its base for good.

{"corpus": ..., "restricted": ..., "splits": {name: digest}, ...}                     lessons of a train split
{"corpus": ..., "restricted": ..., "external": "name (licence, digest)", ...}         lessons of an instruction corpus
{..., "public": true}                                                                 which is public
{..., "restricted": true, "restricted_by": "external"}                                which is not, though the corpus is
{..., "begun_with": {...}, "base": {..., "root": ...}}                                what was learned before
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from harness.corpora.instructions import is_open

Origin: TypeAlias = Mapping[str, Any]

BASE = "base"
_BEFORE = ("begun_with", BASE)
_BY = "restricted_by"
_PUBLIC = "public"
RESTRICTED_PRIMER: Origin = {"restricted": True, _BY: "external"}
PUBLIC_PRIMER: Origin = {_PUBLIC: True}
_LICENCES = re.compile(r" \((.*?)(, sha-256 \w+)?\)")


def lineage(origin: Origin) -> Iterator[Origin]:
    """The origin, then those of what training began with: an adapter, and a model that had learned."""
    yield origin
    for before in map(origin.get, _BEFORE):
        if isinstance(before, Mapping):
            yield from lineage(before)


def from_restricted(origin: Origin) -> bool:
    """Whether any of the lessons were restricted: then so is what learned from them."""
    return any(one.get("restricted") or not (one.get(_PUBLIC) or _is_open(one)) for one in lineage(origin))


def _is_open(one: Origin) -> bool:
    """By the licences alone, for adapters that do not say whether their instructions were public."""
    if "external" not in one:
        return True
    told = _LICENCES.search(one["external"])
    return told is not None and all(map(is_open, told[1].split(", ")))


def says_who_may_read_its_primer(origin: Origin) -> bool:
    """Whether it says of instructions what older adapters did not, and what their licences do not."""
    return any(_BY in one or (_PUBLIC in one and not _is_open(one)) for one in lineage(origin))


def taught_by(origin: Origin, split: str) -> bool:
    """Whether the split of this digest was among the lessons."""
    return any(split in one.get("splits", {}).values() for one in lineage(origin))


def external(origin: Origin) -> list[str]:
    """What a task's disclosure rule wants named: sources other than the train split."""
    return [one["external"] for one in lineage(origin) if "external" in one]
