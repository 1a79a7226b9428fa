"""The panel of scorers: chosen by name, set up by the line-up, opened once for all submissions that it judges."""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, cached_property
from numbers import Real
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from harness import assets
from harness.blame import raise_if_nobodys
from harness.board import means_of
from harness.errors import (
    AssetError,
    CannotJudge,
    HarnessError,
    PluginError,
    ScoreError,
    SettingsError,
    told,
)
from harness.files import digest_bytes, private_folder
from harness.lineup import EncoderSettings, Lineup, build
from harness.nlp.networks import TO_FIT
from harness.plugins import Entry, Registry, Tag
from harness.resources import open_encoder
from harness.types import Encoder, Pair, Scorer, Signature, Task


@cache
def _default_encoder() -> Encoder:
    return open_encoder(EncoderSettings())


@dataclass(frozen=True)
class ScorerContext:
    """The ScoringContext of a scorer: `tables` is the folder of the scored split, where there is one."""

    language: str
    work: Path
    tables: Path | None = None
    load_encoder: Callable[[], Encoder] = _default_encoder

    @cached_property
    def encoder(self) -> Encoder:
        return self.load_encoder()

    def asset(self, name: str) -> Path:
        return assets.path(name)

    def beside(self, name: str) -> Path:
        if self.tables is None or not (self.tables / name).is_file():
            raise AssetError(
                f"the corpus keeps no {name} beside the tables of {self.tables.name if self.tables else 'this split'}",
                todo="there is one where the corpus was made with it: harness data synthesize",
            )
        return self.tables / name


@dataclass(frozen=True)
class Choice:
    """A scorer that is to judge: its plugin and the settings that the line-up gives it; `where` names their place."""

    entry: Entry
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    where: str = ""

    @property
    def name(self) -> str:
        return self.entry.name


def choose(names: Sequence[str], registry: Registry, lineup: Lineup, task: Task | None = None) -> tuple[Choice, ...]:
    """Scorers by name, with the task's settings and before them the line-up's.

    Raises PluginError for a name that no scorer has, wherever it stands (settings that nobody reads are a slip of the
    pen), and for a column that is called as one of the task's means; SettingsError for a setting that a scorer does not
    take: before anybody works, not after."""
    for name in lineup.scorers:
        registry.entry("scorer", name)
    own = task.scorer_settings if task else {}
    choices = tuple(
        Choice(
            registry.entry("scorer", name),
            {**own.get(name, {}), **lineup.scorers.get(name, {})},
            f"{lineup.path.name} [scorers.{name}]"
            if task is None or name in lineup.scorers
            else f"{task.name}: {name}",
        )
        for name in names
    )
    means = means_of(task) if task else {}
    for choice in choices:
        if taken := [column for column in _plugin(choice).columns if column in means]:
            raise PluginError(
                f"the scorer '{choice.name}' ({choice.entry.origin}) fills the column '{taken[0]}', and so the task "
                f"{task.name if task else ''} calls the mean of {', '.join(means[taken[0]])}",
                todo="give the column another name",
            )
    return choices


def filling(columns: Collection[str], task: Task, registry: Registry, lineup: Lineup) -> tuple[str, ...]:
    """Of the task's scorers the names of those that fill one of the columns."""
    there = filled(task, registry, lineup)
    return tuple(name for name, own in there.items() if not set(columns).isdisjoint(own))


def filled(task: Task, registry: Registry, lineup: Lineup) -> dict[str, tuple[str, ...]]:
    """The columns that each of the task's scorers fills, of which some may be open twins."""
    return {choice.name: tuple(_plugin(choice).columns) for choice in choose(task.scorers, registry, lineup, task)}


@dataclass(frozen=True)
class OpenScorer:
    """A scorer ready to measure, `batch` pairs at once; where an asset is missing, `scorer` is None. `missing` says, by
    column that is n/a, which asset that is: its own columns, or those that its open twins stand for. `source` is the
    digest of the plugin's file."""

    name: str
    columns: tuple[str, ...]
    scorer: Scorer | None
    missing: Mapping[str, str] = dataclasses.field(default_factory=dict)
    batch: int = 256
    source: str = ""

    @property
    def ready(self) -> Scorer:
        assert self.scorer is not None
        return self.scorer

    def worst(self, column: str) -> float:
        """What a failed text gets. Raises PluginError where the scorer fails to say it."""
        with _blaming(self.name, f"failed to say the worst of its column {column}", _FINITE):
            value: Any = self.ready.worst(column)
        if not isinstance(value, Real):
            given = f"gives a failed text {type(value).__name__} in its column {column}"
            raise PluginError(f"the scorer '{self.name}' {given}", todo=_FINITE)
        return float(value)

    def signature(self, column: str) -> Signature:
        """What the column is. Raises PluginError where the scorer fails to say it."""
        with _blaming(self.name, f"failed to sign its column {column}", _SIGN):
            said: Any = self.ready.signature(column)
        if not isinstance(said, Signature):
            kind = type(said).__name__
            raise PluginError(f"the scorer '{self.name}' signs its column {column} with {kind}", todo=_SIGN)
        return said

    @property
    def lack(self) -> str:
        """Why columns are n/a, whichever."""
        return "\n".join(dict.fromkeys(self.missing.values()))

    @property
    def tells_truncation(self) -> bool:
        return callable(getattr(self.scorer, "truncated", None))


def open_scorers(choices: Sequence[Choice], context: ScorerContext) -> tuple[OpenScorer, ...]:
    """Open the scorers, once for all submissions that they are to judge. Each works in a folder of its own in
    `context.work`.

    Raises SettingsError for a setting that a scorer does not take, PluginError naming a scorer that cannot be
    opened, or two that fill the same column.
    """
    opened = tuple(open_scorer(choice, context) for choice in choices)
    owners: dict[str, str] = {}
    for one in opened:
        for column in one.columns:
            if owners.setdefault(column, one.name) != one.name:
                raise PluginError(
                    f"the scorers '{owners[column]}' and '{one.name}' both fill the column '{column}'",
                    todo="leave one of them out: --scorers",
                )
    return opened


def open_scorer(choice: Choice, context: ScorerContext) -> OpenScorer:
    """See `open_scorers`."""
    entry, plugin = choice.entry, _plugin(choice)
    tag: Tag = plugin.__harness__
    source = digest_bytes(entry.source())
    if isinstance(plugin, _ShortScorer):
        return OpenScorer(entry.name, plugin.columns, plugin, batch=tag.batch, source=source)
    own = replace(context, work=private_folder(context.work / entry.name))
    with _blaming(entry.name, f"({entry.origin}) cannot be opened", "mend the file"):
        try:
            scorer = plugin.open(own)
        except AssetError as error:
            return OpenScorer(entry.name, tuple(plugin.columns), None, dict.fromkeys(plugin.columns, str(error)))
        _refuse_lacking(entry, f"opens with {type(scorer).__name__}, which has", scorer, _MEMBERS)
        missing = getattr(scorer, "missing", {})
        return OpenScorer(entry.name, tuple(scorer.columns), scorer, missing, batch=tag.batch, source=source)


@contextmanager
def _blaming(name: str, what: str, todo: str) -> Iterator[None]:
    """Lay an error that a scorer raises at that scorer: the user's problem, and no bug of ours."""
    try:
        yield
    except HarnessError:
        raise
    except (Exception, SystemExit) as error:
        raise_if_nobodys(error, ScoreError(f"the scorer '{name}' ran out of memory while it was opened", todo=TO_FIT))
        raise PluginError(f"the scorer '{name}' {what}: {fault(error)}", todo=todo) from None


_FINITE = "let `worst` return a finite number: a failed text counts in the mean"
_SIGN = "let `signature` return a harness.Signature"
_ONE_NUMBER = "let it return one number, or name the others: --scorers a,b"
_COLUMNS = {"columns": 'columns = ("NAME",)'}
_PLUGIN_MEMBERS = _COLUMNS | {"open": "open(context)"}
_MEMBERS = _COLUMNS | {"measure": "measure(pairs)", "worst": "worst(column)", "signature": "signature(column)"}
"""What a scorer has to have, before it is opened and then, and how each is written."""


def _refuse_lacking(entry: Entry, what: str, found: object, members: Mapping[str, str]) -> None:
    """Raises PluginError naming the members that `found` lacks; a text alone is no tuple of columns."""

    def there(name: str) -> bool:
        value = getattr(found, name, None)
        return isinstance(value, Sequence) and not isinstance(value, str) if name == "columns" else callable(value)

    if lacking := [name for name in members if not there(name)]:
        written = ", ".join(members[name] for name in lacking)
        raise PluginError(
            f"the scorer '{entry.name}' ({entry.origin}) {what} no {', '.join(lacking)}",
            todo=f"give it {written}: see docs/plugins.md",
        )


def _plugin(choice: Choice) -> Any:
    """The plugin with its settings; a function as a scorer that is open already."""
    entry, plugin = choice.entry, choice.entry.load()
    if isinstance(plugin, type):
        if dataclasses.is_dataclass(plugin):
            with _blaming(entry.name, f"({entry.origin}) cannot take its settings", "mend the file"):
                built: Any = build(plugin, choice.settings, choice.where)
            with _blaming(entry.name, f"({entry.origin}) cannot say its columns", "mend the file"):
                _refuse_lacking(entry, "has", built, _PLUGIN_MEMBERS)
            return built
        raise PluginError(
            f"{entry.origin}: the scorer '{entry.name}' is a class but no dataclass",
            todo="put @dataclass(frozen=True) under its decorator",
        )
    if choice.settings:
        raise SettingsError(
            f"{choice.where}: the scorer '{entry.name}' is a function and takes no settings",
            todo=f"leave out {', '.join(choice.settings)}",
        )
    return _ShortScorer(entry.name, plugin, plugin.__harness__, digest_bytes(entry.source()))


@dataclass(frozen=True)
class _ShortScorer:
    """A function `(Pair) -> float` as a Scorer with one column of its name."""

    name: str
    function: Callable[[Pair], float]
    __harness__: Tag
    source_digest: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.name,)

    def measure(self, pairs: Sequence[Pair]) -> NDArray[np.float64]:
        return np.array([[self._value(at, pair)] for at, pair in enumerate(pairs)], dtype=np.float64)

    def _value(self, at: int, pair: Pair) -> SupportsFloat:
        try:
            value: object = self.function(pair)
        except CannotJudge as refusal:
            raise CannotJudge(refusal.what, at=at) from None
        if not isinstance(value, SupportsFloat):
            given = f"returned {type(value).__name__} for case {pair.case}, {pair.field}, where a float is due"
            raise ScoreError(f"the scorer '{self.name}' {given}", todo=_ONE_NUMBER)
        return value

    def worst(self, column: str) -> float:
        return self.__harness__.worst

    def signature(self, column: str) -> Signature:
        return Signature({"metric": column, "source": self.source_digest[:16]}, {})


def fault(error: BaseException) -> str:
    """Type and place of an error; its message may hold a patient's text."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{told(error, message=False)} in {Path(place.filename).name}, line {place.lineno}"
