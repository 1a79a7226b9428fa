"""Scorers at work: opened once for all texts of a command; what is kept is looked up, the rest is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from types import TracebackType

import numpy as np

from harness.cluster import Cluster, Crew
from harness.files import digest, private_folder
from harness.lineup import Lineup
from harness.measure import Floats, Rows, width
from harness.panel import Choice, OpenScorer, ScorerContext, choose, open_scorers
from harness.plugins import Registry
from harness.score_cache import ScoreCache, pair_key
from harness.types import Corpus, Pair, Task
from harness.workers import Batch, ScorerBench, Workers, measure_here


class Scoring:
    """The scorers of one command on one split. `kept` is the file of the rows that were measured before; `jobs` is
    how many processes measure, where no `crew` does. Nothing is opened before it is asked for."""

    def __init__(
        self, choices: Sequence[Choice], context: ScorerContext, kept: Path, jobs: int = 1, crew: Crew | None = None
    ) -> None:
        self._choices, self._context, self._file, self._jobs = tuple(choices), context, kept, jobs
        self._crew = crew

    @cached_property
    def scorers(self) -> tuple[OpenScorer, ...]:
        return open_scorers(self._choices, self._context)

    @property
    def working(self) -> dict[int, OpenScorer]:
        """The scorers whose assets are there, by their places among all."""
        return {at: one for at, one in enumerate(self.scorers) if one.scorer is not None}

    @property
    def absent(self) -> tuple[str, ...]:
        """The columns that are n/a."""
        return tuple(column for one in self.scorers if one.scorer is None for column in one.columns)

    @property
    def missing(self) -> tuple[str, ...]:
        """Why columns are n/a, a line for those that lack the same."""
        lines = []
        for one in self.scorers:
            for why in dict.fromkeys(one.missing.values()):
                columns = [column for column, reason in one.missing.items() if reason == why]
                lines.append(f"{', '.join(columns)} n/a: {why}")
        return tuple(lines)

    def measure(self, pairs: Sequence[Pair], moved: Callable[[int], object]) -> list[Rows]:
        """The rows of each scorer whose assets are there. `moved` is told how many rows have come to hand."""
        keys = [pair_key(pair) for pair in pairs]
        found = {at: self._kept(at, keys) for at in self.working}
        refusals: dict[int, dict[int, str]] = {at: {} for at in found}
        batches = []
        for at, cells in found.items():
            lacking = np.flatnonzero(np.isnan(cells).any(axis=1)).tolist()
            moved(len(pairs) - len(lacking))
            batches += list(_batches(at, self.scorers[at].batch, lacking, pairs))
        for batch, rows in self._run(batches):
            found[batch.scorer][list(batch.at)] = rows.cells
            refusals[batch.scorer] |= {batch.at[i]: reason for i, reason in rows.refusals.items()}
            judged = [i for i in range(len(batch.at)) if i not in rows.refusals]
            self._cache.put(self._digests[batch.scorer], [keys[batch.at[i]] for i in judged], rows.cells[judged])
            moved(len(batch.at))
        if batches:
            self._cache.flush()
        return [Rows(cells, refusals[at]) for at, cells in found.items()]

    def _kept(self, at: int, keys: Sequence[bytes]) -> Floats:
        return self._cache.get(self._digests[at], keys, width(self.scorers[at]))

    @property
    def measures(self) -> dict[str, str]:
        """For each column whose assets are there, what tells its values from those of another scorer, or of the same
        with other settings, libraries or source."""
        return {column: key for at, key in self._digests.items() for column in self.scorers[at].columns}

    @property
    def sources(self) -> dict[str, str]:
        """For each column whose assets are there, the digest of the code that measures it."""
        return {column: one.source for one in self.working.values() for column in one.columns}

    @cached_property
    def _digests(self) -> dict[int, str]:
        return {
            at: digest([one.source, [one.signature(column) for column in one.columns]])[:32]
            for at, one in self.working.items()
        }

    @cached_property
    def _cache(self) -> ScoreCache:
        return ScoreCache(self._file)

    def _run(self, batches: Sequence[Batch]) -> Iterator[tuple[Batch, Rows]]:
        if len(batches) > 1 and self._crew:
            return self._crew.run(ScorerBench(self._choices, self._context), batches)
        alone = self._jobs == 1 or len(batches) < 2
        return measure_here(self.scorers, batches) if alone else self._workers.run(batches)

    @cached_property
    def _workers(self) -> Workers:
        return Workers(self._choices, self._context, self._jobs)

    def __enter__(self) -> Scoring:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        opened = vars(self)
        try:
            if "_workers" in opened:
                self._workers.close()
        finally:
            if "_cache" in opened:
                self._cache.close()


def _batches(scorer: int, size: int, lacking: Sequence[int], pairs: Sequence[Pair]) -> Iterator[Batch]:
    """Where to cut depends on the places among all pairs, so a command that goes on from where it was stopped measures
    the same batches, whichever pairs of those before are refused, and so come back."""
    for _, together in groupby(lacking, key=lambda place: place // size):
        at = tuple(together)
        yield Batch(scorer, at, tuple(pairs[i] for i in at))


def scoring_of(
    task: Task,
    corpus: Corpus,
    split: str,
    registry: Registry,
    lineup: Lineup,
    names: Sequence[str],
    jobs: int,
    cluster: Cluster | None = None,
) -> Scoring:
    """The scorers of these names, else the task's and the corpus's; what they keep lies under the corpus's root."""
    work = private_folder(corpus.root / "scorers")
    context = ScorerContext(task.language, work, corpus.data / split)
    choices = choose(names or (*task.scorers, *corpus.scorers), registry, lineup, task)
    return Scoring(choices, context, work / "kept.sqlite", jobs, Crew(cluster, corpus.root) if cluster else None)
