"""One scorer, one batch of pairs: its rows, the pairs that it refuses, and who is at fault if it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from harness.blame import raise_if_nobodys
from harness.errors import CannotJudge, HarnessError, ScoreError
from harness.nlp.networks import TO_FIT
from harness.panel import OpenScorer, fault
from harness.types import Pair

Floats = NDArray[np.float64]

NAME_THE_PAIR = "raise CannotJudge(reason, at=index of the pair)"


@dataclass(frozen=True, eq=False)
class Rows:
    """What a scorer says of some pairs. `cells` has the shape (pairs, columns), or (pairs, columns + 2) where the
    scorer tells what it cut: tokens, and tokens unseen. `refusals` gives the reason for each index of a pair that it
    cannot judge, whose cells are NaN."""

    cells: Floats
    refusals: Mapping[int, str]


def width(one: OpenScorer) -> int:
    """Cells of a row."""
    return len(one.columns) + 2 * one.tells_truncation


def measure(one: OpenScorer, pairs: Sequence[Pair]) -> Rows:
    """The scorer's rows. Raises ScoreError naming the scorer and, where it can be found, the case on which it fails."""
    cells = np.full((len(pairs), width(one)), np.nan)
    left, refusals = list(range(len(pairs))), {}
    while left:
        try:
            cells[left] = _measured(one, [pairs[at] for at in left])
            break
        except CannotJudge as refusal:
            refusals[left.pop(_refused(one, refusal, len(left)))] = refusal.what
    return Rows(cells, refusals)


def _refused(one: OpenScorer, refusal: CannotJudge, pairs: int) -> int:
    """The index of the pair that is refused. Raises ScoreError if that is none of them."""
    if refusal.at is None:
        raise ScoreError(
            f"the scorer '{one.name}' does not say which text it refuses: {fault(refusal)}",
            todo=NAME_THE_PAIR,
        ) from None
    if not isinstance(refusal.at, SupportsIndex):
        raise ScoreError(
            f"the scorer '{one.name}' names the text that it refuses by {type(refusal.at).__name__}",
            todo=NAME_THE_PAIR,
        ) from None
    if not 0 <= refusal.at < pairs:
        raise ScoreError(
            f"the scorer '{one.name}' refuses the pair {refusal.at} of {pairs}",
            todo="let CannotJudge name the index of a pair that measure() was given",
        ) from None
    return refusal.at


class _BrokenError(Exception):
    """What a scorer did wrong, in words that hold no text of a pair."""


def _measured(one: OpenScorer, pairs: Sequence[Pair]) -> Floats:
    try:
        return _cells(one, pairs)
    except _BrokenError as broken:
        found = _culprit(one, pairs)
        where = f"on case {found.case}, {found.field}" if found else f"on {len(pairs)} pairs at once, on none alone"
        raise ScoreError(
            f"the scorer '{one.name}' {broken}, {where}", todo="mend it, or name the others: --scorers a,b"
        ) from None


def _cells(one: OpenScorer, pairs: Sequence[Pair]) -> Floats:
    rows = _asked(one, "measure", pairs, len(one.columns))
    if not one.tells_truncation:
        return rows
    seen = _asked(one, "truncated", pairs, 2)
    if ((seen[:, 1] < 0) | (seen[:, 1] > seen[:, 0])).any():
        raise _BrokenError("counts more tokens unseen than there are")
    return np.concatenate([rows, seen], axis=1)


def _asked(one: OpenScorer, method: str, pairs: Sequence[Pair], columns: int) -> Floats:
    try:
        answer: Any = getattr(one.scorer, method)(pairs)
        rows = np.asarray(answer, dtype=np.float64)
    except HarnessError:
        raise
    except (Exception, SystemExit) as error:
        what = f"the scorer '{one.name}' ran out of memory on {len(pairs)} pairs"
        raise_if_nobodys(error, ScoreError(what, todo=TO_FIT))
        raise _BrokenError(f"failed: {fault(error)}") from None
    if rows.shape != (shape := (len(pairs), columns)):
        raise _BrokenError(f"returned an array of shape {rows.shape} where {shape} (pairs, columns) was due")
    if not np.isfinite(rows).all():
        raise _BrokenError("returned a value that is not a finite number")
    return rows


def _culprit(one: OpenScorer, pairs: Sequence[Pair]) -> Pair | None:
    """A pair on which the scorer fails by itself, found by halving."""

    def fails(some: Sequence[Pair]) -> bool:
        try:
            _cells(one, some)
        except _BrokenError:
            return True
        except CannotJudge:
            pass
        return False

    while len(pairs) > 1:
        half = len(pairs) // 2
        pairs = pairs[:half] if fails(pairs[:half]) else pairs[half:]
    return pairs[0] if fails(pairs) else None
