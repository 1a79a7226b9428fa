"""What a choice gains over the best single member, and what it leaves to the oracle, with intervals by subject.

The best member is picked anew in every resample: a member that is best in this sample by luck is not best in each, so
an interval around the gain over it alone would be too far up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.stats.bootstrap import Interval, interval
from harness.stats.resample import DEFAULT, WITH_REPLACEMENT, Resampling, resampled_sums

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scored:
    """What a pool's candidates and its choices score, shape (fields, cases) and (fields, cases, members): NaN where
    the case has no reference for the field. A member's value is the mean over its candidates there, `worst` where it
    has none. `oracle` is the best candidate, `random` the mean over all. `groups` are the subjects of the cases."""

    fields: tuple[str, ...]
    members: tuple[str, ...]
    groups: tuple[str, ...]
    chosen: Floats
    oracle: Floats
    random: Floats
    single: Floats

    @property
    def best(self) -> int:
        """The member with the largest mean over fields of the mean over cases."""
        return int(np.nanmean(self.single, axis=1).mean(axis=0).argmax())

    def within(self, field: str) -> Scored:
        """The same for one field alone."""
        at = [self.fields.index(field)]
        parts = (self.chosen[at], self.oracle[at], self.random[at], self.single[at])
        return Scored((field,), self.members, self.groups, *parts)


@dataclass(frozen=True)
class Gain:
    """In units of the objective. `over_best` is the mean of the choice less that of the best member, which is picked
    anew in each resample; `regret` that of the oracle less that of the choice; `share` over_best as a part of the
    way from the best member to the oracle."""

    chosen: float
    best: float
    oracle: float
    random: float
    over_best: Interval
    regret: Interval
    share: float


def gain(scored: Scored, how: Resampling = DEFAULT) -> Gain:
    """Intervals are BCa, resampled by subject; they rest on the field that the fewest subjects have."""
    members = len(scored.members)
    table = np.concatenate([scored.chosen[..., None], scored.oracle[..., None], scored.single], axis=2)
    sums, sizes = _by_subject(table, scored.groups)
    drawn, counted = resampled_sums(WITH_REPLACEMENT, [sums, sizes], how)
    with np.errstate(invalid="ignore"):  # 0 / 0: a resample without a reference for a field
        means = (drawn / counted).mean(axis=1)
    chosen, oracle, best = means[:, 0], means[:, 1], means[:, 2:].max(axis=1)
    moves = _influence(sums, sizes)
    top = 2 + int(means[0, 2 : 2 + members].argmax())
    over, left = chosen - best, oracle - chosen
    room, subjects = float(oracle[0] - best[0]), int(np.count_nonzero(sizes, axis=0).min())
    return Gain(
        chosen=float(chosen[0]),
        best=float(best[0]),
        oracle=float(oracle[0]),
        random=float(np.nanmean(scored.random, axis=1).mean()),
        over_best=interval(float(over[0]), over, moves[:, 0] - moves[:, top], subjects),
        regret=interval(float(left[0]), left, moves[:, 1] - moves[:, 0], subjects),
        share=float(over[0]) / room if room > 0 else 0.0,
    )


def _by_subject(table: Floats, groups: Sequence[str]) -> tuple[Floats, Floats]:
    """Sums over each subject's cases, shape (subjects, fields, columns), and their number, (subjects, fields, 1)."""
    names = sorted(set(groups))
    of = np.array([names.index(group) for group in groups])
    there = ~np.isnan(table[..., :1])
    sums = np.zeros((len(names), table.shape[0], table.shape[2]))
    sizes = np.zeros((len(names), table.shape[0], 1))
    np.add.at(sums, of, np.nan_to_num(table).transpose(1, 0, 2))
    np.add.at(sizes, of, there.transpose(1, 0, 2).astype(np.float64))
    return sums, sizes


def _influence(sums: Floats, sizes: Floats) -> Floats:
    """How much each subject moves the mean over fields of each column, shape (subjects, columns)."""
    totals = sizes.sum(axis=0)
    moved = (sums - sums.sum(axis=0) / totals * sizes) / totals
    return np.asarray(moved.mean(axis=1) * len(sums), dtype=np.float64)
