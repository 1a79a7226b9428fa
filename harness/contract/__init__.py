"""The contract that every plugin keeps, as plain functions: one a rule, a table of rules a kind.

`harness check FILE` and the tests run the same rules. They run a plugin for real, on a small synthetic ward.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.contract import pools, scorers, systems, tasks
from harness.contract.trial import Trial, Ward
from harness.errors import HarnessError, PluginError
from harness.plugins import Entry, Registry, registry_of
from harness.privacy import describe

Rules = Mapping[str, Callable[[Any], None]]
"""Rules by what they ask for. A rule raises PluginError where it is broken, RunError where that ends the check."""

LOADED = "it can be loaded"


@dataclass(frozen=True)
class Result:
    """Whether `plugin` keeps `rule`; `detail` says what is wrong and what to do."""

    plugin: str
    rule: str
    passed: bool
    detail: str = ""

    def __str__(self) -> str:
        line = f"{'ok  ' if self.passed else 'FAIL'} {self.plugin}: {self.rule}"
        return line if self.passed else f"{line}: {self.detail}"


def check_file(path: Path, plugins: Sequence[Path] = ()) -> Iterator[Result]:
    """Check every plugin that the file defines, rule by rule; the files `plugins` are there for what it needs of them.
    Raises PluginError if it is no file of plugins."""
    registry, entries = registry_of(path, plugins)
    yield from _broken_tasks(registry, entries)
    with tempfile.TemporaryDirectory(prefix="harness-check-") as folder:
        ward = Ward(Path(folder))
        for entry in entries:
            yield from check(Trial(entry, registry, ward))


def _broken_tasks(registry: Registry, entries: Sequence[Entry]) -> Iterator[Result]:
    """The tasks of other files that cannot be read, where they say of a scorer's columns whether more is better."""
    if any(entry.kind == "scorer" for entry in entries):
        own = {entry.name for entry in entries if entry.kind == "task"}
        _, broken = registry.tasks()
        yield from (Result(name, LOADED, False, str(error)) for name, error in broken.items() if name not in own)


def check(trial: Trial) -> Iterator[Result]:
    """Check one plugin. A rule that is broken leaves the others to be asked; an error ends the check, and so does what
    cannot be set up."""
    try:
        rules, subject = rules_and_subject(trial)
    except PluginError as error:
        yield Result(trial.entry.name, LOADED, False, str(error))
        return
    for rule in rules:
        result, goes_on = ask(trial.entry.name, rule, rules[rule], subject)
        yield result
        if not goes_on:
            return


def rules_and_subject(trial: Trial) -> tuple[Rules, Any]:
    """The rules for a plugin, and what they are asked of. Raises PluginError if it cannot be loaded."""
    plugin = trial.plugin
    match trial.entry.kind:
        case "task":
            return tasks.RULES, tasks.TaskTrial(trial)
        case "scorer":
            return scorers.rules(trial), scorers.ScorerTrial(trial)
        case "system" if hasattr(plugin, "pool"):
            return pools.RULES, pools.PoolTrial(trial)
        case "system":
            return systems.rules(trial), systems.SystemTrial(trial)


def ask(plugin: str, name: str, rule: Callable[[Any], None], subject: Any) -> tuple[Result, bool]:
    """The result of one rule, and whether it makes sense to ask the next."""
    try:
        rule(subject)
    except PluginError as error:
        return Result(plugin, name, False, str(error)), True
    except HarnessError as error:
        return Result(plugin, name, False, str(error)), False
    except (Exception, SystemExit) as error:
        return Result(plugin, name, False, f"it raised {describe(error)}"), False
    return Result(plugin, name, True), True
