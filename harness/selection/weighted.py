"""A weighted sum of features, each normalised among the candidates of its place; and one selector a field."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.types import Offer, Selector


@dataclass(frozen=True)
class Weighted:
    """The candidate with the largest sum of weight x z, where z tells by how many standard deviations its feature is
    above the mean of the candidates of that place; 0 where all have the same."""

    weights: Mapping[str, float]

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(self.weights)

    @property
    def ready(self) -> bool:
        return True

    def fit(self, offers: Sequence[Offer], scores: Sequence[Sequence[float]]) -> Weighted:
        return self

    def choose(self, offer: Offer) -> int:
        totals = [math.fsum(parts.values()) for parts in self._parts(offer)]
        return totals.index(max(totals))

    def reasons(self, offer: Offer) -> list[str]:
        parts = self._parts(offer)[self.choose(offer)]
        return [f"{name}: {value:+.3f}" for name, value in sorted(parts.items(), key=lambda part: -abs(part[1]))]

    def _parts(self, offer: Offer) -> list[dict[str, float]]:
        """For each candidate what each feature adds to its sum."""
        parts: list[dict[str, float]] = [{} for _ in offer.features]
        for name, weight in self.weights.items():
            values = [features.get(name, 0.0) for features in offer.features]
            for part, z in zip(parts, _normalised(values), strict=True):
                part[name] = weight * z
        return parts


def _normalised(values: Sequence[float]) -> list[float]:
    mean = math.fsum(values) / len(values)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
    return [(value - mean) / spread if spread else 0.0 for value in values]


@dataclass(frozen=True)
class ByField:
    """A selector of its own for some fields, `otherwise` for the rest."""

    otherwise: Selector
    fields: Mapping[str, Selector]

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for one in (self.otherwise, *self.fields.values()) for name in one.reads))

    @property
    def ready(self) -> bool:
        return all(one.ready for one in (self.otherwise, *self.fields.values()))

    def fit(self, offers: Sequence[Offer], scores: Sequence[Sequence[float]]) -> ByField:
        def taught(selector: Selector, fields: set[str]) -> Selector:
            chosen = [(o, s) for o, s in zip(offers, scores, strict=True) if o.field in fields]
            return selector.fit([o for o, _ in chosen], [s for _, s in chosen])

        rest = {offer.field for offer in offers} - set(self.fields)
        return ByField(taught(self.otherwise, rest), {name: taught(one, {name}) for name, one in self.fields.items()})

    def choose(self, offer: Offer) -> int:
        return self.of(offer.field).choose(offer)

    def reasons(self, offer: Offer) -> list[str]:
        return list(getattr(self.of(offer.field), "reasons", lambda _: [])(offer))

    def of(self, field: str) -> Selector:
        return self.fields.get(field, self.otherwise)
