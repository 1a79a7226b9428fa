"""Pairs -> statistics per case.

Three things can be missing, and each has its own answer: a hypothesis (the column's worst value, counted as failed),
a reference (the case is out for that field for every system, counted as excluded), an asset (the column is n/a).
A hypothesis that a scorer refuses counts like one that is missing, for that scorer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, fields, replace
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import ScoreError
from harness.files import digest, digest_bytes
from harness.measure import Floats, Rows
from harness.panel import OpenScorer
from harness.parts import divided_references, divided_submission, of_parts
from harness.progress import counter
from harness.readability import school_grade
from harness.scoring import Scoring
from harness.types import Pair, Reference, Signature, Submission, Task
from harness.validate import id_order

CHUNK = 1024
"""Cases whose references are in memory at once."""
SHORT = 4
"""A reference of fewer tokens is short: BLEU-4 is about 0 even for a perfect copy of it."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Stats:
    """What each case scored. Cases stand in ascending order of their ids; `ids` and `groups` are salted.

    `values` has the shape (fields, cases, columns) and is NaN where the case has no reference for the field. In
    arrays of shape (fields, cases), `failed` marks missing hypotheses and `short` references of under 4 tokens.
    `refused`, of the shape of `values`, is 0 or the number (from 1) in `reasons` why a scorer would not judge. The
    values of both are the columns' worst. `seen`, of shape (fields, cases, ledger, 2), holds for each column in
    `ledger` the tokens of both texts, and how many of them the metric never saw. `words`, of shape (fields, cases, 2),
    counts those of hypothesis and reference, 0 where there is no reference; `grade`, of shape (fields, cases), is how
    hard the hypothesis is to read (harness.readability), NaN where nobody can say."""

    fields: tuple[str, ...]
    columns: tuple[str, ...]
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    values: Floats
    failed: Flags
    short: Flags
    refused: NDArray[np.uint16]
    reasons: tuple[str, ...]
    ledger: tuple[str, ...]
    seen: Floats
    words: NDArray[np.uint32]
    grade: Floats


@dataclass(frozen=True, eq=False)
class Measured:
    """A submission's statistics, what they were measured on, what each column is (without the variant of the
    aggregation), what tells these measures from others, and the columns whose assets are missing. `parts` are the
    statistics of the parts of the same texts, where the task has any; `sources` the digests of the code that measured,
    by column."""

    stats: Stats
    reference_digest: str
    ids_digest: str
    signatures: Mapping[str, Signature]
    measures: Mapping[str, str]
    missing: tuple[str, ...]
    parts: Stats | None = None
    sources: Mapping[str, str] = field(default_factory=dict)


def score(
    submission: Submission, references: Iterable[Reference], task: Task, scoring: Scoring, salt: str, cases: int
) -> Measured:
    """Judge the submission on the cases of `references`, all of them and no other; `cases` is how many there are.

    `salt` is the secret with which the ids of cases and groups are hashed in the statistics.
    Raises ScoreError naming a scorer that fails and, where it can be found, the case on which it does.
    """
    reasons: dict[str, int] = {}
    stats: list[Stats] = []
    parts: list[Stats] = []
    digests: dict[str, str] = {}
    total = cases * (len(task.fields) + len(task.parts)) * len(scoring.working)
    with closing(counter("scoring", total=total, unit="text")) as progress:
        for chunk in _chunks(references):
            stats.append(_chunk_stats(chunk, submission, task, scoring, reasons, salt, progress.update))
            if task.parts:
                whole, texts = divided_references(chunk, task), divided_submission(submission, chunk, task)
                parts.append(_chunk_stats(whole, texts, of_parts(task), scoring, reasons, salt, progress.update))
            digests |= {one.id: _reference_digest(one, task) for one in chunk}
    if not stats:
        raise ScoreError("there is no reference to score against", todo="choose a split that has its targets")
    ids = list(digests)
    order = sorted(range(len(ids)), key=lambda at: id_order(ids[at]))

    def joined(chunks: Sequence[Stats]) -> Stats:
        return take(replace(_joined(chunks), reasons=tuple(reasons)), order)

    return Measured(
        stats=joined(stats),
        parts=joined(parts) if parts else None,
        reference_digest=_references_digest(digests),
        ids_digest=ids_digest(ids),
        signatures=signatures(scoring),
        measures=scoring.measures,
        sources=scoring.sources,
        missing=scoring.absent,
    )


def _chunks(references: Iterable[Reference]) -> Iterator[list[Reference]]:
    waiting = iter(references)
    while chunk := list(islice(waiting, CHUNK)):
        yield chunk


def _chunk_stats(
    references: Sequence[Reference],
    submission: Submission,
    task: Task,
    scoring: Scoring,
    reasons: dict[str, int],
    salt: str,
    moved: Callable[[int], object],
) -> Stats:
    """The statistics of some cases; `reasons` numbers the reasons of refusals, and grows."""
    names = [f.name for f in task.fields]
    asked = [[one.values.get(name, "") for one in references] for name in names]
    given = [[submission.rows.get(one.id, {}).get(name, "") for one in references] for name in names]
    wanted, written = (_flags([[text.strip() for text in row] for row in texts]) for texts in (asked, given))
    words = np.where(wanted[..., None], np.stack([_words(given), _words(asked)], axis=2), 0)
    judged = wanted & written
    rows = scoring.measure(_pairs(submission, references, names, judged), moved)
    working = list(scoring.working.values())
    nothing = np.empty((*wanted.shape, 0)), np.empty((*wanted.shape, 0), np.uint16), np.empty((*wanted.shape, 0, 2))
    parts = [_columns(one, found, wanted, judged, reasons) for one, found in zip(working, rows, strict=True)]
    values, refused, seen = (np.concatenate(arrays, axis=2) for arrays in zip(nothing, *parts, strict=True))
    moved(len(working) * int((~judged).sum()))
    return Stats(
        fields=tuple(names),
        columns=tuple(column for one in working for column in one.columns),
        ids=tuple(_salted(salt, one.id) for one in references),
        groups=tuple(_salted(salt, one.group) for one in references),
        values=values,
        failed=wanted & ~written,
        short=wanted & (words[..., 1] < SHORT),
        refused=refused,
        reasons=(),
        ledger=tuple(column for one in working if one.tells_truncation for column in one.columns),
        seen=seen,
        words=words,
        grade=np.where(wanted, [[school_grade(text, task.language) for text in row] for row in given], np.nan),
    )


def _words(texts: Sequence[Sequence[str]]) -> NDArray[np.uint32]:
    return np.array([[len(text.split()) for text in row] for row in texts], np.uint32)


def _columns(
    one: OpenScorer, rows: Rows, wanted: Flags, judged: Flags, reasons: dict[str, int]
) -> tuple[Floats, NDArray[np.uint16], Floats]:
    """A scorer's part of the values, of the refusals, and of the ledger."""
    count = len(one.columns)
    values = np.full((*wanted.shape, count), np.nan)
    refused = np.zeros((*wanted.shape, count), np.uint16)
    seen = np.zeros((*wanted.shape, count if one.tells_truncation else 0, 2))
    numbers = np.zeros(len(rows.cells), np.uint16)
    for at, reason in rows.refusals.items():
        numbers[at] = reasons.setdefault(reason, len(reasons) + 1)
    values[wanted] = _worst(one)
    values[judged] = np.where(numbers[:, None] > 0, values[judged], rows.cells[:, :count])
    refused[judged] = numbers[:, None]
    if one.tells_truncation:
        seen[judged] = np.nan_to_num(rows.cells[:, None, count:])
    return values, refused, seen


def _pairs(submission: Submission, references: Sequence[Reference], fields: Sequence[str], judged: Flags) -> list[Pair]:
    """The pairs of the marked cells, field by field."""
    pairs = []
    for f, c in np.argwhere(judged):
        one, field = references[c], fields[f]
        pairs.append(Pair(one.id, one.group, field, one.values[field], submission.rows[one.id][field]))
    return pairs


def _flags(rows: Sequence[Sequence[Any]]) -> Flags:
    return np.array([[bool(cell) for cell in row] for row in rows], dtype=np.bool_)


def _joined(parts: Sequence[Stats]) -> Stats:
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts], axis=1) for name in _arrays(parts[0])
    }
    joined |= {name: tuple(chain(*(getattr(part, name) for part in parts))) for name in ("ids", "groups")}
    return replace(parts[0], **joined)


def take(stats: Stats, at: Sequence[int]) -> Stats:
    """The statistics of the cases at these places, in this order."""
    taken: dict[str, Any] = {name: getattr(stats, name)[:, list(at)] for name in _arrays(stats)}
    return replace(stats, ids=tuple(stats.ids[i] for i in at), groups=tuple(stats.groups[i] for i in at), **taken)


def _arrays(stats: Stats) -> list[str]:
    """The names of the arrays, all of which have the cases in their second dimension."""
    return [f.name for f in fields(stats) if isinstance(getattr(stats, f.name), np.ndarray)]


def _salted(salt: str, name: str) -> str:
    return digest_bytes((salt + name).encode())[:16]


def salted_ids(salt: str, ids: Iterable[str]) -> list[str]:
    """Ids as they stand in statistics."""
    return [_salted(salt, id) for id in ids]


def ids_digest(ids: Iterable[str]) -> str:
    return digest_bytes("\n".join(sorted(ids, key=id_order)).encode())


def reference_digest(references: Iterable[Reference], task: Task) -> str:
    """Digest of the references of some cases, whatever their order."""
    return _references_digest({one.id: _reference_digest(one, task) for one in references})


def signatures(scoring: Scoring) -> dict[str, Signature]:
    """What each column is whose assets are there, the parts in alphabetical order."""
    found = {}
    for one in scoring.working.values():
        for column in one.columns:
            said = one.signature(column)
            identity = {"metric": column, **said.identity}
            found[column] = Signature(dict(sorted(identity.items())), dict(sorted(said.environment.items())))
    return found


def _worst(one: OpenScorer) -> list[float]:
    worst = [one.worst(column) for column in one.columns]
    if not all(map(math.isfinite, worst)):
        raise ScoreError(
            f"the scorer '{one.name}' gives a failed text {worst} in its columns {', '.join(one.columns)}",
            todo="let `worst` return a finite number: a failed text counts in the mean",
        )
    return worst


def _reference_digest(one: Reference, task: Task) -> str:
    return digest([one.values.get(f.name, "") for f in task.fields])


def _references_digest(digests: Mapping[str, str]) -> str:
    return digest([[id, digests[id]] for id in sorted(digests, key=id_order)])
