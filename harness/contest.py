"""What all systems of one command meet: the cases of a split, prepared, the rules and the shared resources."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import manifest as manifests
from harness.cases import open_cases
from harness.cluster import Cluster, Crew
from harness.errors import SettingsError
from harness.leaks import Leak, refuse_leaks
from harness.lineup import Lineup
from harness.plugins import Registry
from harness.resources import Resources
from harness.run import run_folder
from harness.scoring import Scoring, scoring_of
from harness.types import Case, Corpus, Task

_WITHHELD = {"undated": "without a readable date", "later": "later than the note"}


@dataclass(frozen=True)
class Contest:
    """What all systems of one command meet: the cases, the rules and the shared resources.

    `cases` are read when they are asked for, in the order of `ids`. `limit` is the size of a seeded sample of them,
    None for all. `leak_check` counts cases by how their redaction was checked, `withheld` rows of dated tables that no
    system sees, by the reason; `records` gives the figures of every case as JSON lines (ids in them: they stay with the
    runs). `root` is the folder of all submissions. These `scorers` judge, the task's where none is named, in `jobs`
    processes; the workers of a `cluster` share what can be shared. `subjects` are those of all scored cases, also where
    only one of these is looked at."""

    task: Task
    corpus: Corpus
    split: str
    ids: tuple[str, ...]
    cases: Sequence[Case]
    limit: int | None
    seed: int
    leak_check: Mapping[str, int]
    withheld: Mapping[str, int]
    records: Callable[[], Iterator[str]]
    registry: Registry
    lineup: Lineup
    resources: Resources
    root: Path
    scorers: tuple[str, ...] = ()
    jobs: int = 1
    cut_leaks: bool = False
    subjects: frozenset[str] = frozenset()
    cluster: Cluster | None = None

    def folder(self, label: str) -> Path:
        return run_folder(self.root, self.task, self.corpus, self.split, label)

    def scoring(self, scorers: Sequence[str] = ()) -> Scoring:
        """These scorers at work, or those that judge."""
        return scoring_of(
            self.task,
            self.corpus,
            self.split,
            self.registry,
            self.lineup,
            scorers or self.scorers,
            self.jobs,
            self.cluster,
        )


def open_contest(
    task: Task,
    corpus: Corpus,
    split: str,
    lineup: Lineup,
    registry: Registry,
    root: Path,
    *,
    limit: int | None = None,
    seed: int = 0,
    cut_leaks: bool = False,
    scorers: tuple[str, ...] = (),
    jobs: int = 1,
    only: str = "",
    cluster: Cluster | None = None,
    look: Callable[[Contest], object] = lambda _: None,
) -> Contest:
    """Prepare the cases of a split, or the one case `only` of those that there would be. `look` gets the contest before
    that, without cases, to refuse what needs none to be seen.

    Raises LeakError if a target is left in what systems would see, SettingsError where there is no such case."""
    manifests.revision()  # now: at the end of a long run another commit may be checked out
    ids = draw(corpus.ids(split), limit, seed)
    subjects = corpus.groups(split)
    scored = frozenset(subjects[i] for i in ids)
    if only and only not in ids:
        raise SettingsError(f"there is no case {only} in {split}", todo=f"name one of its {len(ids)}, such as {ids[0]}")
    ids = [only] if only else ids
    contest = Contest(
        task=task,
        corpus=corpus,
        split=split,
        ids=tuple(ids),
        cases=(),
        limit=None if limit is None or limit >= len(corpus.ids(split)) else limit,
        seed=seed,
        leak_check={},
        withheld={},
        records=lambda: iter(()),
        registry=registry,
        lineup=lineup,
        resources=Resources(task, corpus, split, lineup, scored, Crew(cluster, corpus.root) if cluster else None),
        root=root,
        scorers=scorers,
        jobs=jobs,
        cut_leaks=cut_leaks,
        subjects=scored,
        cluster=cluster,
    )
    look(contest)
    cases = open_cases(corpus, task, split, ids, cut_leaks)
    leak_check, withheld = _checked(cases.checks(), split)
    return replace(contest, cases=cases, leak_check=leak_check, withheld=withheld, records=cases.records)


def _checked(
    cases: Iterable[tuple[Sequence[Leak], Mapping[str, int]]], split: str
) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Cases by how it was checked that their targets are gone, and those of which copies had to be cut; rows of dated
    tables that were left out, by the reason. Raises LeakError for the targets that are left."""
    found: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    left: list[Leak] = []
    for leaks, rows in cases:
        left += (leak for leak in leaks if leak.status == "leak")
        found["unproven" if any(leak.status == "unproven" for leak in leaks) else "clean"] += 1
        found["with copies cut"] += any(leak.copies for leak in leaks)
        dropped.update(rows)
    refuse_leaks(left, split)
    checked = {what: found[what] for what in ("clean", "unproven", "with copies cut") if found[what]}
    return checked, {_in_words(what): count for what, count in dropped.items()}


def _in_words(what: str) -> str:
    table, _, why = what.rpartition(", ")
    return f"of {table} {_WITHHELD[why]}"


def draw(ids: Sequence[str], limit: int | None, seed: int) -> list[str]:
    """A seeded sample of `limit` ids in their own order; all of them without a limit."""
    if limit is None or limit >= len(ids):
        return list(ids)
    if limit < 1:
        raise SettingsError(f"--limit {limit}: there is nothing to do", todo="give 1 or more")
    chosen = set(random.Random(seed).sample(list(ids), limit))
    return [i for i in ids if i in chosen]
