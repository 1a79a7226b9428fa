"""Where the lessons of an adapter come from, and of the adapters that its training began with.

{"corpus": ..., "restricted": ..., "splits": {name: digest}, "begun_with": {...}}     lessons of a train split
{"corpus": ..., "restricted": ..., "external": "name (licence, digest)", ...}         lessons of an instruction corpus
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Origin: TypeAlias = Mapping[str, Any]


def lineage(origin: Origin) -> Iterator[Origin]:
    """The origin, then those of what training began with."""
    found: Origin | None = origin
    while found:
        yield found
        found = found.get("begun_with")


def from_restricted(origin: Origin) -> bool:
    """Whether any of the lessons were restricted: then so is what learned from them."""
    return any(one.get("restricted") for one in lineage(origin))


def taught_by(origin: Origin, split: str) -> bool:
    """Whether the split of this digest was among the lessons."""
    return any(split in one.get("splits", {}).values() for one in lineage(origin))


def external(origin: Origin) -> list[str]:
    """What a task's disclosure rule wants named: sources other than the train split."""
    return [one["external"] for one in lineage(origin) if "external" in one]
