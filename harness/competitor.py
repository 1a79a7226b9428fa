"""A system made ready to compete: found by name, its settings checked, its identity known, opened into a Runner."""

from __future__ import annotations

import dataclasses
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.blame import raise_if_nobodys
from harness.errors import HarnessError, PluginError, RunError, SettingsError
from harness.files import digest, digest_bytes, digest_file
from harness.inputs import Inputs
from harness.lineup import Lineup, build
from harness.plugins import Registry, Tag
from harness.privacy import describe
from harness.types import Candidate, Context, Failure, ModelInput, Pool, PoolSystem, Runner, System, Task


@dataclass(frozen=True)
class Competitor:
    """`name` is what the command line and the lineup call it; `plugin` is the plugin behind it; `settings` are the
    effective ones; `source` is the digest of the plugin's code and of the files that it names as its sources;
    `plugins` are the files of the third door through which it may have come in."""

    name: str
    plugin: str
    system: Any
    tag: Tag
    settings: Mapping[str, Any]
    source: str
    plugins: tuple[Path, ...] = ()

    @property
    def is_pool(self) -> bool:
        return isinstance(self.system, PoolSystem)

    def pool(self) -> Pool:
        """What a pool declares. Raises SettingsError if that is nobody."""
        with blaming(self.name, "to say who its members are"):
            pool: Pool = self.system.pool()
        if not pool.members:
            raise SettingsError(
                f"the pool '{self.name}' has no members", todo='name them: members = ["lead", "nearest"]'
            )
        return pool

    @property
    def samples(self) -> int:
        """Candidates a case: the setting `samples` where a system has it, else one."""
        return int(self.settings.get("samples", 1))

    @property
    def batched(self) -> bool:
        """Whether a text depends on the rest of its list (the batches of an engine or an encoder): then the list is
        handed over whole, however much of it is stored."""
        return bool({"engine", "encoder"} & set(self.tag.needs))

    def open(self, context: Context) -> Runner:
        if not isinstance(self.system, System):
            return _PerCase(self.system)
        with blaming(self.name, "to open"):
            runner: Runner = self.system.open(context)
        if not callable(getattr(runner, "generate", None)):
            raise PluginError(
                f"the system '{self.name}': open() returned {type(runner).__name__}, which has no generate()",
                todo="return something with generate(inputs), see `harness new system NAME`",
            )
        return runner

    def answers(self, runner: Runner, inputs: Sequence[ModelInput]) -> Iterator[Candidate | Failure]:
        """What the runner yields. Raises PluginError for what is no answer."""
        found: Any = runner.generate(inputs)
        if not isinstance(found, Iterable):
            raise PluginError(f"the system '{self.name}': generate() returned {type(found).__name__}", todo=ANSWER_EACH)
        for result in found:
            if not isinstance(result, (Candidate, Failure)):
                kind = type(result).__name__
                raise PluginError(f"the system '{self.name}': generate() yielded {kind}", todo=ANSWER_EACH)
            yield result


ANSWER_EACH = "yield Candidate(asked.case, asked.field, text), or a Failure that says why, for each input"


@contextmanager
def blaming(name: str, what: str) -> Iterator[None]:
    """Lay an error that a plugin raises at that plugin: the user's problem, and no bug of ours."""
    try:
        yield
    except HarnessError:
        raise
    except (Exception, SystemExit) as error:
        raise_if_nobodys(error, _full_memory(name, f"when it had {what}"))
        raise PluginError(f"the system '{name}' failed {what}: {describe(error)}", todo="mend the plugin") from error


def _full_memory(name: str, when: str) -> RunError:
    what = f"the system '{name}' ran out of memory {when}"
    return RunError(what, todo="make room, or lower its settings; the same command goes on from here")


class _NoTextError(HarnessError):
    """What a function returned for one case, in words that hold no text."""


@dataclass(frozen=True)
class _PerCase:
    """The short form of a system: a function from a ModelInput to its text."""

    write: Any

    def generate(self, inputs: Sequence[ModelInput]) -> Iterator[Candidate | Failure]:
        for asked in inputs:
            text = self.write(asked)
            if not isinstance(text, str):
                raise _NoTextError(f"it returned {type(text).__name__} where a str is due", todo="return the text")
            yield Candidate(asked.case, asked.field, text, raw=text)


def find_competitor(
    name: str, registry: Registry, lineup: Lineup, task: Task, overrides: Mapping[str, Any] | None = None
) -> Competitor:
    """The system that `name` stands for: an entry of the lineup, else a plugin. `overrides` win over the lineup."""
    entrant = lineup.entrant(name, registry.names("system"))
    entry = registry.entry("system", entrant.plugin)
    plugin = entry.load()
    if isinstance(plugin, type):
        if not dataclasses.is_dataclass(plugin):
            raise PluginError(
                f"{entry.origin}: the system '{entry.name}' is a class but no dataclass",
                todo="put @dataclass(frozen=True) under its decorator",
            )
        with blaming(name, "to take its settings"):
            system: Any = build(plugin, entrant.settings, f"{lineup.path.name} [systems.{name}]", overrides)
        settings = dataclasses.asdict(system)
        _check_samples(name, settings.get("samples", 1))
        if not isinstance(system, (System, PoolSystem)):
            raise PluginError(
                f"{entry.origin}: the system '{entry.name}' has neither open(context) nor pool()",
                todo="give it one of them, see `harness new system NAME`",
            )
    elif values := {**entrant.settings, **(overrides or {})}:
        raise SettingsError(
            f"the system '{name}' is a function and takes no settings", todo=f"leave out {', '.join(values)}"
        )
    else:
        system, settings = plugin, {}
    with blaming(name, "to name its sources"):
        sources = [digest_file(path) for path in system.sources(task)] if hasattr(system, "sources") else []
    source = digest([digest_bytes(entry.source()), *sources])
    return Competitor(name, entrant.plugin, system, plugin.__harness__, settings, source, registry.files)


def _check_samples(name: str, samples: object) -> None:
    if type(samples) is not int or samples < 1:
        raise SettingsError(
            f"the system '{name}' has samples = {samples!r}: so many candidates it is to write a case",
            todo="give a whole number from 1 on; where its author means something else by it, under another name",
        )


class _Watched(Sequence[ModelInput]):
    """The inputs at these places. They remember which one was handed out last, so that an exception can be laid at its
    case."""

    def __init__(self, inputs: Sequence[ModelInput], places: Sequence[int]) -> None:
        self._inputs, self._places = inputs, places
        self.current: ModelInput | None = None

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            self.current = None
            return [self._inputs[place] for place in self._places[at]]
        self.current = self._inputs[self._places[at]]
        return self.current

    def __iter__(self) -> Iterator[ModelInput]:
        for place in self._places:
            self.current = self._inputs[place]
            yield self.current
        self.current = None


MAX_FAILURES_IN_A_ROW = 20


def results(competitor: Competitor, runner: Runner, inputs: Sequence[ModelInput]) -> Iterator[Candidate | Failure]:
    """What the runner yields for `inputs`, candidates with the seconds that they took. A case at which it raises
    becomes a Failure and the others go on.

    A runner that has its list whole gets it again without that case; any other gets what it has not answered yet.
    Raises PluginError for what is no answer, and if it raises at no case in particular (nor is it one that has been
    answered whole), or at very many in a row."""
    ids = inputs.ids if isinstance(inputs, Inputs) else [asked.case for asked in inputs]
    left = {case: place for place, case in enumerate(ids)}
    answered: defaultdict[str, set[int]] = defaultdict(set)
    in_a_row, samples = 0, competitor.samples
    while left:
        watched = _Watched(inputs, list(left.values()))
        started = time.perf_counter()
        try:
            for result in competitor.answers(runner, watched):
                if isinstance(result, Candidate) and result.seconds is None:
                    result = replace(result, seconds=time.perf_counter() - started)
                if not answered[result.case]:
                    in_a_row = 0
                answered[result.case] |= {*range(samples)} if isinstance(result, Failure) else {result.index}
                if not competitor.batched:
                    left.pop(result.case, None)
                yield result
                started = time.perf_counter()
            return
        except (Exception, SystemExit) as error:
            if isinstance(error, HarnessError) and not isinstance(error, _NoTextError):
                raise
            raise_if_nobodys(error, _full_memory(competitor.name, "in its run"))
            reason = error.what if isinstance(error, _NoTextError) else describe(error)
            culprit = watched.current
            if culprit is not None and len(answered[culprit.case]) >= samples:
                culprit = None
            in_a_row += 1
            if culprit is None or in_a_row >= MAX_FAILURES_IN_A_ROW:
                where = "in its run" if culprit is None else f"on {in_a_row} cases in a row, the last {culprit.case}"
                raise PluginError(
                    f"the system '{competitor.name}' failed {where}: {reason}",
                    todo="what it wrote before is kept; mend it and run the same command again",
                ) from error
            left.pop(culprit.case, None)
            yield Failure(culprit.case, culprit.field, reason)
