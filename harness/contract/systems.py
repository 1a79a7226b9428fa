"""The rules for systems that write (pools have their own)."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import logging
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.candidates import Place
from harness.competitor import ANSWER_EACH, Competitor, find_competitor
from harness.contest import Contest
from harness.contract.trial import QUIET, SETTINGS, Trial, ending_the_check, imports_quietly, settings_can_be_set
from harness.errors import PluginError, RunError
from harness.files import canonical_json, private_folder
from harness.plugins import Need
from harness.prepare import model_input
from harness.resources import SystemContext
from harness.run import Generated, Run, generate
from harness.types import Candidate, Failure, ModelInput, Tuning

NEW_TOKENS = 6
PRINTED_RUN = 8
"""Words of a chart in a row that make a print of it."""

Texts = Mapping[Place, tuple[str, ...]]


@dataclass(frozen=True)
class _OpenContext(SystemContext):
    """A context that grants everything and remembers what was asked for."""

    asked: set[Need] = field(default_factory=set)

    def _grant(self, need: Need) -> None:
        self.asked.add(need)


@dataclass
class Pass:
    """What came of letting a system write every field of every case once, without the run's safety nets."""

    inputs: list[list[ModelInput]] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)
    asked: set[Need] = field(default_factory=set)
    changed: bool = False
    printed: str = ""


class SystemTrial:
    def __init__(self, trial: Trial) -> None:
        self.trial = trial

    @cached_property
    def contest(self) -> Contest:
        return dataclasses.replace(self.trial.ward.contest, registry=self.trial.registry)

    @cached_property
    def home(self) -> Path:
        return Path(tempfile.mkdtemp(prefix=self.trial.entry.name, dir=self.trial.ward.folder))

    @cached_property
    def competitor(self) -> Competitor:
        plugin, contest = self.trial.plugin, self.contest
        names = {f.name for f in dataclasses.fields(plugin)} if dataclasses.is_dataclass(plugin) else set()
        few = {"max_new_tokens": NEW_TOKENS} if "max_new_tokens" in names else {}
        if isinstance(plugin, type) and issubclass(plugin, Tuning):
            few["steps"] = 1
        with ending_the_check():
            return find_competitor(self.trial.entry.name, contest.registry, contest.lineup, contest.task, few)

    def write(self, inputs: Sequence[ModelInput], asked: set[Need] | None = None) -> list[Any]:
        """What a newly opened runner yields for these inputs."""
        contest, competitor = self.contest, self.competitor
        work = private_folder(contest.resources.corpus.root / "systems" / competitor.plugin)
        noted: set[Need] = set() if asked is None else asked
        context = _OpenContext(
            contest.task, 0, work, competitor.tag.needs, contest.resources, (), competitor.name, asked=noted
        )
        with ending_the_check():
            runner = competitor.open(context)
        found: Any = runner.generate(inputs)
        if not isinstance(found, Iterable):
            raise RunError(f"generate() returned {type(found).__name__}", todo=ANSWER_EACH)
        return list(found)

    @cached_property
    def first(self) -> Pass:
        done = Pass()
        self.folder_before = self.folder_listing()
        for written in self.contest.task.fields:
            earlier = _by_case(done.results)
            inputs = [model_input(c, self.contest.task, written, earlier.get(c.id, {})) for c in self.contest.cases]
            before = canonical_json(inputs)
            with _overheard() as said:
                done.results += self.write(inputs, done.asked)
            done.inputs.append(inputs)
            done.changed |= canonical_json(inputs) != before
            done.printed += said.getvalue()
        return done

    @cached_property
    def elsewhere(self) -> Path:
        return private_folder(self.home / "elsewhere")

    @cached_property
    def run(self) -> Run:
        contest = self.contest
        folder = private_folder(self.home / "run")
        return Run(folder, self.competitor, contest.cases, contest.task, 0, contest.resources)

    @cached_property
    def second(self) -> Generated:
        """The same by the real run, started in an empty folder."""
        _ = self.first  # opens what is opened once, in the user's own folder
        with contextlib.chdir(self.elsewhere), ending_the_check():
            return generate(self.run)

    def folder_listing(self) -> set[str]:
        path = self.trial.entry.find().__file__
        return {p.name for p in Path(path).parent.iterdir()} - {"__pycache__"} if path else set()


@contextlib.contextmanager
def _overheard() -> Iterator[io.StringIO]:
    """What is printed, and logged at any level."""
    said, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(said), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            yield said
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def _by_case(results: Iterable[Any]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for result in results:
        if isinstance(result, Candidate):
            found.setdefault(result.case, {}).setdefault(result.field, result.text)
    return found


def _texts(results: Iterable[Any]) -> Texts:
    found: dict[Place, dict[int, str]] = {}
    for result in results:
        if isinstance(result, Candidate):
            found.setdefault((result.case, result.field), {})[result.index] = result.text
    return {place: tuple(texts[index] for index in sorted(texts)) for place, texts in found.items()}


def _generated_texts(generated: Generated) -> Texts:
    return _texts(candidate for found in generated.candidates.values() for candidate in found)


def _difference(first: Texts, second: Texts) -> str:
    place = next((place for place in sorted({*first, *second}) if first.get(place) != second.get(place)), None)
    return f"case {place[0]}, {place[1]}" if place else ""


# --------------------------------------------------------------------------- the rules


def answers_every_input(trial: SystemTrial) -> None:
    todo = ANSWER_EACH
    asked = {(one.case, one.field) for inputs in trial.first.inputs for one in inputs}
    counted: Counter[Place] = Counter()
    for result in trial.first.results:
        if not isinstance(result, (Candidate, Failure)):
            raise RunError(f"generate() yielded {type(result).__name__}", todo=todo)
        place = result.case, result.field
        if place not in asked:
            raise PluginError(f"it answered for case {place[0]}, {place[1]}: not asked", todo=todo)
        if isinstance(result, Failure) and not result.reason.strip():
            raise PluginError(f"its Failure on case {place[0]}, {place[1]} gives no reason", todo=todo)
        counted[place] += trial.competitor.samples if isinstance(result, Failure) else 1
    for case, name in sorted(asked):
        if (count := counted[case, name]) != trial.competitor.samples:
            samples = trial.competitor.samples
            due = "1 is due" if samples == 1 else f"{samples} are due, by its setting samples"
            raise PluginError(f"it yielded {count} candidates for case {case}, {name}, where {due}", todo=todo)


def texts_are_text(trial: SystemTrial) -> None:
    for result in trial.first.results:
        for name in ("text", "raw"):
            if isinstance(result, Candidate) and not isinstance(value := getattr(result, name), str):
                raise PluginError(
                    f"the {name} of its candidate for case {result.case}, {result.field} is {type(value).__name__}",
                    todo="make a str of it",
                )


def repeats_itself(trial: SystemTrial) -> None:
    if place := _difference(_texts(trial.first.results), _generated_texts(trial.second)):
        reason = next((f": {failure.reason}" for failure in trial.second.failures), "")
        raise PluginError(
            f"the second time its text for {place} is another one{reason}",
            todo="draw by random.Random(f'{context.seed}:{asked.case}:{asked.field}'), and keep nothing between runs",
        )


def order_does_not_matter(trial: SystemTrial) -> None:
    expected = _texts(trial.first.results)
    reverse = [result for inputs in trial.first.inputs for result in trial.write(inputs[::-1])]
    singly = [result for inputs in trial.first.inputs for asked in inputs for result in trial.write([asked])]
    for results, how in ((reverse, "in reverse order"), (singly, "one by one")):
        if place := _difference(expected, _texts(results)):
            raise PluginError(
                f"its text for {place} is another one if the inputs come {how}",
                todo="let a text follow from its own input alone: a run that goes on asks only for what is missing",
            )


def leaves_inputs_alone(trial: SystemTrial) -> None:
    if trial.first.changed:
        raise PluginError("it changes the inputs that it was given", todo="work on a copy")


def reads_what_it_names(trial: SystemTrial) -> None:
    named = trial.competitor.tag.needs
    if unnamed := sorted(trial.first.asked - set(named)):
        raise PluginError(
            f"it reads context.{unnamed[0]} without saying so",
            todo=f"write needs={(*named, *unnamed)!r} in its decorator: candidates are kept by what made them",
        )


def writes_to_its_work_folder(trial: SystemTrial) -> None:
    _ = trial.second
    here = sorted(path.name for path in trial.elsewhere.iterdir())
    if strewn := here or sorted(trial.folder_listing() - trial.folder_before):
        raise PluginError(
            f"it writes {', '.join(strewn)} {'where it was started' if here else 'beside its own file'}",
            todo="write below context.work: what derives from a corpus lies under one root",
        )


def prints_no_chart(trial: SystemTrial) -> None:
    charts = " ".join(part.text for inputs in trial.first.inputs for asked in inputs for part in asked.chart)
    if set(_runs(charts)) & set(_runs(trial.first.printed)):
        raise PluginError("it prints text of a chart", todo="print nothing: charts are of patients")


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = text.split()
    return zip(*(words[start:] for start in range(PRINTED_RUN)), strict=False)


def takes_an_empty_chart(trial: SystemTrial) -> None:
    for written in trial.contest.task.fields:
        trial.write([ModelInput("0", "0", written.name, ())])


def resumes_to_the_same(trial: SystemTrial) -> None:
    whole = _generated_texts(trial.second)
    path = trial.run.candidates_file.path
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[::2]))
    again = generate(trial.run)
    if place := _difference(whole, _generated_texts(again)):
        raise PluginError(
            f"after a stop half-way its text for {place} is another one",
            todo="let a text follow from its input, the settings and the seed, not from what was written before it",
        )


ORDER = "order and grouping do not matter"
RULES: dict[str, Callable[[SystemTrial], None]] = {
    QUIET: lambda trial: imports_quietly(trial.trial),
    SETTINGS: lambda trial: settings_can_be_set(trial.trial),
    "it answers every input": answers_every_input,
    "its texts are text": texts_are_text,
    "it leaves its inputs alone": leaves_inputs_alone,
    "it reads only what it says it needs": reads_what_it_names,
    "it prints nothing of a chart": prints_no_chart,
    "it takes an empty chart": takes_an_empty_chart,
    ORDER: order_does_not_matter,
    "same inputs, same texts": repeats_itself,
    "it writes to its work folder only": writes_to_its_work_folder,
    "a run that was stopped ends with the same texts": resumes_to_the_same,
}


def rules(trial: Trial) -> dict[str, Callable[[SystemTrial], None]]:
    """A function has no settings; where an engine batches, order and grouping may matter."""
    chosen = dict(RULES)
    if not isinstance(trial.plugin, type):
        del chosen[SETTINGS]
    if "engine" in trial.plugin.__harness__.needs:
        del chosen[ORDER]
    return chosen
