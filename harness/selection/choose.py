"""One candidate a place: the selector's choice among what the members of a pool offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from harness.competitor import blaming
from harness.errors import PluginError
from harness.run import Generated
from harness.selection.offers import Stall
from harness.types import Offer, Selector


def select(stalls: Sequence[Stall], offers: Sequence[Offer], selector: Selector, pool: str) -> Generated:
    """The chosen candidate of every stall. It keeps its writer's name."""
    chosen = {
        stall.place: (replace(stall.candidates[choice(selector, offer, pool)], index=0),)
        for stall, offer in zip(stalls, offers, strict=True)
    }
    return Generated(chosen)


def choice(selector: Selector, offer: Offer, pool: str) -> int:
    """Raises PluginError if the selector fails, or chooses what is not offered."""
    with blaming(pool, "to choose"):
        at = selector.choose(offer)
    if at not in range(len(offer.features)):
        raise PluginError(
            f"the selector of the pool '{pool}' chose number {at} of {len(offer.features)} candidates",
            todo="let choose() return the position of one of them, from 0",
        )
    return at


def shares(chosen: Generated) -> dict[str, int]:
    """How many texts each member wrote."""
    return dict(Counter(found[0].system for found in chosen.candidates.values()))
