"""A plugin on trial, the ward that it is tried on, and the rules that hold for plugins of every kind."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.contest import Contest, open_contest
from harness.corpora.marking import read_marking
from harness.corpora.synthetic import synthesize
from harness.corpora.tables import TablesCorpus
from harness.errors import HarnessError, PluginError, RunError
from harness.files import private_folder
from harness.guide import LearnedGuide
from harness.lineup import DEFAULT_LINEUP, build, parse_assignments, read_lineup
from harness.plugins import Entry, Registry, registry
from harness.resources import Resources
from harness.types import Example, Guide, Part, Task

TASK = "discharge-me"
STAYS = 20
CASES = 3
EXAMPLES = 4
WORDS_A_PART = 10
WORDS_A_TARGET = 40


class _FewResources(Resources):
    """Short examples, few of them, and a guide that need not be learned: what is on trial is the plugin."""

    @cached_property
    def guide(self) -> Guide:
        fields = self.task.fields
        return LearnedGuide({f.name: f.known for f in fields}, {f.name: WORDS_A_TARGET for f in fields})

    def examples(self, field: str, split: str) -> Sequence[Example]:
        return [_short_example(one) for one in super().examples(field, split)[:EXAMPLES]]


class Ward:
    """A few synthetic stays under a folder that whoever opened it throws away."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def task(self) -> Task:
        return registry().task(TASK)

    @cached_property
    def contest(self) -> Contest:
        """A few cases with short charts, so that a small model reads them in seconds."""
        data = self.folder / "ward"
        synthesize(data, STAYS, seed=0)
        corpus = TablesCorpus(data, self.task, read_marking(data), private_folder(self.folder / "workspace"))
        contest = open_contest(
            self.task,
            corpus,
            self.task.default_split,
            read_lineup(DEFAULT_LINEUP),
            registry(),
            self.folder / "submissions",
            limit=CASES,
        )
        groups = {case.group for case in contest.cases}
        return replace(
            contest,
            cases=tuple(replace(case, parts=_short_parts(case.parts)) for case in contest.cases),
            resources=_FewResources(self.task, corpus, contest.split, contest.lineup, groups),
        )


def _short_example(one: Example) -> Example:
    asked = replace(one.input, chart=_short_parts(one.input.chart))
    return replace(one, input=asked, target=_first_words(one.target, WORDS_A_TARGET))


def _short_parts(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The first words of every fourth part: of the note's sections and of the tables."""
    return tuple(replace(part, text=_first_words(part.text, WORDS_A_PART)) for part in parts[::4])


def _first_words(text: str, words: int) -> str:
    return " ".join(text.split()[:words])


@dataclass(frozen=True)
class Trial:
    """One plugin of a registry, to be tried on a ward."""

    entry: Entry
    registry: Registry
    ward: Ward

    @cached_property
    def plugin(self) -> Any:
        return self.entry.load()


@contextmanager
def ending_the_check() -> Iterator[None]:
    """What is set up or tried here, the other rules need: a fault in it is told once, and ends the check."""
    try:
        yield
    except PluginError as error:
        raise RunError(error.what, todo=error.todo) from None


# --------------------------------------------------------------------------- rules for every kind

_PROBE = """
import json, logging, sys
from pathlib import Path
from harness.errors import PluginError
from harness.plugins import registry

seen = {"connections": [], "models": []}

def watch(event, args):
    if event in ("socket.connect", "socket.sendto") and isinstance(args[1], tuple):
        seen["connections"].append(str(args[1][0]))
    elif event == "socket.getaddrinfo":
        seen["connections"].append(str(args[0]))
    elif event == "open" and str(args[0]).endswith((".safetensors", ".gguf", ".bin", ".pt", ".pth", ".onnx")):
        seen["models"].append(Path(args[0]).name)

kind, name, *files = sys.argv[1:]
entry = registry([Path(file) for file in files]).entry(kind, name)
sys.addaudithook(watch)
try:
    entry.load()
except PluginError as error:
    sys.exit(error.what)
print("\\n" + json.dumps({**seen, "logging": bool(logging.getLogger().handlers)}))
"""


def imports_quietly(trial: Trial) -> None:
    """Import it in a process of its own and see what that does."""
    files = [str(path.resolve()) for path in trial.registry.files]
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, trial.entry.kind, trial.entry.name, *files],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        *_, said = ["see what it does on import", *done.stderr.strip().splitlines()]
        raise PluginError("it cannot be imported in a process of its own", todo=said)
    seen = json.loads(done.stdout.splitlines()[-1])
    if seen["connections"]:
        raise PluginError(
            f"importing it connects to {', '.join(sorted({*seen['connections']}))}",
            todo="let nothing leave the machine: assets are fetched by `harness assets fetch`",
        )
    if seen["models"]:
        raise PluginError(
            f"importing it reads {', '.join(seen['models'])}", todo="read models in open(context), not at the top level"
        )
    if seen["logging"]:
        raise PluginError("importing it configures logging", todo="leave that to who runs it: only get a logger")


def settings_can_be_set(trial: Trial) -> None:
    """Write each default as it would stand after --set, and read it back."""
    plugin: type[Any] = trial.plugin
    if not dataclasses.is_dataclass(plugin):
        raise RunError("it is a class but no dataclass", todo="put @dataclass(frozen=True) under its decorator")
    if not _is_frozen(plugin):
        raise PluginError(
            "its settings can change while it runs, and a candidate is kept by them",
            todo="write @dataclass(frozen=True)",
        )
    for field in dataclasses.fields(plugin):
        default = _default(field)
        if default is dataclasses.MISSING:
            raise RunError(f"the setting '{field.name}' has no default", todo="give it one that works")
        written = "none" if default is None else json.dumps(default, default=str)
        try:
            read = getattr(build(plugin, parse_assignments([f"{field.name}={written}"]), "--set"), field.name)
        except HarnessError as error:
            raise PluginError(
                f"the setting '{field.name}' cannot be given on the command line ({error.what})",
                todo="annotate it as str, int, float, bool, Literal, an option | None, or a tuple of these",
            ) from None
        if read != default:
            raise PluginError(
                f"the default of '{field.name}' comes back from the command line as another value",
                todo="let the default be a value of its annotation",
            )


def _is_frozen(plugin: Any) -> bool:
    return bool(plugin.__dataclass_params__.frozen)


def _default(field: dataclasses.Field[Any]) -> Any:
    made = field.default_factory
    return field.default if made is dataclasses.MISSING else made()


QUIET = "its import reads no model, connects to nothing and configures no logging"
SETTINGS = "its settings are frozen, and --set can give each"
