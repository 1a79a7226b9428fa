"""What a pool gains: who is best where, what the choice makes of it, what is left to the oracle, and what carries it.

Bounds are rows here, not selectors: `random` is the exact mean over candidates, the oracle takes the best candidate.
On the valid split selectors are cross-fitted: each subject's cases are chosen by what the others taught.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, fsum
from statistics import fmean

import numpy as np

from harness.contest import Contest
from harness.enter import rehearse
from harness.errors import AssetError, RunError
from harness.pools import LESSONS, Choosing
from harness.references import read_references
from harness.selection import objective
from harness.selection.choose import choice
from harness.selection.features import FEATURES, MEMBER, Feature
from harness.selection.gains import Floats, Gain, Scored, gain
from harness.selection.learned import FEWEST_SUBJECTS, FOLDS, Learned, Terms, folds, write_fitted
from harness.selection.measuring import compute, of_kind
from harness.selection.offers import Stall
from harness.selection.rules import Rules
from harness.selection.weighted import ByField
from harness.stats.resample import DEFAULT, Resampling
from harness.types import Candidate, Offer, Reference, Selector, Settings

MOST_BEST, LEAST_BEST = 0.6, 0.15
"""A pool can show something where no member is best on more of the cases than the first, and each on the second."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class MemberRow:
    """A member in one field: its mean, in how many places it has a candidate, on which share of the cases it is best
    (equals share a case), and of which share it is chosen."""

    name: str
    mean: float
    candidates: int
    best: float
    chosen: float


@dataclass(frozen=True)
class Distribution:
    """Quantiles of a feature in one field, on the references and on all candidates."""

    feature: str
    field: str
    references: tuple[float, ...]
    candidates: tuple[float, ...]


@dataclass(frozen=True)
class PoolReport:
    """`gains` by field, and under "" over all fields; `members` by field; `dropped` by feature: what the mean of the
    choice loses where all candidates of a place are given the same value of it; `kept` by rule the shares of
    references and of candidates that keep it, in the fields where it is a rule."""

    pool: str
    assumes: str
    split: str
    cases: int
    crossfitted: bool
    members: Mapping[str, tuple[MemberRow, ...]]
    best: Mapping[str, str]
    gains: Mapping[str, Gain]
    dropped: Mapping[str, float]
    distributions: tuple[Distribution, ...]
    kept: Mapping[str, tuple[float, float]]
    fitted: str
    notes: tuple[str, ...]

    @property
    def can_show(self) -> Mapping[str, bool]:
        """By field, whether no member is best on too many cases, and each on enough."""
        return {field: all(LEAST_BEST <= row.best <= MOST_BEST for row in rows) for field, rows in self.members.items()}


def report(
    contest: Contest, pool: str, label: str = "", overrides: Settings | None = None, how: Resampling = DEFAULT
) -> PoolReport:
    """What the pool gains; `label` and `overrides` are those that it is submitted with. Members are asked for what is
    missing. Raises RunError where the split has no references."""
    if not contest.corpus.has_targets(contest.split):
        raise RunError(f"{contest.split} has no references to judge by", todo="name a split that has: --split valid")
    choosing = rehearse(contest, pool, label, overrides)
    references = {one.id: one for one in read_references(contest.corpus, contest.task, contest.split, contest.ids)}
    scores = _scores(contest, choosing.stalls, references)
    judged = [at for at, row in enumerate(scores) if row is not None]
    stalls = [choosing.stalls[at] for at in judged]
    known = [row for row in scores if row is not None]
    features, notes = _to_be_had(choosing)
    everything = choosing.offers([feature.name for feature in features])
    offers = [everything[at] for at in judged]
    chooser = _Chooser.of(choosing.selector, pool, offers, known, crossfit=contest.split == LESSONS)
    picks = chooser.picks(offers)
    scored = _scored(contest, stalls, known, picks)
    titles = {f.name: f.title for f in contest.task.fields if any(stall.field == f.name for stall in stalls)}
    parts = {"": scored, **{name: scored.within(name) for name in titles}}
    return PoolReport(
        pool,
        str(choosing.settings.get("assumes", "")),
        contest.split,
        len({stall.case for stall in stalls}),
        any(_of(one, name) is not _of(choosing.selector, name) for one in chooser.selectors for name in titles),
        {name: _members(scored.members, [s for s in zip(stalls, known, picks, strict=True) if s[0].field == name])
         for name in titles},
        {name: part.members[part.best] for name, part in parts.items()},
        {name: gain(part, how) for name, part in parts.items()},
        _dropped(chooser, offers, known, picks),
        _distributions(choosing, stalls, references, features, offers),
        _kept(choosing.selector, choosing, stalls, references, offers),
        _fitted(choosing.selector, offers, known, contest, pool),
        tuple(notes),
    )  # fmt: skip


def _scores(contest: Contest, stalls: Sequence[Stall], references: Mapping[str, Reference]) -> list[list[float] | None]:
    with contest.scoring(objective.scorers(contest.task, contest.registry, contest.lineup)) as scoring:
        return objective.scores(stalls, references, contest.task, scoring)


def _to_be_had(choosing: Choosing) -> tuple[list[Feature], list[str]]:
    """The features to report, and why the others are left out: an asset is missing, or costs more than a look at a
    feature that nothing is chosen by."""
    notes = []
    assets: set[str | None] = {None, *(FEATURES[name].needs for name in choosing.selector.reads if name in FEATURES)}
    if "encoder" not in assets:
        notes.append("features of the encoder are left out: the selector reads none")
    try:
        choosing.measuring.aids.identity("concepts")
        assets.add("concepts")
    except AssetError as error:
        notes.append(f"features of concepts n/a: {error.what}")
    return [feature for feature in FEATURES.values() if feature.needs in assets], notes


# --------------------------------------------------------------------------- who is chosen


def _of(selector: Selector, field: str) -> Selector:
    """The selector that chooses in this field. One that learns nothing is still the same after `fit`."""
    return selector.of(field) if isinstance(selector, ByField) else selector


@dataclass(frozen=True, eq=False)
class _Chooser:
    """The selectors, and which of them chooses in which place: one a fold where it is cross-fitted."""

    pool: str
    selectors: Sequence[Selector]
    fold: Sequence[int]

    @classmethod
    def of(
        cls,
        selector: Selector,
        pool: str,
        offers: Sequence[Offer],
        scores: Sequence[Sequence[float]],
        *,
        crossfit: bool,
    ) -> _Chooser:
        if not crossfit:
            return cls(pool, [selector], [0] * len(offers))
        fold = [0] * len(offers)
        selectors: list[Selector] = []
        divided = list(folds([offer.group for offer in offers]))
        _refuse_too_few(selector, offers, [taught for taught, _ in divided])
        for taught, asked in divided:
            for at in asked:
                fold[at] = len(selectors)
            selectors.append(selector.fit([offers[at] for at in taught], [scores[at] for at in taught]))
        return cls(pool, selectors, fold)

    def picks(self, offers: Sequence[Offer]) -> list[int]:
        return [choice(self.selectors[fold], offer, self.pool) for fold, offer in zip(self.fold, offers, strict=True)]

    @property
    def reads(self) -> list[str]:
        return sorted({name for selector in self.selectors for name in selector.reads})


def _refuse_too_few(selector: Selector, offers: Sequence[Offer], folds: Sequence[Sequence[int]]) -> None:
    """Raises RunError where a field is learned, and the subjects of some fold are too few for it."""
    for name in dict.fromkeys(offer.field for offer in offers if isinstance(_of(selector, offer.field), Learned)):
        every, *left = (
            len({offers[at].group for at in places if offers[at].field == name})
            for places in (range(len(offers)), *folds)
        )
        if min(left) < FEWEST_SUBJECTS:
            enough = ceil(FEWEST_SUBJECTS * FOLDS / (FOLDS - 1))
            raise RunError(
                f"cross-fitting leaves {min(left)} of {every} subjects to learn from how to choose the {name}: too few",
                todo=f"take {enough} or more subjects of {LESSONS}, each with a reference for it, or write "
                'choose = "rules" in the lineup',
            )


def _scored(
    contest: Contest, stalls: Sequence[Stall], scores: Sequence[Sequence[float]], picks: Sequence[int]
) -> Scored:
    """What everybody scores. A member is judged by the text that it would hand in itself; without one it scores 0, the
    worst of each column of the objective."""
    names = tuple(dict.fromkeys(sorted(name for stall in stalls for name in stall.members)))
    fields = tuple(f.name for f in contest.task.fields if any(stall.field == f.name for stall in stalls))
    cases = {case: at for at, case in enumerate(dict.fromkeys(stall.case for stall in stalls))}
    groups = {stall.case: stall.group for stall in stalls}

    def empty(*more: int) -> Floats:
        return np.full((len(fields), len(cases), *more), np.nan)

    chosen, oracle, random, single = empty(), empty(), empty(), empty(len(names))
    for stall, row, pick in zip(stalls, scores, picks, strict=True):
        at = fields.index(stall.field), cases[stall.case]
        chosen[at], oracle[at], random[at] = row[pick], max(row), fsum(row) / len(row)
        own = _own(stall, row)
        single[at] = [own.get(name, 0.0) for name in names]
    return Scored(fields, names, tuple(groups[case] for case in cases), chosen, oracle, random, single)


def _own(stall: Stall, scores: Sequence[float]) -> dict[str, float]:
    """The score of each member's first text."""
    own: dict[str, tuple[int, float]] = {}
    for name, candidate, score in zip(stall.members, stall.candidates, scores, strict=True):
        own[name] = min(own.get(name, (candidate.index, score)), (candidate.index, score))
    return {name: score for name, (_, score) in own.items()}


def _members(names: Sequence[str], places: Sequence[tuple[Stall, Sequence[float], int]]) -> tuple[MemberRow, ...]:
    means, candidates, best, chosen = (dict.fromkeys(names, 0.0) for _ in range(4))
    for stall, scores, pick in places:
        own = _own(stall, scores)
        top = [name for name, score in own.items() if score == max(own.values())]
        for name, score in own.items():
            means[name] += score / len(places)
            candidates[name] += 1
            best[name] += (name in top) / len(top) / len(places)
        chosen[stall.members[pick]] += 1 / len(places)
    return tuple(MemberRow(n, means[n], int(candidates[n]), best[n], chosen[n]) for n in names)


# --------------------------------------------------------------------------- what carries it


def _dropped(
    chooser: _Chooser, offers: Sequence[Offer], scores: Sequence[Sequence[float]], picks: Sequence[int]
) -> dict[str, float]:
    """By feature, how much the mean of the choice falls where the feature tells the candidates of a place apart no
    longer; the writers' offsets count as one. The selector is not fitted anew."""

    def mean(chosen: Sequence[int]) -> float:
        return fsum(row[at] for row, at in zip(scores, chosen, strict=True)) / len(scores)

    whole = mean(picks)
    names = [*chooser.reads, MEMBER]
    lost = {name: whole - mean(chooser.picks([_blinded(offer, name) for offer in offers])) for name in names}
    if not any(isinstance(_of(one, offer.field), Learned) for one in chooser.selectors for offer in offers):
        del lost[MEMBER]
    return dict(sorted(lost.items(), key=lambda one: -one[1]))


def _blinded(offer: Offer, name: str) -> Offer:
    if name == MEMBER:
        told = ({n: v for n, v in one.items() if not n.startswith(MEMBER)} for one in offer.features)
        return Offer(offer.field, offer.group, tuple(told))
    mean = fsum(one.get(name, 0.0) for one in offer.features) / len(offer.features)
    return Offer(offer.field, offer.group, tuple({**one, name: mean} for one in offer.features))


def _distributions(
    choosing: Choosing,
    stalls: Sequence[Stall],
    references: Mapping[str, Reference],
    features: Sequence[Feature],
    offers: Sequence[Offer],
) -> tuple[Distribution, ...]:
    """Quantiles of what a reference can be asked: a feature among candidates it has not."""
    asked = _of_references(choosing, stalls, references, features)
    found = []
    for feature in (one for one in features if not one.among):
        for field in dict.fromkeys(stall.field for stall in stalls):
            theirs = [row[feature.name] for stall, row in zip(stalls, asked, strict=True) if stall.field == field]
            ours = [one[feature.name] for offer in offers if offer.field == field for one in offer.features]
            found.append(Distribution(feature.name, field, _quantiles(theirs), _quantiles(ours)))
    return tuple(found)


def _of_references(
    choosing: Choosing, stalls: Sequence[Stall], references: Mapping[str, Reference], features: Sequence[Feature]
) -> list[dict[str, float]]:
    """The features of each place's reference. Nothing of it is kept, and no selector sees it."""
    aids = choosing.measuring.aids
    usual = {stall.field: aids.usual_words(stall.field) for stall in stalls}
    asked = [
        Stall(s.case, s.field, s.group, s.source, (Candidate(s.case, s.field, text),), ("reference",))
        for s in stalls
        for text in (references[s.case].values[s.field],)
    ]
    found: list[dict[str, float]] = [{} for _ in stalls]
    for needs in dict.fromkeys(feature.needs for feature in features):
        for row, (cells,) in zip(found, compute(asked, (needs, False), usual, aids), strict=True):
            row.update(zip(of_kind((needs, False)), cells, strict=True))
    return found


def _quantiles(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(map(float, np.quantile(values, QUANTILES)))


def _kept(
    selector: Selector,
    choosing: Choosing,
    stalls: Sequence[Stall],
    references: Mapping[str, Reference],
    offers: Sequence[Offer],
) -> dict[str, tuple[float, float]]:
    """By rule, the shares of references and of candidates that keep it, in the fields where it is a rule."""
    ruled = [
        (stall, offer, rules)
        for stall, offer in zip(stalls, offers, strict=True)
        if isinstance(rules := _of(selector, stall.field), Rules)
    ]
    reads = dict.fromkeys(name for _, _, rules in ruled for name in rules.reads)
    asked = [FEATURES[name] for name in reads if name in FEATURES and not FEATURES[name].among]
    theirs = _of_references(choosing, [stall for stall, _, _ in ruled], references, asked)
    kept: dict[str, tuple[list[bool], list[bool]]] = {}
    for row, (_, offer, rules) in zip(theirs, ruled, strict=True):
        for rule, keeps in rules.each():
            if all(name in row for name in Rules((rule,)).reads):
                reference, candidates = kept.setdefault(rule, ([], []))
                reference.append(keeps(row))
                candidates.extend(map(keeps, offer.features))
    return {rule: (fmean(reference), fmean(candidates)) for rule, (reference, candidates) in kept.items()}


def _fitted(
    selector: Selector, offers: Sequence[Offer], scores: Sequence[Sequence[float]], contest: Contest, pool: str
) -> str:
    """What the selector learns from the whole valid split, for the lineup; nothing on any other split."""
    if contest.split != LESSONS:
        return ""
    fitted: dict[str, Terms] = {}
    for name in dict.fromkeys(offer.field for offer in offers):
        if isinstance(learner := _of(selector, name), Learned):
            lessons = [(o, s) for o, s in zip(offers, scores, strict=True) if o.field == name]
            fitted |= learner.fit([o for o, _ in lessons], [s for _, s in lessons]).fitted
    return write_fitted(Learned((), fitted), pool)
