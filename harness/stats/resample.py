"""Resampled sums as one matrix product: random weights (resamples x units) times statistics (units x columns).

The product is exact. Statistics are rounded to whole multiples of a power of two, fine enough to lose nothing that
matters (about 11 digits of the largest) and coarse enough for every sum of them to be a whole number below 2**53. So
the same input and seed give the same bits, whatever the block size, the number of threads or the order of the systems.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MANTISSA = 52


@dataclass(frozen=True)
class Resampling:
    """How often and from which seed. `memory` is how many bytes of weights are held at once; it changes no number."""

    times: int = 10_000
    seed: int = 0
    memory: int = 1 << 26

    @property
    def floor(self) -> float:
        """The smallest p-value that counting resamples can give (Phipson & Smyth 2010)."""
        return 1 / (self.times + 1)


DEFAULT = Resampling()


@dataclass(frozen=True)
class Draw:
    """A kind of resample: `weights(generator, units)` is one row; each kind has a stream of numbers of its own."""

    stream: int
    weights: Callable[[np.random.Generator, int], NDArray[np.generic]]


def _counts(random: np.random.Generator, units: int) -> NDArray[np.intp]:
    return np.bincount(random.integers(units, size=units), minlength=units)


def _signs(random: np.random.Generator, units: int) -> NDArray[np.int8]:
    return 2 * random.integers(2, size=units, dtype=np.int8) - 1


WITH_REPLACEMENT = Draw(1, _counts)
"""Multinomial counts: the bootstrap (Efron & Tibshirani 1993, ch. 6)."""

SIGNS = Draw(2, _signs)
"""A fair sign for each unit: the randomisation test of paired data (Fisher 1935; Noreen 1989)."""


def subsets(size: int) -> Draw:
    """`size` of the units, none of them twice."""

    def weights(random: np.random.Generator, units: int) -> NDArray[np.bool_]:
        row = np.zeros(units, dtype=np.bool_)
        row[random.choice(units, size, replace=False, shuffle=False)] = True
        return row

    return Draw(3, weights)


def resampled_sums(draw: Draw, tables: Sequence[Floats], how: Resampling) -> list[Floats]:
    """For each table of shape (units, columns, systems) the weighted sums over its units, of shape
    (1 + resamples, columns, systems). Row 0 is the sample itself. All tables see the same weights."""
    units = len(tables[0])
    shifts = [_shift(table) for table in tables]
    whole = [np.rint(np.ldexp(table, shift)).reshape(units, -1) for table, shift in zip(tables, shifts, strict=True)]
    sums = [np.empty((1 + how.times, flat.shape[1])) for flat in whole]
    for flat, total in zip(whole, sums, strict=True):
        total[0] = flat.sum(axis=0)

    random = np.random.default_rng([how.seed, draw.stream])
    weights = np.empty((min(how.times, max(1, how.memory // (8 * units))), units))
    for start in range(1, 1 + how.times, len(weights)):
        block = weights[: 1 + how.times - start]
        for row in block:
            row[:] = draw.weights(random, units)
        for flat, total in zip(whole, sums, strict=True):
            np.matmul(block, flat, out=total[start : start + len(block)])
    return [
        np.ldexp(total.reshape(-1, *table.shape[1:]), -shift)
        for total, table, shift in zip(sums, tables, shifts, strict=True)
    ]


def rounding(table: Floats) -> Floats:
    """By how much a resampled sum may be off, a column; shape (columns, 1). Sums that near are equal."""
    return np.ldexp(len(table) / 2, -_shift(table))


def _shift(table: Floats) -> NDArray[np.int_]:
    """The power of two that makes a column whole, shape (columns, 1). The weights of a resample add up to at most
    the number of units, so sums stay below 2**52."""
    _, exponent = np.frexp(np.abs(table).max(axis=(0, 2), initial=0.0)[:, None])
    shift: NDArray[np.int_] = _MANTISSA - len(table).bit_length() - exponent
    return shift
