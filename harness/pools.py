"""What a pool chooses by: the candidates of its members, their features, and a selector that is ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from harness.contest import Contest, open_contest
from harness.errors import RunError
from harness.files import digest, private_folder
from harness.references import read_references
from harness.run import Generated
from harness.scoring import Scoring
from harness.selection import objective
from harness.selection.aids import ResourceAids
from harness.selection.choose import select
from harness.selection.features import find_features
from harness.selection.measuring import FeatureStore, Measuring
from harness.selection.offers import Stall, set_out
from harness.turns import Turn, settle
from harness.types import Offer, Pool, Selector

Written: TypeAlias = Callable[[Contest, Turn, Scoring], Generated]
"""Has a member write what it has not written for these cases."""

LESSONS = "valid"
"""The split on which selectors are fitted, and never when it is the one that is scored."""


@dataclass(frozen=True)
class Choosing:
    """A pool with all that it chooses by: its candidates, their features, and a selector that is ready; `settings` are
    the pool's."""

    name: str
    settings: Mapping[str, Any]
    stalls: Sequence[Stall]
    measuring: Measuring
    selector: Selector

    def offers(self, features: Sequence[str]) -> list[Offer]:
        return self.measuring.offers(self.stalls, find_features(features, f"the pool '{self.name}'"))

    def chosen(self) -> Generated:
        return select(self.stalls, self.offers(self.selector.reads), self.selector, self.name)


def choosing(
    contest: Contest, turn: Turn, members: Mapping[str, Generated], written: Written, *, fit: bool = True
) -> Choosing:
    """What the pool of this turn chooses by, among what its members have. `fit` says whether a selector that is not
    ready is fitted."""
    assert turn.pool
    stalls, measuring = _set_out(contest, turn, members)
    selector = _ready(contest, turn, turn.pool, written) if fit else turn.pool.selector
    return Choosing(turn.name, turn.identity["settings"], stalls, measuring, selector)


def _set_out(contest: Contest, turn: Turn, members: Mapping[str, Generated]) -> tuple[list[Stall], Measuring]:
    work = private_folder(contest.corpus.root / "selection")
    own = private_folder(work / digest(turn.identity)[:16])
    stalls = set_out(contest.cases, contest.task, members, turn.name)
    shelves = {name: FeatureStore(turn.members[name].folder) for name in members}
    return stalls, Measuring(shelves, FeatureStore(own), ResourceAids(contest.resources, work), contest.jobs)


def _ready(contest: Contest, turn: Turn, pool: Pool, written: Written) -> Selector:
    """The pool's selector; one that is not ready is fitted on cases of the valid split, which the members write for.

    Raises RunError where that is the split that is scored, or has no targets."""
    if pool.selector.ready:
        return pool.selector
    if contest.split == LESSONS:
        raise RunError(
            f"the selector of the pool '{turn.name}' is fitted on the {LESSONS} split, which is scored here",
            todo="score another split; or see `harness pool-report`, which fits on some subjects and judges on others",
        )
    if LESSONS not in contest.corpus.splits() or not contest.corpus.has_targets(LESSONS):
        raise RunError(
            f"{contest.corpus.name} has no {LESSONS} split with targets to fit the pool '{turn.name}' on",
            todo='put one into the data, or write choose = "rules" in the lineup',
        )
    offers, scores = _lessons(contest, turn, pool, written)
    return pool.selector.fit(offers, scores)


def _lessons(contest: Contest, turn: Turn, pool: Pool, written: Written) -> tuple[list[Offer], list[list[float]]]:
    """Offers of the pool's members and their scores for cases of the valid split, none of a subject that is scored
    now."""
    task, registry, lineup = contest.task, contest.registry, contest.lineup
    school = open_contest(
        task,
        contest.corpus,
        LESSONS,
        lineup,
        registry,
        contest.root,
        limit=pool.fit_cases,
        seed=contest.seed,
        cut_leaks=contest.cut_leaks,
        scorers=objective.scorers(task, registry, lineup),
        jobs=contest.jobs,
        cluster=contest.cluster,
    )
    turns = {member: settle(school, member, "", {}, (turn.name,)) for member in pool.members}
    with school.scoring() as scoring:
        members = {member: written(school, one, scoring) for member, one in turns.items()}
        stalls, measuring = _set_out(school, replace(turn, members=turns), members)
        references = {one.id: one for one in read_references(school.corpus, task, LESSONS, school.ids)}
        scores = objective.scores(stalls, references, task, scoring)
    offers = measuring.offers(stalls, find_features(pool.selector.reads, f"the pool '{turn.name}'"))
    taught = [
        (offer, score)
        for offer, score in zip(offers, scores, strict=True)
        if score is not None and offer.group not in contest.subjects
    ]
    return [offer for offer, _ in taught], [score for _, score in taught]
