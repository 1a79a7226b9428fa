"""What all systems of one command meet: the cases of a split, prepared, the rules and the shared resources."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.cluster import Cluster, Crew
from harness.errors import SettingsError
from harness.files import canonical_json
from harness.leaks import refuse_leaks
from harness.lineup import Lineup
from harness.plugins import Registry
from harness.prepare import Prepared, prepare
from harness.progress import bar
from harness.resources import Resources
from harness.run import run_folder
from harness.scoring import Scoring, scoring_of
from harness.types import Case, Corpus, Task


@dataclass(frozen=True)
class Contest:
    """What all systems of one command meet: the cases, the rules and the shared resources.

    `limit` is the size of a seeded sample of the cases, None for all. `leak_check` counts cases by how their
    redaction was checked, `records` are the figures of every case as JSON lines (ids in them: they stay with the
    runs). `root` is the folder of all submissions. These `scorers` judge, the task's where none is named, in `jobs`
    processes; the workers of a `cluster` share what can be shared. `subjects` are those of all scored cases, also where
    only one of these is looked at."""

    task: Task
    corpus: Corpus
    split: str
    cases: tuple[Case, ...]
    limit: int | None
    seed: int
    leak_check: Mapping[str, int]
    records: bytes
    registry: Registry
    lineup: Lineup
    resources: Resources
    root: Path
    scorers: tuple[str, ...] = ()
    jobs: int = 1
    cut_leaks: bool = False
    subjects: frozenset[str] = frozenset()
    cluster: Cluster | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(case.id for case in self.cases)

    def folder(self, label: str) -> Path:
        return run_folder(self.root, self.task, self.corpus, self.split, label)

    def scoring(self) -> Scoring:
        """The scorers that judge, at work."""
        return scoring_of(
            self.task,
            self.corpus,
            self.split,
            self.registry,
            self.lineup,
            self.scorers,
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
) -> Contest:
    """Prepare the cases of a split, or the one case `only` of those that there would be.

    Raises LeakError if a target is left in what systems would see, SettingsError where there is no such case."""
    ids = draw(corpus.ids(split), limit, seed)
    subjects = corpus.groups(split)
    scored = frozenset(subjects[i] for i in ids)
    if only and only not in ids:
        raise SettingsError(f"there is no case {only} in {split}", todo=f"name one of its {len(ids)}, such as {ids[0]}")
    ids = [only] if only else ids
    stays = bar(corpus.stays(split, ids), f"preparing {split}", total=len(ids), unit="stay")
    prepared = [prepare(stay, task, cut_leaks) for stay in stays]
    refuse_leaks(leak for one in prepared for leak in one.leaks)
    cases = tuple(one.case for one in prepared)
    return Contest(
        task=task,
        corpus=corpus,
        split=split,
        cases=cases,
        limit=None if limit is None or limit >= len(corpus.ids(split)) else limit,
        seed=seed,
        leak_check=_checked(prepared),
        records=_records(prepared),
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


def _checked(prepared: Sequence[Prepared]) -> dict[str, int]:
    """Cases by how it was checked that their targets are gone, and those of which copies had to be cut."""
    unproven = sum(any(leak.status == "unproven" for leak in one.leaks) for one in prepared)
    cut = sum(any(leak.copies for leak in one.leaks) for one in prepared)
    found = {"clean": len(prepared) - unproven, "unproven": unproven, "with copies cut": cut}
    return {what: count for what, count in found.items() if count}


def _records(prepared: Sequence[Prepared]) -> bytes:
    """A line a case: what is left of each target (longest run, share of 8-grams), which rows were dropped."""
    lines = ({"case": one.case.id, "leaks": one.leaks, "dropped": one.dropped} for one in prepared)
    return "".join(f"{canonical_json(line)}\n" for line in lines).encode()


def draw(ids: Sequence[str], limit: int | None, seed: int) -> list[str]:
    """A seeded sample of `limit` ids in their own order; all of them without a limit."""
    if limit is None or limit >= len(ids):
        return list(ids)
    if limit < 1:
        raise SettingsError(f"--limit {limit}: there is nothing to do", todo="give 1 or more")
    chosen = set(random.Random(seed).sample(list(ids), limit))
    return [i for i in ids if i in chosen]
