"""Cases in shards: a system that writes each case by itself lets the workers of a cluster share them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from harness.cluster import Crew
from harness.competitor import Competitor, find_competitor, results
from harness.errors import RunError
from harness.files import private_folder
from harness.lineup import Lineup
from harness.pace import waited
from harness.plugins import registry
from harness.resources import Resources, SystemContext
from harness.types import Candidate, Failure, ModelInput

SHARD = 64
"""Cases that a worker is given at a time: what is done again where it dies."""

Shard: TypeAlias = tuple[ModelInput, ...]


@dataclass(frozen=True)
class SystemBench:
    """A system, to be found and opened by a worker as the command found it: by name, through the same three doors.
    `source` is the digest of its code: a worker that finds another one refuses."""

    name: str
    settings: Mapping[str, Any]
    source: str
    plugins: tuple[Path, ...]
    task: str
    data: Path
    split: str
    lineup: Lineup
    scored: frozenset[str]
    seed: int
    threads: int = 1
    cards: int = 0

    def open(self) -> Callable[[Shard], list[Candidate | Failure]]:
        from harness.corpora import open_corpus

        plugins = registry(self.plugins)
        task = plugins.task(self.task)
        competitor = find_competitor(self.name, plugins, self.lineup, task, self.settings)
        if competitor.source != self.source:
            raise RunError(
                f"a worker has another source of the system '{self.name}' than the command that hired it",
                todo="give all nodes the same checkout",
            )
        corpus = open_corpus(self.data, task, self.split)
        resources = Resources(task, corpus, self.split, self.lineup, self.scored)
        work = private_folder(corpus.root / "systems" / competitor.plugin)
        context = SystemContext(task, self.seed, work, competitor.tag.needs, resources, frozenset(), self.name)
        runner = competitor.open(context)
        return lambda shard: list(results(competitor, runner, shard))


def sharded(competitor: Competitor, resources: Resources, seed: int, crew: Crew) -> ShardedRunner:
    """The runner of a system that writes each case by itself, in the hands of a crew."""
    task, corpus, split, lineup = resources.task, resources.corpus, resources.split, resources.lineup
    bench = SystemBench(
        competitor.name,
        competitor.settings,
        competitor.source,
        competitor.plugins,
        task.name,
        corpus.data,
        split,
        lineup,
        resources.scored,
        seed,
    )
    return ShardedRunner(bench, crew)


@dataclass(frozen=True)
class ShardedRunner:
    """A `Runner`: the workers have one of their own each. A text's seconds are its share of those that were waited."""

    bench: SystemBench
    crew: Crew

    def generate(self, inputs: Sequence[ModelInput]) -> Iterator[Candidate | Failure]:
        for (_, made), seconds in waited(self.crew.run(self.bench, _shards(inputs))):
            for one in made:
                yield replace(one, seconds=seconds / len(made)) if isinstance(one, Candidate) else one


def _shards(inputs: Sequence[ModelInput]) -> Iterator[Shard]:
    left = iter(inputs)
    while shard := tuple(islice(left, SHARD)):
        yield shard
