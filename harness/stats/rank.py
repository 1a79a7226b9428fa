"""Which ranks the data support."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.stats.bootstrap import LEVEL
from harness.stats.compare import Randomisation, holm, in_order
from harness.stats.resample import DEFAULT, Resampling
from harness.stats.sample import Measure, Sample


@dataclass(frozen=True)
class Place:
    """Where a system stands. `rank` is by its value alone; the true rank lies from `low` to `high`. The systems of
    `group` 1 are all better than those of group 2, and so on; within a group some may be better than others."""

    system: str
    value: float
    rank: int
    low: int
    high: int
    group: int


@dataclass(frozen=True)
class Ranking:
    """The places from best to worst. All intervals hold together with the probability `level`; `tests` pairs of
    systems were tested, and `floor` is the smallest p-value that counting resamples could give: smaller ones are
    bounds of the tail."""

    measure: Measure
    level: float
    tests: int
    floor: float
    places: tuple[Place, ...]


def rank(
    sample: Sample,
    measure: Measure,
    how: Resampling = DEFAULT,
    *,
    level: float = LEVEL,
    higher_is_better: bool = True,
) -> Ranking:
    """Rank the systems by the measure, with what can be said of their ranks.

    Every two systems are tested by approximate randomisation, with the correction of Holm for all pairs. A rank lies
    between 1 + how many systems are significantly better and k - how many are significantly worse (Mogstad, Romano,
    Shaikh & Wilhelm 2024: confidence sets for ranks from tests of all pairs)."""
    order = in_order(sample, measure, higher_is_better=higher_is_better)
    values = [sample.value(system, measure) for system in order]
    beats = _beats(sample, measure, order, how, 1 - level)
    groups = _groups(beats)
    return Ranking(
        measure=measure,
        level=level,
        tests=len(order) * (len(order) - 1) // 2,
        floor=how.floor,
        places=tuple(
            Place(
                system=system,
                value=values[i],
                rank=1 + values.index(values[i]),
                low=1 + int(beats[:, i].sum()),
                high=len(order) - int(beats[i].sum()),
                group=groups[i],
            )
            for i, system in enumerate(order)
        ),
    )


def _beats(sample: Sample, measure: Measure, order: list[str], how: Resampling, alpha: float) -> NDArray[np.bool_]:
    """Which system (row) is significantly better than which (column), both from best to worst."""
    test = Randomisation.of(sample, measure, how)
    at = [sample.systems.index(system) for system in order]
    rows, columns = np.triu_indices(len(order), k=1)
    p_values = [test.p(at[row], at[column]) for row, column in zip(rows, columns, strict=True)]
    beats = np.zeros((len(order), len(order)), dtype=np.bool_)
    beats[rows, columns] = np.array(holm(p_values)) <= alpha
    return beats


def _groups(beats: NDArray[np.bool_]) -> list[int]:
    """Numbers from 1; a group ends where everybody above beats everybody below (the clusters of Bojar et al. 2016)."""
    ends = [bool(beats[:i, i:].all()) for i in range(1, len(beats))]
    return [1 + sum(ends[:i]) for i in range(len(beats))]
