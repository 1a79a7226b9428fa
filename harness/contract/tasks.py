"""The rules for tasks."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial

from harness import task_rules
from harness.board import base, means_of
from harness.contract.trial import QUIET, Trial, imports_quietly
from harness.errors import PluginError, SettingsError
from harness.lineup import DEFAULT_LINEUP, read_lineup
from harness.panel import choose, filled
from harness.task_rules import refuse_unknown
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


def scorers_exist(trial: TaskTrial) -> None:
    refuse_unknown("scorer", trial.task.scorers, list(trial.trial.registry.names("scorer")), "scorers")


def scorers_take_its_settings(trial: TaskTrial) -> None:
    task, registry = trial.task, trial.trial.registry
    refuse_unknown("scorer", task.scorer_settings, list(task.scorers), "scorer_settings")
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
    refuse_unknown("part", found, [part.name for part in task.parts], "split")
    if any(part not in SOME_TEXT for part in found.values()):
        raise PluginError("split gives texts that are no pieces of the text", todo="let it cut, and change nothing")


def means_can_be_filled(trial: TaskTrial) -> None:
    task = trial.task
    columns_of = filled(task, trial.trial.registry, read_lineup(DEFAULT_LINEUP))
    there = {base(column) for columns in columns_of.values() for column in columns}
    for mean, columns in means_of(task).items():
        if empty := [column for column in columns if base(column) not in there]:
            raise PluginError(
                f"none of its scorers ({', '.join(task.scorers)}) fills the column '{empty[0]}' of its mean '{mean}'",
                todo="name the scorer that does in scorers=, or leave it out of the mean",
            )


RULES: dict[str, Callable[[TaskTrial], None]] = {
    QUIET: lambda trial: imports_quietly(trial.trial),
    "it returns a task of its name": is_a_task,
    **{name: partial(lambda rule, trial: rule(trial.task), rule) for name, rule in task_rules.RULES.items()},
    "its scorers exist": scorers_exist,
    "its scorers take its settings": scorers_take_its_settings,
    "its means can be filled": means_can_be_filled,
    "its parts are what split cuts": parts_are_cut_by_split,
}
