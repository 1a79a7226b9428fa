"""Dynamic Expert Selection: of several systems' texts for a case, the one that looks most like a finished target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness import Pool, system


@system("des", needs=("guide",))
@dataclass(frozen=True)
class DynamicExpertSelection:
    """A pool of systems; chosen is the text closest to a target's usual length that neither loops nor is cut off."""

    members: tuple[str, ...] = ("nearest", "few-shot")
    max_repeated: float = 0.2

    def pool(self) -> Pool:
        return Pool(self.members, ClosestLength(self.max_repeated))


@dataclass(frozen=True)
class ClosestLength:
    """Texts that loop (`repeated` above `max_repeated`) or are cut off come last, then the distance to the length that
    the train split teaches decides, then the order of the members."""

    max_repeated: float

    def fit(
        self, features: Sequence[Sequence[Mapping[str, float]]], scores: Sequence[Sequence[float]]
    ) -> ClosestLength:
        return self

    def choose(self, features: Sequence[Mapping[str, float]]) -> int:
        def badness(at: int) -> tuple[float, float]:
            feature = features[at]
            faults = feature["cut_off"] + (feature["repeated"] > self.max_repeated)
            return faults, abs(feature["length_ratio"] - 1)

        return min(range(len(features)), key=badness)
