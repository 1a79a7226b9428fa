"""What a board is made of: a score card with the statistics, the usage and the folder that belong to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from harness.board import TextFigures
from harness.errors import HarnessError, LeaderboardError, PluginError, ScoreError
from harness.measure import Floats
from harness.score import Stats
from harness.scorecard import CARD_FILES, read_card, read_stats
from harness.types import ScoreCard
from harness.usage import Usage, read_usage


@dataclass(frozen=True, eq=False)
class Cases:
    """What statistics need of a submission's cases. Cases and subjects are numbered in the order of the ids: the
    salted names in `cases.npz` are not the same in two workspaces, and resamples would not be either."""

    fields: tuple[str, ...]
    columns: tuple[str, ...]
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    values: Floats


@dataclass(frozen=True, eq=False)
class Entry:
    """A card, and where they are known its cases, what its texts are like by field, what it took, and its folder."""

    card: ScoreCard
    cases: Cases | None = None
    texts: dict[str, TextFigures] = field(default_factory=dict)
    usage: Usage | None = None
    folder: Path | None = None


def entry(card: ScoreCard, stats: Stats) -> Entry:
    """The entry of a submission that was scored just now, wherever it lies."""
    ids = _numbers(len(stats.ids))
    subjects = dict(zip(dict.fromkeys(stats.groups), ids, strict=False))
    groups = tuple(map(subjects.__getitem__, stats.groups))
    cases = Cases(stats.fields, stats.columns, ids, groups, stats.values)
    return Entry(card, cases, {name: _figures(stats, f) for f, name in enumerate(stats.fields)})


@cache
def _numbers(count: int) -> tuple[str, ...]:
    """Numbers from 0 that sort as text: the same objects for every system of a board."""
    return tuple(str(at).zfill(len(str(count))) for at in range(count))


def read_entry(path: Path) -> Entry:
    """The entry of a card's file. Raises ScoreError for a card that cannot be trusted, or without its statistics."""
    card = read_card(path)
    usage = read_usage(path.parent, card.manifest.candidates_digest)
    return replace(entry(card, read_stats(path.parent, card)), usage=usage, folder=path.parent)


@dataclass(frozen=True)
class Collected:
    """The entries of a folder, and why others of them cannot be read."""

    entries: tuple[Entry, ...]
    refusals: tuple[HarnessError, ...]


def collect(folder: Path) -> Collected:
    """Every score card below the folder, of both variants, partial ones too, in the order of their paths."""
    if not folder.is_dir():
        raise LeaderboardError(f"there is no folder {folder}", todo="name the folder of the scored submissions")
    found: list[Entry] = []
    refusals: list[HarnessError] = []
    for path in sorted(path for name in CARD_FILES.values() for path in folder.rglob(name)):
        try:
            found.append(read_entry(path))
        except ScoreError as refusal:
            refusals.append(refusal)
    return Collected(tuple(found), tuple(refusals))


def of_tasks(collected: Collected, known: Collection[str]) -> Collected:
    """The entries of the tasks that are known, and for each other task why its own are left out."""
    runs = Counter(one.card.manifest.task for one in collected.entries)
    refusals = (
        PluginError(
            f"the board of the task '{task}' is left out: there is no such task here, and {count} score "
            f"card{'s are' if count > 1 else ' is'} of it",
            todo="give the file that defines it: --plugin FILE",
        )
        for task, count in sorted(runs.items())
        if task not in known
    )
    entries = tuple(one for one in collected.entries if one.card.manifest.task in known)
    return Collected(entries, (*collected.refusals, *refusals))


def _figures(stats: Stats, f: int) -> TextFigures:
    """Of the cases that have a reference."""
    there = stats.words[f, :, 1] > 0
    grades = stats.grade[f][there & ~np.isnan(stats.grade[f])]
    return TextFigures(
        words=_mean(stats.words[f, there, 0]),
        reference_words=_mean(stats.words[f, there, 1]),
        grade=_mean(grades) if len(grades) else None,
    )


def _mean(values: Sequence[float] | Floats) -> float:
    return float(np.mean(values)) if len(values) else 0.0
