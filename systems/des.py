"""Dynamic Expert Selection: of several systems' texts for a case one is chosen, by features that need no reference.

The selector is declared in the lineup:

    [systems.des]
    members = ["lead", "nearest", "few-shot"]
    choose = "rules"                                 # or "weighted", "mbr", "learned"
    rules = ["cut_off < 1", "repeated <= 0.2"]
    prefer = ["smallest length_distance"]

What differs for a field stands in a table of its own: [systems.des.fields.discharge_instructions].
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypedDict

from harness import (
    ByField,
    Learned,
    Pool,
    Rules,
    Selector,
    SettingsError,
    Weighted,
    minimum_bayes_risk,
    read_fitted,
    system,
)

LEXICAL = (
    "words",
    "length_distance",
    "length_apart",
    "repeated",
    "unfinished",
    "line_words",
    "second_person",
    "flesch_kincaid",
    "dale_chall",
    "coleman_liau",
    "copied",
    "word_support",
    "word_coverage",
    "unsupported_numbers",
    "unsupported_doses",
    "unsupported_dates",
    "agreement",
    "agreement_words",
    "agreement_bigrams",
)


Choose: TypeAlias = Literal["rules", "weighted", "mbr", "learned"]


class Differing(TypedDict, total=False):
    """The settings that may differ by field."""

    choose: Choose
    rules: tuple[str, ...]
    prefer: tuple[str, ...]
    weights: Mapping[str, Any]
    utility: str
    features: tuple[str, ...]


@system("des", needs=("guide",))
@dataclass(frozen=True)
class DynamicExpertSelection:
    """A pool of systems, and a selector that chooses among their texts by rules, weights, agreement or a regression.

    `choose` names the selector: `rules` and `prefer` are for "rules", `weights` (by feature) for "weighted", `utility`
    (a feature) for "mbr", `features` and `fitted` for "learned", which without `fitted` is taught on at most
    `fit_cases` cases of the valid split. `fields` has, by field, what is otherwise there. `assumes` says in a line
    what the selector takes for granted; it changes nothing.
    """

    members: tuple[str, ...] = ("nearest", "few-shot")
    choose: Choose = "rules"
    rules: tuple[str, ...] = ("cut_off < 1", "repeated <= 0.2")
    prefer: tuple[str, ...] = ("smallest length_distance",)
    weights: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    utility: str = "agreement"
    features: tuple[str, ...] = LEXICAL
    fitted: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    fit_cases: int = 200
    fields: Mapping[str, Differing] = dataclasses.field(default_factory=dict)
    assumes: str = ""

    def __post_init__(self) -> None:
        if self.fit_cases < 1:
            raise ValueError("fit_cases takes 1 or more")

    def pool(self) -> Pool:
        own = {name: dataclasses.replace(self, **values).selector() for name, values in self.fields.items()}
        return Pool(self.members, ByField(self.selector(), own) if own else self.selector(), self.fit_cases)

    def selector(self) -> Selector:
        """The selector without what differs by field."""
        if self.choose == "rules":
            return Rules(self.rules, self.prefer)
        if self.choose == "mbr":
            return minimum_bayes_risk(self.utility)
        if self.choose == "learned":
            return Learned(self.features, read_fitted(self.fitted))
        if not self.weights or not all(type(weight) in (int, float) for weight in self.weights.values()):
            raise SettingsError(
                'choose = "weighted" without weights that are numbers', todo="write weights = { agreement = 1.0 }"
            )
        return Weighted({name: float(weight) for name, weight in self.weights.items()})
