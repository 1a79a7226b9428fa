"""The rules for tasks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property

from harness.contract.trial import QUIET, Trial, imports_quietly
from harness.errors import PluginError
from harness.plugins import unknown
from harness.sections import OTHER
from harness.types import Task


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


def names_are_unique(trial: TaskTrial) -> None:
    task = trial.task
    lists = {
        "field": (field.name for field in task.fields),
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


def default_split_is_a_split(trial: TaskTrial) -> None:
    _known("split", [trial.task.default_split], list(trial.task.splits), "default_split")


def scorers_exist(trial: TaskTrial) -> None:
    _known("scorer", trial.task.scorers, list(trial.trial.registry.names("scorer")), "scorers")


RULES: dict[str, Callable[[TaskTrial], None]] = {
    QUIET: lambda trial: imports_quietly(trial.trial),
    "it returns a task of its name": is_a_task,
    "its names are unique": names_are_unique,
    "its means are of its columns": means_are_of_its_columns,
    "its headings are regular expressions": headings_compile,
    "its fields read what exists": fields_read_what_exists,
    "a submission holds its fields": submission_holds_its_fields,
    "its default split is one of its splits": default_split_is_a_split,
    "its scorers exist": scorers_exist,
}
