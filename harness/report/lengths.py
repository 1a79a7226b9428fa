"""How long texts are: histograms of words, all systems of a field in the same bins."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.report.view import Lengths

BINS = 30
_LONGEST = 0.95
_ROOM = 1.25


def bin_width(references: Sequence[int], systems: Sequence[Sequence[int]]) -> int:
    """How many words wide a bin is. The bins have room for what is usual among references and systems: one system
    that goes on and on does not press the others into a corner."""
    ends = [float(np.quantile(sample, _LONGEST)) for sample in systems if sample]
    usual = [*([float(np.quantile(references, _LONGEST))] if references else []), float(np.median(ends or [1.0]))]
    return max(1, math.ceil(_ROOM * max(usual) / (BINS - 1)))


def lengths(sample: Sequence[int], width: int) -> Lengths | None:
    """None for a sample without a text."""
    if not sample:
        return None
    counts = np.bincount(np.minimum(np.array(sample) // width, BINS - 1), minlength=BINS)
    low, median, high = np.quantile(sample, [0.05, 0.5, 0.95])
    return Lengths(tuple(map(int, counts)), float(low), float(median), float(high))
