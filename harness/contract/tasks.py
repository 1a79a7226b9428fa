"""The rules for tasks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property

from harness.contract.trial import QUIET, Trial, imports_quietly
from harness.errors import PluginError, SettingsError
from harness.lineup import DEFAULT_LINEUP, read_lineup
from harness.panel import choose
from harness.plugins import refuse_unlike, unknown
from harness.sections import OTHER
from harness.types import Task

SOME_TEXT = "Comes for a cough.\nEXAM\nThe lungs are clear.\n\nPLAN: honey, and patience.\n"


class TaskTrial:
    def __init__(self, trial: Trial) -> None:
        self.trial = trial

    @cached_property
    def task(self) -> Task:
        task: Task = self.trial.plugin()
        return task


def is_a_task(trial: TaskTrial) -> None:
    if not isinstance(trial.task, Task):
        raise PluginError(f"it returned {type(trial.task).__name__}", todo="return a harness.Task")
    if trial.task.name != trial.trial.entry.name:
        raise PluginError(f"it calls itself '{trial.task.name}'", todo="give it the name of its decorator")
    refuse_unlike(trial.task)


def names_are_unique(trial: TaskTrial) -> None:
    task = trial.task
    lists = {
        "field": (field.name for field in (*task.fields, *task.parts)),
        "column": (column.key for column in task.columns),
        "section": (section.name for section in task.sections),
        "split": task.splits,
    }
    for what, names in lists.items():
        counted = Counter(names)
        for name, count in counted.items():
            if count > 1:
                raise PluginError(f"the {what} '{name}' stands there {count} times", todo="leave one of them")
        if not counted and what != "section":
            raise PluginError(f"it has no {what}", todo="a task has one at least")


def means_are_of_its_columns(trial: TaskTrial) -> None:
    keys = [column.key for column in trial.task.columns]
    for mean, columns in trial.task.means.items():
        if not columns:
            raise PluginError(f"the mean '{mean}' is of nothing", todo="name its columns, or leave it out")
        for column in columns:
            if column.partition("[")[0] not in keys:  # an open twin is named by its column: medcon[open]
                raise _in(unknown("column", column, keys), f"the mean '{mean}'")


def headings_compile(trial: TaskTrial) -> None:
    task = trial.task
    patterns = [(f"section {s.name}", p) for s in task.sections for p in s.headings]
    patterns += [(f"field {f.name}", p) for f in task.fields for p in (*f.headings, *f.until)]
    for where, pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise PluginError(
                f"a heading of the {where} is no regular expression: {pattern!r}: {error}", todo="mend it"
            ) from None


def fields_read_what_exists(trial: TaskTrial) -> None:
    task = trial.task
    sections = [*(section.name for section in task.sections), OTHER]
    written: list[str] = []
    for field in task.fields:
        _known("section", field.known, sections, f"the field '{field.name}'")
        _known("field written earlier", field.after, written, f"the field '{field.name}'")
        written.append(field.name)
        if field.kind == "label" and not field.labels:
            raise PluginError(f"the field '{field.name}' is a label and has none", todo="name its labels")
    tables = sorted({table for field in task.fields for table in field.tables})
    _known("table", task.times, tables, "times")


def _known(what: str, wanted: Iterable[str], names: list[str], where: str) -> None:
    for name in wanted:
        if name not in names:
            raise _in(unknown(what, name, names), where)


def _in(error: PluginError, where: str) -> PluginError:
    return PluginError(f"{where}: {error.what}", todo=error.todo)


def submission_holds_its_fields(trial: TaskTrial) -> None:
    form = trial.task.submission
    due = {form.id_column, *(field.name for field in trial.task.fields)}
    if set(form.columns) != due or len(form.columns) != len(due):
        raise PluginError(
            f"a submission has the columns {', '.join(form.columns)}", todo=f"let them be {', '.join(sorted(due))}"
        )


def a_published_script_finds_its_csv(trial: TaskTrial) -> None:
    if trial.task.published and not trial.task.submission.unpacked:
        raise PluginError(
            "a published script scores it, which reads the csv out of a zip, and a bare csv would be accepted",
            todo="say so: SubmissionFormat(..., unpacked=True)",
        )


def default_split_is_a_split(trial: TaskTrial) -> None:
    _known("split", [trial.task.default_split], list(trial.task.splits), "default_split")


def scorers_exist(trial: TaskTrial) -> None:
    _known("scorer", trial.task.scorers, list(trial.trial.registry.names("scorer")), "scorers")


def scorers_take_its_settings(trial: TaskTrial) -> None:
    task, registry = trial.task, trial.trial.registry
    _known("scorer", task.scorer_settings, list(task.scorers), "scorer_settings")
    try:
        choose(task.scorers, registry, read_lineup(DEFAULT_LINEUP), task)
    except SettingsError as error:
        raise PluginError(error.what, todo=error.todo) from None


def parts_are_cut_by_split(trial: TaskTrial) -> None:
    task = trial.task
    if not task.parts and task.split is None:
        return
    if not task.parts or task.split is None or len(task.fields) != 1:
        raise PluginError(
            f"it has {len(task.fields)} fields, {len(task.parts)} parts and {'a' if task.split else 'no'} split",
            todo="a task of one field may have parts, and has a split then, which cuts a text into them",
        )
    found = task.split(SOME_TEXT)
    _known("part", found, [part.name for part in task.parts], "split")
    if any(part not in SOME_TEXT for part in found.values()):
        raise PluginError("split gives texts that are no pieces of the text", todo="let it cut, and change nothing")


RULES: dict[str, Callable[[TaskTrial], None]] = {
    QUIET: lambda trial: imports_quietly(trial.trial),
    "it returns a task of its name": is_a_task,
    "its names are unique": names_are_unique,
    "its means are of its columns": means_are_of_its_columns,
    "its headings are regular expressions": headings_compile,
    "its fields read what exists": fields_read_what_exists,
    "a submission holds its fields": submission_holds_its_fields,
    "its published script finds its csv": a_published_script_finds_its_csv,
    "its default split is one of its splits": default_split_is_a_split,
    "its scorers exist": scorers_exist,
    "its scorers take its settings": scorers_take_its_settings,
    "its parts are what split cuts": parts_are_cut_by_split,
}
