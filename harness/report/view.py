"""What a report shows, as data: filled from score cards and texts, written as JSON, drawn by the page.

The public part (`Report`) holds numbers and names of systems only: no text and no id of a case ever enters it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Estimate: TypeAlias = tuple[float | None, float | None, float | None]
"""A value and the bounds of its interval; None where there is none."""

TOGETHER = "mean"
"""Stands among the names of fields for the mean over them."""


@dataclass(frozen=True)
class Column:
    """One number of the board. `about` is its signature; a mean has none. `tested`: the systems are ranked by it."""

    key: str
    title: str
    higher_is_better: bool = True
    about: str = ""
    ranks: bool = False


@dataclass(frozen=True)
class Lengths:
    """How long texts are, in words. `counts` has a number a bin of the field's `Scale`, the last for all above it."""

    counts: tuple[int, ...]
    low: float
    median: float
    high: float


@dataclass(frozen=True)
class System:
    """A row. `values` by field (and TOGETHER), an Estimate a column; `rank` None where nothing ranks, `low` and `high`
    bound it; systems of one `tie` cannot be put in an order. `lengths` by field; `shares` by field and member: how
    many texts a pool took from whom."""

    label: str
    plugin: str
    rank: int | None
    low: int | None
    high: int | None
    tie: int | None
    n: str
    failed: int
    unproven: int
    values: Mapping[str, tuple[Estimate, ...]]
    lengths: Mapping[str, Lengths] = field(default_factory=dict)
    shares: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Field:
    """A field of the task. `width` is how many words a bin of its lengths is wide; `reference` are the lengths of what
    clinicians wrote, where it could be read."""

    name: str
    title: str
    width: int = 1
    reference: Lengths | None = None


@dataclass(frozen=True)
class Contest:
    """A board. `uncertainty` says what the intervals are, or why there are none. `cases` is the folder of the case
    pages, "" without them."""

    task: str
    corpus: str
    split: str
    restricted: bool
    cases: int
    subjects: int
    ranked_by: str
    fields: tuple[Field, ...]
    columns: tuple[Column, ...]
    systems: tuple[System, ...]
    uncertainty: str
    notes: tuple[str, ...]
    pages: str = ""


@dataclass(frozen=True)
class Report:
    contests: tuple[Contest, ...]
    version: str
    private: bool
