"""Chance that is the same everywhere and for ever."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Draws made of `Random(seed).random()` alone: of Python's generator only the seeding and `random` are promised
    never to change, and a frozen ward may not depend on more."""

    __slots__ = ("roll",)

    def __init__(self, seed: str) -> None:
        self.roll = Random(seed).random

    def chance(self, probability: float) -> bool:
        return self.roll() < probability

    def below(self, end: int) -> int:
        return int(self.roll() * end)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.roll() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self.roll() * len(options))]

    def weighted(self, options: Sequence[T], weights: Sequence[int]) -> T:
        at = self.below(sum(weights))
        for option, weight in zip(options, weights, strict=True):
            at -= weight
            if at < 0:
                return option
        raise AssertionError("weights are whole numbers above 0")

    def shuffled(self, options: Sequence[T]) -> list[T]:
        mixed = list(options)
        for last in range(len(mixed) - 1, 0, -1):
            at = self.below(last + 1)
            mixed[at], mixed[last] = mixed[last], mixed[at]
        return mixed

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """At most `count` of the options, in their own order."""
        kept = sorted(self.shuffled(range(len(options)))[: max(0, count)])
        return [options[at] for at in kept]
