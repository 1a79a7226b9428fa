"""The rules for pools."""

from __future__ import annotations

import random
from collections.abc import Callable

from harness.contract.trial import QUIET, SETTINGS, Trial, imports_quietly, settings_can_be_set
from harness.errors import PluginError, unknown
from harness.lineup import DEFAULT_LINEUP, read_lineup
from harness.selection.features import FEATURES, MEMBER, check_reads
from harness.selection.reading import Reading, Seen
from harness.types import Offer, Pool, Selector

MOST = 5
DRAWS = 40


class PoolTrial:
    def __init__(self, trial: Trial) -> None:
        self.trial = trial

    def pool(self) -> Pool:
        pool: Pool = self.trial.plugin().pool()
        return pool

    def offers(self) -> list[Offer]:
        """One to five candidates, of random texts, with every feature that needs no asset."""
        rng = random.Random(0)

        def text() -> Reading:
            return Reading(" ".join(rng.choices("abcdefgh", k=1 + rng.randrange(60))))

        def features(member: int) -> dict[str, float]:
            seen = Seen(text(), text(), [text()], 20, rng.choice(("stop", "length", None)))
            found = {name: one.compute(seen) for name, one in FEATURES.items() if one.needs is None}
            return {**found, f"{MEMBER}{member}": 1.0}

        offered = (tuple(features(member) for member in range(1 + draw % MOST)) for draw in range(DRAWS))
        return [Offer("f", str(draw), features) for draw, features in enumerate(offered)]


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
    learned = plain.fit(offers, [[features["words"] for features in offer.features] for offer in offers])
    for selector, state in ((plain, "before"), (learned, "after")):
        if not selector.ready:
            continue
        for offer in offers:
            at = selector.choose(offer)
            if type(at) is not int or not 0 <= at < len(offer.features):
                raise PluginError(
                    f"{state} fit() it chose {at!r} of {len(offer.features)} candidates",
                    todo="return an int from 0 to len(offer.features) - 1",
                )


def chooses_by_features_alone(trial: PoolTrial) -> None:
    def other_way_round(offer: Offer) -> Offer:
        turned = ({name: features[name] for name in reversed([*features])} for features in offer.features)
        return Offer(offer.field, offer.group, tuple(turned))

    def taught() -> Selector:
        selector, offers = trial.pool().selector, trial.offers()
        return selector if selector.ready else selector.fit(offers, [[0.0] * len(one.features) for one in offers])

    offers, selector = trial.offers(), taught()
    first = [selector.choose(offer) for offer in offers]
    selector = taught()
    again = [selector.choose(other_way_round(offer)) for offer in reversed(trial.offers())]
    if first != again[::-1]:
        raise PluginError("offered the same again it chose another", todo="let the choice follow from features alone")
    if offers != trial.offers():
        raise PluginError("it changes the features that it was given", todo="work on a copy")


def reads_features_that_exist(trial: PoolTrial) -> None:
    check_reads(trial.pool(), "its selector")


RULES: dict[str, Callable[[PoolTrial], None]] = {
    QUIET: lambda trial: imports_quietly(trial.trial),
    SETTINGS: lambda trial: settings_can_be_set(trial.trial),
    "its members exist": members_exist,
    "it reads features that there are": reads_features_that_exist,
    "it chooses one of what is offered": chooses_what_is_offered,
    "it chooses by the features alone": chooses_by_features_alone,
}
