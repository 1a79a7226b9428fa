"""What a report shows, as data: filled from score cards and texts, written as JSON, drawn by the page.

The public part (`Report`) holds numbers and names of systems only: no text and no id of a case ever enters it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Estimate: TypeAlias = tuple[float | None, float | None, float | None]
"""A value and the bounds of its interval; None where there is none."""


@dataclass(frozen=True)
class Column:
    """One number of the board. `about` is its signature, of a mean its members; one of them `ranks` the systems."""

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
    """A row. `values` by field, and `mean` for the mean over them: an Estimate a column. `rank` is None where nothing
    ranks, `low` and `high` bound it; every system of a `tie` is better than all of the next. `grades` (how hard to
    read) and `lengths` by field; `tokens`, `seconds` and `energy` (Wh) a 1,000 stays; `shares`: how many texts a pool
    took from whom."""

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
    grades: Mapping[str, float | None]
    tokens: float | None
    seconds: float | None
    energy: float | None
    lengths: Mapping[str, Lengths]
    shares: Mapping[str, int]


@dataclass(frozen=True)
class Field:
    """A field of the task, or a part of its one field. `width` is how many words a bin of its lengths is wide;
    `reference` are the lengths of what clinicians wrote, where they are known."""

    name: str
    title: str
    width: int
    reference: Lengths | None


@dataclass(frozen=True)
class Comparison:
    """Two systems by the mean that ranks: the difference first - second, its p-value from the randomisation test, as
    text, the same corrected for all comparisons, whether that tells the two apart, and how probably a hidden sample
    would put them the other way round."""

    first: str
    second: str
    difference: Estimate
    p: str
    p_holm: str
    apart: bool
    reversal: float | None


@dataclass(frozen=True)
class Contest:
    """A board. `pages` is the folder of its case pages, "" without them."""

    title: str
    task: str
    corpus: str
    split: str
    cases: int
    subjects: int
    ranked_by: str
    ranking: str
    fields: tuple[Field, ...]
    columns: tuple[Column, ...]
    systems: tuple[System, ...]
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]
    pages: str = ""


@dataclass(frozen=True)
class Report:
    contests: tuple[Contest, ...]
    version: str
    private: bool
