"""A regression that is taught on cases which are not scored: how much better than the other candidates of its place is
one with these features, by this writer?

The model is linear in each feature and its square, with an offset for each writer, and ridge-regularised (Hoerl and
Kennard 1970). Features and scores are taken as differences from the mean of their place, so that what makes a case easy
cannot be mistaken for what makes a candidate good. How strong the ridge is, is decided by cross-validation by subject.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import RunError, SettingsError
from harness.selection.features import MEMBER
from harness.types import Offer

RIDGES = (1e6, 1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0)
"""From strong to weak. The first leaves the features no say: then the writer alone decides."""
WRITERS = 0.1
"""The ridge of the writers' offsets, of which so many candidates tell that they need none; one of them follows from the
others."""
FOLDS = 5
FEWEST_SUBJECTS = 8
FURTHEST = 4.0
"""Standard deviations; what is further off counts as being there, for a square grows fast."""
DIGITS = 6


@dataclass(frozen=True)
class Term:
    """What a feature is worth: weight x z + square x z squared, with z = (value - centre) / spread, in units of the
    objective."""

    weight: float
    square: float = 0.0
    centre: float = 0.0
    spread: float = 1.0

    def worth(self, value: float) -> float:
        z = max(-FURTHEST, min(FURTHEST, (value - self.centre) / self.spread))
        return self.weight * z + self.square * z * z


Terms = Mapping[str, Term]
"""By feature; `member:NAME` is the offset of a writer."""


@dataclass(frozen=True)
class Learned:
    """The candidate of which `fitted` expects most, field by field. Without it the harness has it taught first."""

    features: tuple[str, ...]
    fitted: Mapping[str, Terms] = field(default_factory=dict)

    @property
    def reads(self) -> tuple[str, ...]:
        fitted = dict.fromkeys(name for terms in self.fitted.values() for name in terms)
        return tuple(name for name in fitted or self.features if not name.startswith(MEMBER))

    @property
    def ready(self) -> bool:
        return bool(self.fitted)

    def fit(self, offers: Sequence[Offer], scores: Sequence[Sequence[float]]) -> Learned:
        """Raises RunError where a field has too few subjects to learn from."""
        fitted = {}
        for name in dict.fromkeys(offer.field for offer in offers):
            lessons = [(o, s) for o, s in zip(offers, scores, strict=True) if o.field == name]
            subjects = len({offer.group for offer, _ in lessons})
            if subjects < FEWEST_SUBJECTS:
                raise RunError(
                    f"{subjects} subjects are too few to learn from how to choose the {name}",
                    todo=f'have {FEWEST_SUBJECTS} or more, or write choose = "rules" in the lineup',
                )
            fitted[name] = _fit([o for o, _ in lessons], [s for _, s in lessons], self.features)
        return Learned(self.features, fitted)

    def choose(self, offer: Offer) -> int:
        terms = self._terms(offer)
        worths = [math.fsum(t.worth(one.get(n, 0.0)) for n, t in terms.items()) for one in offer.features]
        return worths.index(max(worths))

    def reasons(self, offer: Offer) -> list[str]:
        """What the chosen one is expected to gain over the mean of all, by feature, the largest first."""
        terms, at = self._terms(offer), self.choose(offer)
        parts = [{name: term.worth(one.get(name, 0.0)) for name, term in terms.items()} for one in offer.features]
        names = dict.fromkeys(name for part in parts for name in part)
        mean = {name: math.fsum(part.get(name, 0.0) for part in parts) / len(parts) for name in names}
        gains = {name: parts[at].get(name, 0.0) - mean[name] for name in names}
        return [f"{name}: {gain:+.4f}" for name, gain in sorted(gains.items(), key=lambda one: -abs(one[1])) if gain]

    def _terms(self, offer: Offer) -> Terms:
        if offer.field not in self.fitted:
            raise SettingsError(
                f"nobody taught the selector how to choose the {offer.field}", todo="leave out `fitted` in the lineup"
            )
        terms = self.fitted[offer.field]
        if any(name.startswith(MEMBER) for name in terms):
            _check_writers(offer, terms)
        return terms


def _check_writers(offer: Offer, terms: Terms) -> None:
    strangers = sorted({n for one in offer.features for n in one if n.startswith(MEMBER)} - set(terms))
    if strangers:
        raise SettingsError(
            f"nobody taught the selector of the member {strangers[0].removeprefix(MEMBER)}",
            todo="leave out `fitted` in the lineup: it is then taught on the valid split; or take over what "
            "`harness pool-report SYSTEM --split valid` prints",
        )


# --------------------------------------------------------------------------- teaching


def _fit(offers: Sequence[Offer], scores: Sequence[Sequence[float]], features: Sequence[str]) -> dict[str, Term]:
    import numpy as np

    writers = sorted({n for offer in offers for one in offer.features for n in one if n.startswith(MEMBER)})
    tables = [np.array([[one.get(n, 0.0) for n in features] for one in offer.features]) for offer in offers]
    rows = np.concatenate(tables)
    spread, apart = rows.std(axis=0), np.concatenate([table - table.mean(axis=0) for table in tables]).std(axis=0)
    telling = [at for at in range(len(features)) if apart[at] > 1e-9]
    centre, spread = rows[:, telling].mean(axis=0), spread[telling]
    blocks = [
        _design((table[:, telling] - centre) / spread, [[one.get(w, 0.0) for w in writers] for one in offer.features])
        for table, offer in zip(tables, offers, strict=True)
    ]
    targets = [np.array(score) - np.mean(score) for score in scores]
    held = np.r_[np.ones(2 * len(telling)), np.zeros(len(writers))]
    ridge = _best_ridge(blocks, targets, [offer.group for offer in offers], held)
    solved = _solve(blocks, targets, ridge * held + WRITERS * (1 - held))
    linear, squares, offsets = np.split(solved, [len(telling), 2 * len(telling)])
    terms = {
        features[at]: Term(*map(_rounded, (linear[i], squares[i], centre[i], spread[i])))
        for i, at in enumerate(telling if ridge < RIDGES[0] else ())
    }
    return terms | {name: Term(_rounded(offsets[i])) for i, name in enumerate(writers)}


def _design(z: Any, writers: Sequence[Sequence[float]]) -> Any:
    """A row a candidate: features, their squares, who wrote it; as differences from the mean of the place."""
    import numpy as np

    z = np.clip(z, -FURTHEST, FURTHEST)
    design = np.concatenate([z, z**2, np.array(writers).reshape(len(z), -1)], axis=1)
    return design - design.mean(axis=0)


def _solve(blocks: Sequence[Any], targets: Sequence[Any], ridges: Any) -> Any:
    """`ridges` has a number for each column."""
    import numpy as np

    design, target = np.concatenate(blocks), np.concatenate(targets)
    return np.linalg.solve(design.T @ design + np.diag(ridges), design.T @ target)


def _best_ridge(blocks: Sequence[Any], targets: Sequence[Any], groups: Sequence[str], held: Any) -> float:
    """The strongest ridge with which what would be chosen, over all folds, scores as much as with the best one, or less
    by no more than a standard error of the difference (Breiman et al. 1984, the rule of one standard error)."""
    import numpy as np

    def gained(ridge: float) -> Any:
        scores = np.empty(len(blocks))
        for taught, asked in folds(groups):
            ridges = ridge * held + WRITERS * (1 - held)
            solved = _solve([blocks[i] for i in taught], [targets[i] for i in taught], ridges)
            for i in asked:
                scores[i] = targets[i][int((blocks[i] @ solved).argmax())]
        return scores

    all_scores = {ridge: gained(ridge) for ridge in RIDGES}
    best = max(all_scores.values(), key=lambda scores: round(float(scores.mean()), DIGITS))

    def is_as_good(scores: Any) -> bool:
        less = best - scores
        return float(less.mean()) <= float(less.std(ddof=1)) / math.sqrt(len(less))

    return next(ridge for ridge, scores in all_scores.items() if is_as_good(scores))


def folds(groups: Sequence[str], number: int = FOLDS) -> Iterator[tuple[list[int], list[int]]]:
    """Places to learn from and places to ask, `number` times; no subject is on both sides."""
    from harness.files import digest

    order = {group: at for at, group in enumerate(sorted(set(groups), key=digest))}
    for fold in range(min(number, len(order))):
        asked = [i for i, group in enumerate(groups) if order[group] % number == fold]
        held = set(asked)
        yield [i for i in range(len(groups)) if i not in held], asked


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


# --------------------------------------------------------------------------- in a lineup


def read_fitted(table: Mapping[str, Any]) -> dict[str, dict[str, Term]]:
    """`[systems.NAME.fitted.FIELD]`, a line a feature: agreement = { weight = 0.01, centre = 0.3, spread = 0.1 }.

    Raises SettingsError for what is no such line."""
    fitted: dict[str, dict[str, Term]] = {}
    for name, terms in table.items():
        if not isinstance(terms, Mapping):
            raise SettingsError(f"fitted.{name} is no table", todo="write [systems.NAME.fitted.FIELD]")
        for feature, numbers in terms.items():
            try:
                term: Term | None = Term(**{key: float(number) for key, number in numbers.items()})
            except (TypeError, ValueError, AttributeError):
                term = None
            if term is None or not term.spread > 0:
                raise SettingsError(
                    f"fitted.{name}.{feature} is no term of a regression",
                    todo="write { weight = 0.01, square = 0.0, centre = 0.3, spread = 0.1 }",
                )
            fitted.setdefault(name, {})[feature] = term
    return fitted


def write_fitted(selector: Learned, system: str) -> str:
    """What `read_fitted` reads, as TOML."""
    lines = []
    for name, terms in selector.fitted.items():
        lines.append(f"[systems.{system}.fitted.{name}]")
        for feature, term in terms.items():
            key = f'"{feature}"' if ":" in feature else feature
            whole = (("weight", term.weight), ("square", term.square), ("centre", term.centre), ("spread", term.spread))
            numbers = whole[:1] if feature.startswith(MEMBER) else whole
            lines.append(f"{key} = {{ {', '.join(f'{what} = {value:g}' for what, value in numbers)} }}")
        lines.append("")
    return "\n".join(lines)
