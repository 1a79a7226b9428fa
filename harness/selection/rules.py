"""Rules that are read from top to bottom, as the winning team of "Discharge Me!" describes its selection.

rules = ["cut_off < 1", "repeated <= 0.2"]      who does not keep a rule is out, unless nobody does
prefer = ["smallest length_distance"]           of those that are left; the next one decides between equals
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from harness.errors import SettingsError
from harness.types import Offer

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
Keeps: TypeAlias = Callable[[Mapping[str, float]], bool]

_RULE = re.compile(r"([\w:.-]+) *(<=|>=|<|>) *(-?\d+(?:\.\d+)?)")
_PREFERENCE = re.compile(r"(smallest|largest) +([\w:.-]+)")


@dataclass(frozen=True)
class Rules:
    """Candidates that do not keep a rule are put aside, unless none keeps it; then the preferences decide.

    Raises SettingsError for a rule or a preference that cannot be read."""

    rules: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _ = self._rules, self._preferences

    @property
    def reads(self) -> tuple[str, ...]:
        return (*(name for name, _, _ in self._rules), *(name for name, _ in self._preferences))

    @property
    def ready(self) -> bool:
        return True

    def fit(self, offers: Sequence[Offer], scores: Sequence[Sequence[float]]) -> Rules:
        return self

    def choose(self, offer: Offer) -> int:
        return self._decide(offer)[0]

    def reasons(self, offer: Offer) -> list[str]:
        """What each rule and preference left, and which one decided."""
        return self._decide(offer)[1]

    def each(self) -> list[tuple[str, Keeps]]:
        """The rules, each with whether features keep it."""

        def keeping(name: str, compare: Callable[[float, float], bool], threshold: float) -> Keeps:
            return lambda features: compare(features.get(name, 0.0), threshold)

        return [(text, keeping(*rule)) for text, rule in zip(self.rules, self._rules, strict=True)]

    def _decide(self, offer: Offer) -> tuple[int, list[str]]:
        """The chosen one, and a line for each step. Of candidates that nothing tells apart it is the first."""
        left, lines = list(range(len(offer.features))), []
        for text, keeps in self.each():
            kept = [at for at in left if keeps(offer.features[at])]
            lines.append(f"{text}: {f'{len(kept)} of {len(left)}' if kept else 'none, so all stay'}")
            left = kept or left
        for text, (name, sign) in zip(self.prefer, self._preferences, strict=True):
            if len(left) == 1:
                break
            best = min(sign * offer.features[at].get(name, 0.0) for at in left)
            left = [at for at in left if sign * offer.features[at].get(name, 0.0) == best]
            lines.append(f"{text}: {sign * best:.4g}" + (f", {len(left)} are equal" if len(left) > 1 else " decides"))
        return left[0], lines

    @cached_property
    def _rules(self) -> list[tuple[str, Callable[[float, float], bool], float]]:
        found = [(text, _RULE.fullmatch(text.strip())) for text in self.rules]
        for text, match in found:
            if not match:
                raise SettingsError(f"the rule '{text}' cannot be read", todo="write FEATURE <= NUMBER, or <, >, >=")
        return [(match[1], _COMPARISONS[match[2]], float(match[3])) for _, match in found if match]

    @cached_property
    def _preferences(self) -> list[tuple[str, int]]:
        """Names of features, with -1 where the largest is preferred."""
        found = [(text, _PREFERENCE.fullmatch(text.strip())) for text in self.prefer]
        for text, match in found:
            if not match:
                raise SettingsError(
                    f"the preference '{text}' cannot be read", todo="write smallest FEATURE, or largest FEATURE"
                )
        return [(match[2], -1 if match[1] == "largest" else 1) for _, match in found if match]


def minimum_bayes_risk(utility: str = "agreement") -> Rules:
    """The candidate that is most like the others (Kumar and Byrne 2004); `utility` is a feature."""
    return Rules(prefer=(f"largest {utility}",))
