"""Whether choosing among members is worth it: on synthetic wards of several seeds, or on a corpus of your own.

    python -m benchmarks.select_ward --scratch FOLDER [--seeds 1 2 3] [--stays 1100] [--limit N]
        [--members lead nearest qlora] [--samples 4 [--sampled qlora]] [--data FOLDER]
        [--lineup embedded] [--engine K=V ...] [--set SYSTEM.K=V ...]

It may take hours, for the members write for every case of valid and of the test splits; stopped, the same command goes
on. Of 1,100 stays, 258 are in the two test splits, which are judged. With `--data` the corpus's valid and test splits
are judged together (27 real stays in ../shared/data/discharge-real: underpowered, whatever comes out).

First is printed whether the pool can show anything. Then for each selector, cross-fitted by subject on the judged
cases ("on valid" is fitted there alone; "all" are all features that need no asset): its mean overlap5, its gain over
the member that is best on valid and over the one that is best here (picked anew in each resample), regret to the
oracle, and what the chosen texts say: shares of stated facts that are true of the patient, and of critical facts that
are said (ward ledger). All this with every candidate, and again without failed ones: looped, cut off, empty.
`--samples` adds the oracle over as many texts of one member alone, on the first test split, beside the pool's there:
what mere repetition could offer.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import reduce
from pathlib import Path

import numpy as np

from harness import Learned, Offer, Pair, Rules, Selector, Task, Weighted, minimum_bayes_risk
from harness.contest import Contest, open_contest
from harness.corpora import open_corpus
from harness.corpora.synthetic import synthesize
from harness.enter import rehearse
from harness.lineup import Entrant, Lineup, build, find_lineup, parse_assignments, read_lineup
from harness.plugins import registry
from harness.references import read_references
from harness.selection import objective
from harness.selection.features import FEATURES
from harness.selection.gains import Floats, Gain, Scored, gain
from harness.selection.learned import folds, write_fitted
from harness.selection.offers import Stall
from harness.selection.pool_report import LEAST_BEST, MOST_BEST
from harness.stats.resample import Resampling

POOL, ALONE = "benchmark-pool", "benchmark-samples"
VALID, TESTS = "valid", ("test_phase_1", "test_phase_2")
FACTS = ("fact_precision", "fact_critical")
LOOPED = 0.5
FEW = ("word_support", "word_coverage", "length_ratio", "repeated")
"""How much of a text the chart supports and how much of the chart it has, its length, its repetition: 150 stays teach
no more. Chosen on the valid splits of wards 1 and 2."""
LEXICAL = tuple(name for name, one in FEATURES.items() if one.needs is None)


@dataclass(frozen=True, eq=False)
class Judged:
    """Places with their offers, the objective of each candidate, and the facts of each: shape (candidates, columns),
    None where the corpus keeps no ledger."""

    stalls: tuple[Stall, ...]
    offers: tuple[Offer, ...]
    scores: tuple[tuple[float, ...], ...]
    facts: tuple[Floats, ...] | None

    @property
    def members(self) -> tuple[str, ...]:
        return tuple(sorted({name for stall in self.stalls for name in stall.members}))

    def join(self, other: Judged) -> Judged:
        facts = self.facts + other.facts if self.facts and other.facts else None
        return Judged(self.stalls + other.stalls, self.offers + other.offers, self.scores + other.scores, facts)


def selectors() -> dict[str, Selector]:
    return {
        "rules": Rules(("cut_off < 1", "repeated <= 0.2"), ("smallest length_distance",)),
        "minimum Bayes risk": minimum_bayes_risk(),
        "weighted": Weighted({"word_support": 1.0, "agreement": 1.0, "length_distance": -1.0, "repeated": -1.0}),
        "learned": Learned(FEW),
        "learned, all": Learned(LEXICAL),
    }


# --------------------------------------------------------------------------- what is judged


def lineup_of(settings: argparse.Namespace) -> Lineup:
    """The line-up with the settings that were asked for, and the pools of this benchmark beside its own systems."""
    lineup = read_lineup(find_lineup(settings.lineup))
    engine = {**asdict(lineup.engine), **parse_assignments(settings.engine)}
    entrants, plugins = dict(lineup.entrants), registry(()).names("system")
    for assignment in settings.set:
        name, _, setting = assignment.partition(".")
        one = entrants.get(name) or lineup.entrant(name, plugins)
        entrants[name] = replace(one, settings={**one.settings, **parse_assignments([setting])})
    entrants[POOL] = Entrant(POOL, "des", {"members": settings.members})
    if settings.samples:
        sampled = {"samples": settings.samples, "temperature": 0.7, "top_p": 0.95}
        one = entrants.get(settings.sampled) or lineup.entrant(settings.sampled, plugins)
        entrants["samples"] = replace(one, name="samples", settings={**one.settings, **sampled})
        entrants[ALONE] = Entrant(ALONE, "des", {"members": ["samples"]})
    return replace(lineup, engine=build(type(lineup.engine), engine, "--engine"), entrants=entrants)


def judged(contest: Contest, pool: str) -> Judged:
    """The pool's candidates in this split; members write what is missing."""
    choosing = rehearse(contest, pool)
    references = {one.id: one for one in read_references(contest.corpus, contest.task, contest.split, contest.ids)}
    with contest.scoring(objective.scorers(contest.task, contest.registry, contest.lineup)) as scoring:
        scores = objective.scores(choosing.stalls, references, contest.task, scoring)
    kept = [at for at, row in enumerate(scores) if row is not None]
    offers = choosing.offers(LEXICAL)
    stalls = tuple(choosing.stalls[at] for at in kept)
    pairs = [
        Pair(stall.case, stall.group, stall.field, references[stall.case].values[stall.field], one.text)
        for stall in stalls
        for one in stall.candidates
    ]
    facts = facts_of(contest, pairs)
    ends = np.cumsum([len(stall.candidates) for stall in stalls])[:-1]
    return Judged(
        stalls,
        tuple(offers[at] for at in kept),
        tuple(tuple(row) for row in scores if row is not None),
        tuple(np.split(facts, ends)) if facts is not None else None,
    )


def facts_of(contest: Contest, pairs: Sequence[Pair]) -> Floats | None:
    """What the ward's ledger says of each text, shape (texts, FACTS)."""
    names = [name for name in contest.corpus.scorers if name in contest.registry.names("scorer")]
    if not names:
        return None
    with contest.scoring(names) as scoring:
        cells: dict[str, Floats] = {}
        for one, rows in zip(scoring.working.values(), scoring.measure(pairs, lambda _: None), strict=True):
            cells |= {column: rows.cells[:, at] for at, column in enumerate(one.columns)}
    return np.stack([cells[column] for column in FACTS], axis=1) if set(FACTS) <= set(cells) else None


def without_failed(all_: Judged) -> Judged:
    """Without candidates that looped or were cut off; a place that has no other keeps them."""
    stalls, offers, scores, facts = [], [], [], []
    for at, (stall, offer) in enumerate(zip(all_.stalls, all_.offers, strict=True)):
        sound = [i for i, one in enumerate(offer.features) if not one["cut_off"] and one["repeated"] <= LOOPED]
        keep = sound or list(range(len(offer.features)))
        stalls.append(
            replace(
                stall,
                candidates=tuple(stall.candidates[i] for i in keep),
                members=tuple(stall.members[i] for i in keep),
            )
        )
        offers.append(replace(offer, features=tuple(offer.features[i] for i in keep)))
        scores.append(tuple(all_.scores[at][i] for i in keep))
        facts.append(all_.facts[at][keep] if all_.facts else np.empty((0, 0)))
    return Judged(tuple(stalls), tuple(offers), tuple(scores), tuple(facts) if all_.facts else None)


# --------------------------------------------------------------------------- judging


def crossfitted(selector: Selector, all_: Judged, lesson: Judged | None = None) -> list[int]:
    """What is chosen for each fold by what the others teach, and the valid split where it is judged apart."""
    also, told = (lesson.offers, lesson.scores) if lesson else ((), ())
    picks = [0] * len(all_.offers)
    for taught, asked in folds([offer.group for offer in all_.offers]):
        ready = selector.fit([*also, *(all_.offers[at] for at in taught)], [*told, *(all_.scores[at] for at in taught)])
        for at in asked:
            picks[at] = ready.choose(all_.offers[at])
    return picks


def scored(all_: Judged, picks: Sequence[int], members: Sequence[str]) -> Scored:
    fields = tuple(dict.fromkeys(stall.field for stall in all_.stalls))
    cases = {case: at for at, case in enumerate(dict.fromkeys(stall.case for stall in all_.stalls))}
    groups = {stall.case: stall.group for stall in all_.stalls}
    chosen, oracle, random = (np.full((len(fields), len(cases)), np.nan) for _ in range(3))
    single = np.full((len(fields), len(cases), len(members)), np.nan)
    for stall, row, pick in zip(all_.stalls, all_.scores, picks, strict=True):
        at = fields.index(stall.field), cases[stall.case]
        chosen[at], oracle[at], random[at] = row[pick], max(row), float(np.mean(row))
        first: dict[str, tuple[int, float]] = {}
        for name, candidate, score in zip(stall.members, stall.candidates, row, strict=True):
            first[name] = min(first.get(name, (candidate.index, score)), (candidate.index, score))
        single[at] = [first.get(name, (0, 0.0))[1] for name in members]  # 0: who wrote nothing there
    return Scored(fields, tuple(members), tuple(groups[case] for case in cases), chosen, oracle, random, single)


def best_on(all_: Judged) -> str:
    one = scored(all_, [0] * len(all_.offers), all_.members)
    return one.members[one.best]


def check(all_: Judged) -> Iterator[str]:
    """Whether the pool can show anything."""
    members = all_.members
    for field in dict.fromkeys(stall.field for stall in all_.stalls):
        best = dict.fromkeys(members, 0.0)
        places = [(s, row) for s, row in zip(all_.stalls, all_.scores, strict=True) if s.field == field]
        for stall, row in places:
            top = [name for name, score in zip(stall.members, row, strict=True) if score == max(row)]
            for name in top:
                best[name] += 1 / len(top) / len(places)
        good = all(LEAST_BEST <= part <= MOST_BEST for part in best.values())
        shares = ", ".join(f"{name} {part:.0%}" for name, part in best.items())
        yield f"  {field}: best are {shares}: this pool {'can' if good else 'can not'} show much"


def table(all_: Judged, lesson: Judged, how: Resampling, *, together: bool) -> Iterator[str]:
    """A line a selector; `lesson` is the valid split, which is a part of what is judged where they are `together`."""
    members, fixed = all_.members, best_on(lesson)
    kinds = {} if together else {"learned on valid": Learned(FEW), "all, on valid": Learned(LEXICAL)}
    taught = {name: one.fit(lesson.offers, lesson.scores) for name, one in kinds.items()}
    also = None if together else lesson
    over = f"over {fixed} (valid)", "over the best here"
    yield f"  {'':20} {'overlap5':>8} {over[0]:>28} {over[1]:>28} {'regret':>8}  facts"
    for name, selector in {**selectors(), **taught}.items():
        picks = (
            [selector.choose(offer) for offer in all_.offers] if name in taught else crossfitted(selector, all_, also)
        )
        over_fixed, over_best = (gain(scored(all_, picks, some), how) for some in ((fixed,), members))
        said = facts_line([rows[pick] for rows, pick in zip(all_.facts, picks, strict=True)]) if all_.facts else "n/a"
        figures = f"{over_best.chosen:8.4f} {interval(over_fixed):>28} {interval(over_best):>28}"
        yield f"  {name:20} {figures} {over_best.regret.value:8.4f}  {said}"
    yield f"  oracle and random {bounds(all_)}"
    for member in members:
        own = [
            (row[stall.members.index(member)], all_.facts[at][stall.members.index(member)] if all_.facts else None)
            for at, (stall, row) in enumerate(zip(all_.stalls, all_.scores, strict=True))
            if member in stall.members
        ]
        said = facts_line([facts for _, facts in own if facts is not None]) if all_.facts else "n/a"
        yield f"  {member} alone {np.mean([score for score, _ in own]):.4f} on {len(own)} places  {said}"


def interval(one: Gain) -> str:
    over = one.over_best
    return f"{over.value:+.4f} [{over.low:+.4f}, {over.high:+.4f}]"


def bounds(all_: Judged) -> str:
    """The oracle's mean overlap5, and the mean over candidates: of the fields' means over cases."""
    one = scored(all_, [0] * len(all_.offers), all_.members)
    oracle, random = (float(np.nanmean(cells, axis=1).mean()) for cells in (one.oracle, one.random))
    return f"{oracle:.4f}, {random:.4f}"


def facts_line(rows: Sequence[Floats]) -> str:
    precision, critical = np.mean(rows, axis=0)
    return f"true {precision:.3f}, critical said {critical:.3f}"


def contests_of(task: Task, data: Path, lineup: Lineup, out: Path, limit: int | None) -> Iterator[Contest]:
    """The contests on valid and on each test split that the corpus has."""
    has = open_corpus(data, task, VALID).splits()
    for split in (VALID, *(test for test in TESTS if test in has)):
        corpus = open_corpus(data, task, split)
        names = objective.scorers(task, registry(()), lineup)
        yield open_contest(task, corpus, split, lineup, registry(()), out, limit=limit, scorers=names, cut_leaks=True)


def show(data: Path, task: Task, lineup: Lineup, settings: argparse.Namespace, *, together: bool) -> Judged:
    """Print what is found; returns the valid split."""
    contests = list(contests_of(task, data, lineup, settings.scratch / "runs" / data.name, settings.limit))
    valid, first, *others = (judged(contest, POOL) for contest in contests)
    here = reduce(Judged.join, [valid, first, *others] if together else [first, *others])
    print(f"\n{data.name}: {len({s.case for s in here.stalls})} stays, best on valid is {best_on(valid)}")
    print("\n".join(check(here)), flush=True)
    how = Resampling(settings.resamples)
    for what, part, lesson in (
        ("all candidates", here, valid),
        ("without failed ones", without_failed(here), without_failed(valid)),
    ):
        print(f" {what}")
        print("\n".join(table(part, lesson, how, together=together)), flush=True)
    if settings.samples:
        pool, alone = (bounds(part) for part in (first, judged(contests[1], ALONE)))
        print(f" on {contests[1].split}, oracle and mean: {settings.samples} texts of {settings.sampled} {alone}")
        print(f"   beside the pool's {pool}", flush=True)
    return valid


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scratch", type=Path, required=True, help="where wards and runs lie, for going on")
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--stays", type=int, default=1100)
    parser.add_argument("--limit", type=int, help="cases of each split, for a small try")
    parser.add_argument("--members", nargs="*", default=["lead", "nearest", "qlora"])
    parser.add_argument("--samples", type=int, default=0, help="texts a case of one member alone, for another bound")
    parser.add_argument("--sampled", default="qlora", help="whose texts these are")
    parser.add_argument("--lineup", default="embedded")
    parser.add_argument("--engine", nargs="*", default=[], metavar="K=V", help="settings of the engine")
    parser.add_argument("--set", nargs="*", default=[], metavar="SYSTEM.K=V", help="settings of a system")
    parser.add_argument("--data", type=Path, help="a corpus of your own in place of the wards")
    parser.add_argument("--resamples", type=int, default=10_000)
    settings = parser.parse_args()
    settings.scratch.mkdir(parents=True, exist_ok=True)
    task: Task = registry(()).task("discharge-me")
    lineup = lineup_of(settings)
    if settings.data:
        show(settings.data, task, lineup, settings, together=True)
        return
    lessons = []
    for seed in settings.seeds:
        data = settings.scratch / f"ward-{seed}-{settings.stays}"
        if not data.is_dir():
            synthesize(data, settings.stays, seed)
        lessons.append(show(data, task, lineup, settings, together=False))
    every = reduce(Judged.join, lessons)
    print("\nWhat all valid splits teach, for a line-up:\n")
    print(write_fitted(Learned(FEW).fit(every.offers, every.scores), "des"))


if __name__ == "__main__":
    main()
