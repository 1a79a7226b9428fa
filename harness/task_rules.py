"""What holds for every task, whoever wrote it: asked when a task is read, and one by one by `harness check`."""

from __future__ import annotations

import re
import typing
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any

from harness.board import OVERALL, base, means_of
from harness.errors import PluginError, unknown
from harness.sections import OTHER
from harness.types import Task


def refuse_unsound(task: Task, who: str) -> None:
    """Raises PluginError for the first of the rules that the task breaks."""
    for rule in RULES.values():
        try:
            rule(task)
        except PluginError as error:
            raise PluginError(f"{who}: {error.what}", todo=error.todo) from None


_hints = cache(typing.get_type_hints)


def parts_are_of_their_types(task: Task) -> None:
    for name, hint in _hints(Task).items():
        _refuse_unlike(getattr(task, name), hint, name)


def _refuse_unlike(value: Any, hint: Any, where: str) -> None:
    """Raises PluginError where the value, or what it holds, is not what the annotation says."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, UnionType):
        if value is not None:
            _refuse_unlike(value, next(one for one in args if one is not NoneType), where)
    elif origin is typing.Literal:
        if value not in args:
            raise PluginError(f"{where} is {value!r}", todo=f"write one of {', '.join(map(repr, args))}")
    elif origin is tuple:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise _unlike(where, value, "tuple", "write a comma behind its one item: (ITEM,)")
        for at, one in enumerate(value):
            _refuse_unlike(one, args[0], f"{where}[{at}]")
    elif origin is Mapping:
        if not isinstance(value, Mapping):
            raise _unlike(where, value, "table", "write {NAME: VALUE}")
        for key, one in value.items():
            _refuse_unlike(one, args[1], f"{where}[{key!r}]")
    elif origin is Callable:
        if not callable(value):
            raise _unlike(where, value, "function", "give the function itself, without quotes")
    elif isinstance(hint, type) and hint is not Any:
        if not isinstance(value, hint):
            raise _unlike(where, value, hint.__name__, f"write a {hint.__name__}")
        if is_dataclass(hint):
            for name, own in _hints(hint).items():
                _refuse_unlike(getattr(value, name), own, f"{where}.{name}")


def _unlike(where: str, value: Any, due: str, todo: str) -> PluginError:
    return PluginError(f"{where} is {type(value).__name__}, where a {due} is due", todo=todo)


def names_are_unique(task: Task) -> None:
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


def means_are_of_its_columns(task: Task) -> None:
    keys = [column.key for column in task.columns]
    for mean, columns in task.means.items():
        if mean in (OVERALL, *keys):
            whose = "that of the columns in_overall" if mean == OVERALL else "a column's"
            raise PluginError(f"the mean '{mean}' has a name that is taken: {whose}", todo="give it another name")
        if not columns:
            raise PluginError(f"the mean '{mean}' is of nothing", todo="name its columns, or leave it out")
        for column in columns:
            if base(column) not in keys:
                raise _in(unknown("column", column, keys), f"the mean '{mean}'")


def means_have_one_direction(task: Task) -> None:
    fewer = {column.key for column in task.columns if not column.higher_is_better}
    for mean, columns in means_of(task).items():
        less = [column for column in columns if base(column) in fewer]
        if less and len(less) < len(columns):
            raise PluginError(
                f"the mean '{mean}' is of columns of which more is better and of '{less[0]}', of which less is",
                todo=f"leave it out: Column('{less[0]}', ..., higher_is_better=False, in_overall=False)"
                if mean == OVERALL
                else "leave it out of the mean",
            )


def headings_compile(task: Task) -> None:
    patterns = [(f"section {s.name}", p) for s in task.sections for p in s.headings]
    patterns += [(f"field {f.name}", p) for f in task.fields for p in (*f.headings, *f.until)]
    for where, pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise PluginError(
                f"a heading of the {where} is no regular expression: {pattern!r}: {error}", todo="mend it"
            ) from None


def fields_read_what_exists(task: Task) -> None:
    sections = [*(section.name for section in task.sections), OTHER]
    written: list[str] = []
    for field in task.fields:
        refuse_unknown("section", field.known, sections, f"the field '{field.name}'")
        refuse_unknown("field written earlier", field.after, written, f"the field '{field.name}'")
        written.append(field.name)
        if field.kind == "label" and not field.labels:
            raise PluginError(f"the field '{field.name}' is a label and has none", todo="name its labels")
        if task.document == "note" and not (field.known or field.tables or field.after):
            raise PluginError(
                f"nothing is known when the field '{field.name}' is written: no section of the note, no table",
                todo="name what is (known=, tables=); or say document='transcript', which is known as a whole",
            )
    tables = sorted({table for field in task.fields for table in field.tables})
    refuse_unknown("table", task.times, tables, "times")


def refuse_unknown(what: str, wanted: Iterable[str], names: list[str], where: str) -> None:
    for name in wanted:
        if name not in names:
            raise _in(unknown(what, name, names), where)


def _in(error: PluginError, where: str) -> PluginError:
    return PluginError(f"{where}: {error.what}", todo=error.todo)


def submission_holds_its_fields(task: Task) -> None:
    form = task.submission
    due = {form.id_column, *(field.name for field in task.fields)}
    if set(form.columns) != due or len(form.columns) != len(due):
        raise PluginError(
            f"a submission has the columns {', '.join(form.columns)}", todo=f"let them be {', '.join(sorted(due))}"
        )


def a_published_script_finds_its_csv(task: Task) -> None:
    if task.published and not task.submission.unpacked:
        raise PluginError(
            "a published script scores it, which reads the csv out of a zip, and a bare csv would be accepted",
            todo="say so: SubmissionFormat(..., unpacked=True)",
        )


def default_split_is_a_split(task: Task) -> None:
    refuse_unknown("split", [task.default_split], list(task.splits), "default_split")


RULES: dict[str, Callable[[Task], None]] = {
    "its parts are of their types": parts_are_of_their_types,
    "its names are unique": names_are_unique,
    "its means are of its columns": means_are_of_its_columns,
    "its means have one direction": means_have_one_direction,
    "its headings are regular expressions": headings_compile,
    "its fields read what exists": fields_read_what_exists,
    "a submission holds its fields": submission_holds_its_fields,
    "its published script finds its csv": a_published_script_finds_its_csv,
    "its default split is one of its splits": default_split_is_a_split,
}
