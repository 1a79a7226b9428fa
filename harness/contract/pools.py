"""The rules for pools."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from harness.contract.trial import QUIET, SETTINGS, Trial, imports_quietly, settings_can_be_set
from harness.errors import PluginError
from harness.lineup import DEFAULT_LINEUP, read_lineup
from harness.plugins import unknown
from harness.pool import features
from harness.types import Candidate, Pool

MOST = 5
DRAWS = 40


class _Guide:
    def order(self, field: str) -> tuple[str, ...]:
        return ()

    def words(self, field: str) -> int:
        return 20


class PoolTrial:
    def __init__(self, trial: Trial) -> None:
        self.trial = trial

    def pool(self) -> Pool:
        pool: Pool = self.trial.plugin().pool()
        return pool

    def offers(self) -> list[list[dict[str, float]]]:
        """Features of one to five candidates, of random texts."""
        rng = random.Random(0)

        def offer() -> dict[str, float]:
            text = " ".join(rng.choices("abcdefgh", k=rng.randrange(60)))
            return features(Candidate("1", "f", text, finish=rng.choice(("stop", "length", None))), _Guide())

        return [[offer() for _ in range(1 + draw % MOST)] for draw in range(DRAWS)]


def members_exist(trial: PoolTrial) -> None:
    members, own = trial.pool().members, trial.trial.entry.name
    if not members or own in members:
        raise PluginError(
            f"it has {'itself among its members' if members else 'no members'}", todo="name systems that write"
        )
    names = sorted({*trial.trial.registry.names("system"), *read_lineup(DEFAULT_LINEUP).entrants})
    for member in members:
        if member not in names:
            raise unknown("system", member, names)


def chooses_what_is_offered(trial: PoolTrial) -> None:
    plain, offers = trial.pool().selector, trial.offers()
    learned = plain.fit(offers, [[feature["words"] for feature in offer] for offer in offers])
    for selector, state in ((plain, "before"), (learned, "after")):
        for offer in offers:
            at = selector.choose(offer)
            if type(at) is not int or not 0 <= at < len(offer):
                raise PluginError(
                    f"{state} fit() it chose {at!r} of {len(offer)} candidates",
                    todo="return an int from 0 to len(features) - 1",
                )


def chooses_by_features_alone(trial: PoolTrial) -> None:
    def other_way_round(feature: Mapping[str, float]) -> dict[str, float]:
        return {name: feature[name] for name in reversed([*feature])}

    offers, selector = trial.offers(), trial.pool().selector
    first = [selector.choose(offer) for offer in offers]
    again = [trial.pool().selector.choose([*map(other_way_round, offer)]) for offer in reversed(trial.offers())]
    if first != again[::-1]:
        raise PluginError("offered the same again it chose another", todo="let the choice follow from features alone")
    if offers != trial.offers():
        raise PluginError("it changes the features that it was given", todo="work on a copy")


RULES: dict[str, Callable[[PoolTrial], None]] = {
    QUIET: lambda trial: imports_quietly(trial.trial),
    SETTINGS: lambda trial: settings_can_be_set(trial.trial),
    "its members exist": members_exist,
    "it chooses one of what is offered": chooses_what_is_offered,
    "it chooses by the features alone": chooses_by_features_alone,
}
