"""Why a pool chose what it chose for a case: its candidates side by side, their features, and what decided."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from harness.contest import Contest
from harness.enter import recall
from harness.pools import Choosing
from harness.selection.choose import choice
from harness.selection.features import FEATURES
from harness.types import Offer, Settings

NARROWEST = 32
"""Characters a column of text needs; where there is less room the candidates stand one below the other."""


@dataclass(frozen=True)
class Explanation:
    """One field of a case: who wrote the candidates, their texts and features, which one is chosen, and why."""

    field: str
    writers: tuple[str, ...]
    texts: tuple[str, ...]
    features: tuple[dict[str, float], ...]
    chosen: int
    reasons: tuple[str, ...]


def explain(contest: Contest, pool: str, label: str = "", overrides: Settings | None = None) -> list[Explanation]:
    """Explain the choices for the one case of the contest, field by field. `label` and `overrides` are those that the
    pool was submitted with."""
    choosing = recall(contest, pool, label, overrides)
    offers = choosing.offers(choosing.selector.reads)
    return [_explained(choosing, at, offer) for at, offer in enumerate(offers)]


def _explained(choosing: Choosing, at: int, offer: Offer) -> Explanation:
    stall = choosing.stalls[at]
    reasons = getattr(choosing.selector, "reasons", lambda _: ())(offer)
    return Explanation(
        stall.field,
        tuple(f"{one.system}{f' ({one.index + 1})' if one.index else ''}" for one in stall.candidates),
        tuple(one.text for one in stall.candidates),
        tuple({n: v for n, v in features.items() if n in FEATURES} for features in offer.features),
        choice(choosing.selector, offer, choosing.name),
        tuple(reasons),
    )


def lines(one: Explanation, title: str, width: int) -> list[str]:
    """For a terminal of so many characters. The chosen one has a star."""
    order = sorted(range(len(one.writers)), key=lambda at: (at != one.chosen, one.writers[at], at))
    names = [f"{one.writers[at]}{' *' if at == one.chosen else ''}" for at in order]
    table = [["", *names]]
    table += [[name, *(f"{one.features[at][name]:.4g}" for at in order)] for name in one.features[0]]
    found = [f"{title}: {one.writers[one.chosen]}", "", *_aligned(table), ""]
    found += ["what decided:", *(f"  {reason}" for reason in one.reasons or ("the selector does not say",)), ""]
    return [*found, *_side_by_side(names, [one.texts[at] for at in order], width), ""]


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    rows = (list(zip(row, widths, strict=True)) for row in table)
    return [
        "  ".join([name.ljust(first), *(cell.rjust(width) for cell, width in rest)]) for (name, first), *rest in rows
    ]


def _side_by_side(names: Sequence[str], texts: Sequence[str], width: int) -> list[str]:
    column = (width - 3 * (len(texts) - 1)) // len(texts)
    if column < NARROWEST:
        return [line for name, text in zip(names, texts, strict=True) for line in (f"--- {name}", _clean(text), "")]
    blocks = [[name, "-" * column, *_wrapped(text, column)] for name, text in zip(names, texts, strict=True)]
    rows = zip_longest(*blocks, fillvalue="")
    return [" | ".join(cell[:column].ljust(column) for cell in row).rstrip() for row in rows]


def _wrapped(text: str, width: int) -> list[str]:
    return [line for paragraph in _clean(text).splitlines() for line in textwrap.wrap(paragraph, width) or [""]]


def _clean(text: str) -> str:
    """Texts come from models: no terminal codes."""
    return "".join(character for character in text if character.isprintable() or character in "\n\t")
