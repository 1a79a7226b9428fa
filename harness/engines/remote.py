"""An engine whose batches are completed by the workers of a cluster, each with an engine of its own.

The prompts are made, and divided into batches, where the system runs. A worker completes a batch as it stands in the
plan of the whole list: the text is the one that a single process would write.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeAlias, cast

from harness.cluster import Crew
from harness.engines.wrapped import Wrapped
from harness.errors import RunError, SettingsError
from harness.files import digest, digest_folder
from harness.lineup import AnyEngineSettings
from harness.pace import waited
from harness.types import Completion, Engine, Prompt, Sampling

Completed: TypeAlias = list[tuple[int, list[Completion]]]


class PlannedEngine(Engine, Protocol):
    """An engine that tells its plan of batches."""

    def batches(self, prompts: Sequence[Prompt], sampling: Sampling) -> Sequence[Sequence[int]]:
        """The indices of the prompts that are completed together, batch by batch. The prompts of a batch alone, in
        this order, are one batch again."""
        ...

    def adapted(self, adapter: Path) -> PlannedEngine: ...


@dataclass(frozen=True)
class EngineBench:
    """The engine of a line-up, to be opened by a worker. `identity` is the digest of what it is where it was asked
    for: a worker that would open another one refuses."""

    settings: AnyEngineSettings
    identity: str
    threads: int
    cards: int

    def open(self) -> Callable[[Batch], Completed]:
        from harness.resources import engine_identity, open_engine

        if digest(engine_identity(self.settings)) != self.identity:
            raise RunError(
                "a worker has another model, torch or transformers than the command that hired it",
                todo="give all nodes the same environment and the same assets",
            )
        engine = open_engine(self.settings)
        return lambda batch: batch.completed_by(engine)


@dataclass(frozen=True)
class Batch:
    """A job: the prompts at the places `at` of the whole list, and the adapter (a folder) to be worn, if any."""

    at: tuple[int, ...]
    prompts: tuple[Prompt, ...]
    sampling: Sampling
    adapter: Path | None

    def completed_by(self, engine: Engine) -> Completed:
        wearing = engine.adapted(self.adapter) if self.adapter else engine
        return [(self.at[place], texts) for place, texts in wearing.complete(self.prompts, self.sampling)]


def remote(local: Engine, bench: EngineBench, crew: Crew) -> RemoteEngine:
    """`local` in the hands of a crew. Raises SettingsError for an engine that has no plan of batches."""
    if not hasattr(local, "batches"):
        raise SettingsError(
            f"the engine '{bench.settings.kind}' does not say which prompts it completes together, so no workers can "
            "share them",
            todo="leave out --workers and --ray, or take the engine transformers",
        )
    return RemoteEngine(cast(PlannedEngine, local), bench, crew)


@dataclass(frozen=True)
class RemoteEngine(Wrapped):
    """An `Engine`. The one inside counts tokens and makes the plan; its weights are never loaded."""

    engine: PlannedEngine
    bench: EngineBench
    crew: Crew
    adapter: Path | None = None

    def complete(
        self, prompts: Sequence[Prompt], sampling: Sampling, done: Collection[int] = ()
    ) -> Iterator[tuple[int, list[Completion]]]:
        """As the engine inside; the `seconds` of all texts add up to those that were waited, whoever worked."""
        stored = set(done)
        missing = (tuple(batch) for batch in self.engine.batches(prompts, sampling) if not stored.issuperset(batch))
        jobs = (Batch(at, tuple(prompts[i] for i in at), sampling, self.adapter) for at in missing)
        for (_, completed), seconds in waited(self.crew.run(self.bench, jobs)):
            share = seconds / sum(len(texts) for _, texts in completed)
            for at, texts in completed:
                yield at, [replace(text, seconds=share) for text in texts]

    def adapted(self, adapter: Path) -> RemoteEngine:
        return replace(self, engine=self.engine.adapted(adapter), adapter=adapter.resolve())

    @property
    def digest(self) -> str:
        return digest([self.bench.identity, self.adapter and digest_folder(self.adapter)])
