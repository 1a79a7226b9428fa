"""A system made ready to compete: found by name, its settings checked, its identity known, opened into a Runner."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError, PluginError, SettingsError
from harness.files import digest, digest_bytes
from harness.lineup import Lineup, build
from harness.plugins import Registry, Tag
from harness.privacy import describe
from harness.types import Candidate, Context, Failure, ModelInput, PoolSystem, Runner, System, Task


@dataclass(frozen=True)
class Competitor:
    """`name` is what the command line and the lineup call it; `plugin` is the plugin behind it; `settings` are the
    effective ones; `source` is the digest of the plugin's code and of the files that it names as its sources."""

    name: str
    plugin: str
    system: Any
    tag: Tag
    settings: Mapping[str, Any]
    source: str

    @property
    def pool(self) -> PoolSystem | None:
        return self.system if isinstance(self.system, PoolSystem) else None

    @property
    def samples(self) -> int:
        """Candidates a case: the setting `samples` where a system has it, else one."""
        return int(self.settings.get("samples", 1))

    @property
    def batched(self) -> bool:
        """Whether a text depends on the rest of its list (an engine's batches): then the list is handed over whole."""
        return "engine" in self.tag.needs

    def open(self, context: Context) -> Runner:
        return self.system.open(context) if isinstance(self.system, System) else _PerCase(self.system)


@dataclass(frozen=True)
class _PerCase:
    """The short form of a system: a function from a ModelInput to its text."""

    write: Any

    def generate(self, inputs: Sequence[ModelInput]) -> Iterator[Candidate | Failure]:
        for asked in inputs:
            text = self.write(asked)
            if not isinstance(text, str):
                raise TypeError(f"returned {type(text).__name__} where a str is due")
            yield Candidate(asked.case, asked.field, text, raw=text)


def find_competitor(
    name: str, registry: Registry, lineup: Lineup, task: Task, overrides: Mapping[str, Any] | None = None
) -> Competitor:
    """The system that `name` stands for: an entry of the lineup, else a plugin. `overrides` win over the lineup."""
    entrant = lineup.entrant(name, registry.names("system"))
    entry = registry.entry("system", entrant.plugin)
    plugin = entry.load()
    values = {**entrant.settings, **(overrides or {})}
    if isinstance(plugin, type):
        if not dataclasses.is_dataclass(plugin):
            raise PluginError(
                f"{entry.origin}: the system '{entry.name}' is a class but no dataclass",
                todo="put @dataclass(frozen=True) under its decorator",
            )
        system: Any = build(plugin, values, f"{lineup.path.name} [systems.{name}]")
        settings = dataclasses.asdict(system)
        if not isinstance(system, (System, PoolSystem)):
            raise PluginError(
                f"{entry.origin}: the system '{entry.name}' has neither open(context) nor pool()",
                todo="give it one of them, see `harness new system NAME`",
            )
    elif values:
        raise SettingsError(
            f"the system '{name}' is a function and takes no settings", todo=f"leave out {', '.join(values)}"
        )
    else:
        system, settings = plugin, {}
    sources = [path.read_bytes() for path in system.sources(task)] if hasattr(system, "sources") else []
    source = digest([digest_bytes(data) for data in (entry.source(), *sources)])
    return Competitor(name, entrant.plugin, system, plugin.__harness__, settings, source)


class _Watched(Sequence[ModelInput]):
    """Inputs that remember which one was handed out last, so that an exception can be laid at its case."""

    def __init__(self, inputs: Sequence[ModelInput]) -> None:
        self._inputs = inputs
        self.current: ModelInput | None = None

    def __len__(self) -> int:
        return len(self._inputs)

    def __getitem__(self, at: Any) -> Any:
        found = self._inputs[at]
        self.current = found if isinstance(found, ModelInput) else None
        return found

    def __iter__(self) -> Iterator[ModelInput]:
        for asked in self._inputs:
            self.current = asked
            yield asked
        self.current = None


MAX_FAILURES_IN_A_ROW = 20


def results(competitor: Competitor, runner: Runner, inputs: Sequence[ModelInput]) -> Iterator[Candidate | Failure]:
    """What the runner yields for `inputs`. A case at which it raises becomes a Failure and the others go on.

    Raises PluginError if it raises at no case in particular, or at very many in a row."""
    left = {asked.case: asked for asked in inputs}
    in_a_row = 0
    while left:
        watched = _Watched(list(left.values()))
        try:
            for result in runner.generate(watched):
                if not competitor.batched:
                    left.pop(result.case, None)
                in_a_row = 0
                yield result
            return
        except HarnessError:
            raise
        except Exception as error:
            reason = describe(error)
            culprit = watched.current
            in_a_row += 1
            if culprit is None or in_a_row >= MAX_FAILURES_IN_A_ROW:
                where = "in its run" if culprit is None else f"on {in_a_row} cases in a row, the last {culprit.case}"
                raise PluginError(
                    f"the system '{competitor.name}' failed {where}: {reason}",
                    todo="what it wrote before is kept; mend it and run the same command again",
                ) from error
            left.pop(culprit.case, None)
            yield Failure(culprit.case, culprit.field, reason)
