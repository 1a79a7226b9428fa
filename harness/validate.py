"""Judge a submission that somebody hands in: every problem at once, on four levels.

`CHECKS` is all that is checked; the help is made of it. No message holds text of a cell: line, column and id say
where to look.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from harness import intake
from harness.intake import MIB, Findings, Unreadable, read_rows
from harness.types import Field, SubmissionFormat, Task

Level = Literal["refused", "packing", "accepted", "note"]

MAX_COLUMNS = 1_000
MAX_ID = 100
"""Characters of an id."""
LONG_CELL = 100_000
"""Characters of a cell beyond which a scorer may take very long."""


@dataclass(frozen=True)
class Check:
    """`rule` is what a submission without the problem keeps to."""

    name: str
    level: Level
    rule: str


CHECKS: Mapping[str, Check] = {
    check.name: check
    for check in (
        Check("file", "refused", "the path is a file that can be opened and ends in .csv, .csv.gz or .zip"),
        Check("archive", "refused", "a zip or gz is whole, not encrypted, and packed by deflate or not at all"),
        Check("archive-path", "refused", "no member of the zip is a link or has a path that leads out of its folder"),
        Check("archive-csv", "refused", "the zip has the csv at its root, once"),
        Check(
            "size",
            "refused",
            f"the csv has at most {intake.MAX_BYTES // MIB} MiB ({intake.MAX_RATIO} times its packed size beyond "
            f"{intake.RATIO_FROM // MIB} MiB), {intake.MAX_ROWS:,} rows, {MAX_COLUMNS:,} columns and "
            f"{intake.MAX_ROW:,} characters in a row, the zip a directory of {intake.MAX_DIRECTORY // MIB} MiB",
        ),
        Check("utf-8", "refused", "the csv is text in UTF-8, and no workbook or zip by that name"),
        Check("quotes", "refused", "every quoted cell is closed"),
        Check("commas", "refused", "cells are separated by commas"),
        Check("column-missing", "refused", "every column of the task is there, by its exact name"),
        Check("column-twice", "refused", "no column of the task is there twice"),
        Check("rows", "refused", "there is a header and a row below it"),
        Check("row-long", "refused", "no row has more cells than the header"),
        Check("id", "refused", f"every row has an id of at most {MAX_ID} characters, none of them NUL"),
        Check("id-integer", "refused", "every id is an integer, if the expected ids are"),
        Check("id-twice", "refused", "no id is there twice"),
        Check("id-missing", "refused", "every expected id is there"),
        Check("zipped", "packing", "the csv is in a zip, where a server unpacks it"),
        Check("csv-name", "packing", "the csv is named as the task names it, where a server opens it by that name"),
        Check("id-extra", "accepted", "no id is there that is not expected"),
        Check("row-short", "accepted", "no row has fewer cells than the header"),
        Check("cell-empty", "accepted", "no cell is empty or white space ('NA' and 'None' are texts)"),
        Check("cell-nul", "accepted", "no cell holds a NUL character"),
        Check("cell-long", "accepted", f"no cell is longer than {LONG_CELL:,} characters"),
        Check("cell-value", "accepted", "a label is one of its field's, a list of entities is a JSON list"),
        Check("file-name", "note", "csv and zip are named as the task names them"),
        Check("archive-extra", "note", "the zip holds nothing but the csv"),
        Check("bom", "note", "the csv begins without a byte order mark"),
        Check("line-ends", "note", "rows end in LF"),
        Check("blank-line", "note", "no line between rows is blank"),
        Check("column-extra", "note", "there are no columns but the task's; others are ignored"),
        Check("column-order", "note", "the columns stand in the task's order"),
        Check("id-form", "note", "ids are written plainly: 20001.0 is read as 20001, and spaces around it are dropped"),
        Check("ids-unchecked", "note", "the expected ids are known; else no id is compared with them"),
    )
}

SERVER = SubmissionFormat.judge


def _title(level: Level, judge: str) -> str:
    titles: Mapping[Level, str] = {
        "refused": f"refused by {judge}",
        "packing": f"refused by {judge} until it is packed anew",
        "accepted": f"accepted by {judge}, but it breaks or changes the scoring",
        "note": "notes",
    }
    return titles[level]


@dataclass(frozen=True)
class Problem:
    """`check` is a name in `CHECKS`; `message` names file, column, and up to ten lines or ids."""

    level: Level
    check: str
    message: str


def validate(path: Path, task: Task, expected_ids: Collection[str] | None) -> list[Problem]:
    """Every problem of the submission at `path`, the gravest first. Raises nothing, whatever the file holds.

    `expected_ids` are the ids of the split; None leaves missing and extra ids unchecked, which a note says.
    """
    return examine(path, task, expected_ids)


def will_accept(problems: Collection[Problem]) -> bool:
    """Whether the task's server takes the file as it lies there."""
    return not any(problem.level in ("refused", "packing") for problem in problems)


def checks_help() -> str:
    """What `validate` checks, by level: the text of its help."""
    width = max(map(len, CHECKS))
    lines = ["Exit code 1 if something would be refused, else 0. Kept to, or reported as:"]
    for level in get_args(Level):
        lines += ["", _title(level, SERVER)]
        lines += [f"  {check.name:{width}}  {check.rule}" for check in CHECKS.values() if check.level == level]
    return "\n".join(lines)


def summary(problems: Collection[Problem], judge: str = SERVER) -> str:
    """The problems by level for the terminal; the last line says what `judge` will do, who takes the submission."""
    lines = []
    for level in get_args(Level):
        members = [problem for problem in problems if problem.level == level]
        if members:
            lines += [f"{_title(level, judge)} ({len(members)})"]
            lines += [f"  [{problem.check}] {problem.message}" for problem in members]
    return "\n".join([*lines, _verdict(problems, judge)])


def _verdict(problems: Collection[Problem], judge: str) -> str:
    levels = {problem.level for problem in problems}
    if "refused" in levels:
        return f"{judge[0].upper()}{judge[1:]} will refuse this submission."
    packed = " once it is packed as stands above" if "packing" in levels else ""
    unchecked = any(problem.check == "ids-unchecked" for problem in problems)
    condition = ", if it has the right ids" if unchecked else ""
    effect = ", but what stands above breaks or changes its score" if "accepted" in levels else ""
    return f"{judge[0].upper()}{judge[1:]} will accept this submission{packed}{condition}{effect}."


# --------------------------------------------------------------------------- reading


Keep = Callable[[str, Mapping[str, str]], object]


def examine(
    path: Path, task: Task, expected_ids: Collection[str] | None = None, keep: Keep | None = None
) -> list[Problem]:
    """What `validate` finds; `keep(id, values by column)` is called for each row that has an id, as it is read."""
    found = Findings(path.name)
    expected = None if expected_ids is None else frozenset(expected_ids)
    if expected is None:
        found.add("ids-unchecked", "the ids were not compared with the expected ones, which are not known here")
    try:
        with closing(read_rows(path, task.submission, found)) as rows:
            _examine_rows(rows, task, _Ids(expected, found), keep)
    except Unreadable:
        pass
    order = list(CHECKS)
    problems = (Problem(CHECKS[check].level, check, message) for check, message in found.messages())
    return sorted(problems, key=lambda problem: order.index(problem.check))


def _examine_rows(rows: Iterator[tuple[int, list[str]]], task: Task, ids: _Ids, keep: Keep | None) -> None:
    columns, width = _read_header(rows, task.submission, ids.found)
    line = 0
    for line, row in rows:
        if len(row) > width:
            ids.found.add("row-long", f"rows with more cells than the {width} of the header", f"line {line}")
        values = {name: row[at] for name, at in columns.items() if at < len(row)}
        if len(row) < width:
            ids.found.add("row-short", f"rows with fewer cells than the {width} of the header", f"line {line}")
            values = dict.fromkeys(columns, "") | values
        _examine_row(line, values, task, ids, keep)
    if not line:
        ids.found.stop("rows", "there is no row below the header")
    if task.submission.id_column in columns:
        ids.judge()


def _read_header(
    rows: Iterator[tuple[int, list[str]]], form: SubmissionFormat, found: Findings
) -> tuple[Mapping[str, int], int]:
    """Where each of the task's columns stands, and how many cells the header has."""
    _, header = next(rows, (0, []))
    if not header:
        found.stop("rows", f"is empty: the first line is {','.join(form.columns)}")
    if len(header) > MAX_COLUMNS:
        found.stop("size", f"the header has more than {MAX_COLUMNS:,} columns")
    if len(header) == 1 and (mark := _other_mark(header[0], form)):
        found.stop("commas", f"the cells are separated by {mark}: save it with commas")
    positions = {name: [i for i, cell in enumerate(header) if cell == name] for name in form.columns}
    for name, at in positions.items():
        if not at:
            found.add("column-missing", f"column '{name}' is missing{_alike(name, header)}")
        if len(at) > 1:
            found.add("column-twice", f"column '{name}' is there {len(at)} times")
    for number, cell in enumerate(header, 1):
        if cell not in form.columns:
            found.add("column-extra", "columns that the task does not have", f"column {number}")
    columns = {name: at[0] for name, at in positions.items() if at}
    if len(columns) == len(form.columns) and list(columns.values()) != sorted(columns.values()):
        found.add("column-order", f"the columns stand in another order than {','.join(form.columns)}")
    return columns, len(header)


def _other_mark(line: str, form: SubmissionFormat) -> str:
    """What separates columns of the task in a header that has no commas."""
    names = set(map(_plain_name, form.columns))
    for mark, shown in {";": "semicolons", "\t": "tabs"}.items():
        if len(names.intersection(_plain_name(cell.strip(' "')) for cell in line.split(mark, MAX_COLUMNS))) > 1:
            return shown
    return ""


def _alike(name: str, header: list[str]) -> str:
    for number, cell in enumerate(header, 1):
        if _plain_name(cell) == _plain_name(name):
            return f": column {number} differs in case or spaces"
    return ""


def _plain_name(cell: str) -> str:
    """The name of a column as somebody may have meant it: Brief Hospital Course is brief_hospital_course."""
    return cell.strip().lower().replace(" ", "_")


def _examine_row(line: int, values: dict[str, str], task: Task, ids: _Ids, keep: Keep | None) -> None:
    cell = values.pop(task.submission.id_column, None)
    id = "" if cell is None else ids.take(cell, line)
    place = f"line {line}" + (f" (id {id})" if ids.may_show(id) else "")
    for field in task.fields:
        if field.name in values:
            _examine_cell(values[field.name], field, place, ids.found)
    if id and keep:
        keep(id, values)


def _examine_cell(text: str, field: Field, place: str, found: Findings) -> None:
    if not text.strip():
        found.add("cell-empty", f"empty cells in column '{field.name}'", place)
    elif field.kind == "label" and text not in field.labels:
        found.add("cell-value", f"cells of column '{field.name}' that are none of its labels", place)
    elif field.kind == "entities" and not _is_json_list(text):
        found.add("cell-value", f"cells of column '{field.name}' that are no JSON list", place)
    if "\0" in text:
        found.add("cell-nul", f"NUL characters in column '{field.name}'", place)
    if len(text) > LONG_CELL:
        found.add("cell-long", f"cells of more than {LONG_CELL:,} characters in column '{field.name}'", place)


def _is_json_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return False


# --------------------------------------------------------------------------- ids


_INTEGER = re.compile("[0-9]+")
_AS_DECIMAL = re.compile(r"([0-9]+)\.0+")


def plain_id(cell: str) -> str:
    """An id as the task writes it: without spaces around it, and 20001 for 20001.0."""
    cell = cell.strip()
    decimal = _AS_DECIMAL.fullmatch(cell)
    return decimal[1] if decimal else cell


def id_order(id: str) -> tuple[bool, int, str, str]:
    """Sorts ids: integers by value, then other texts."""
    if not _INTEGER.fullmatch(id):
        return True, 0, "", id
    digits = id.lstrip("0")
    return False, len(digits), digits, id


class _Ids:
    """The ids of a file and the lines on which they stand."""

    def __init__(self, expected: frozenset[str] | None, found: Findings) -> None:
        self.found = found
        self._expected = expected
        self._lines: dict[str, int] = {}

    def take(self, cell: str, line: int) -> str:
        """The plain id, or "" if the row has none."""
        id = plain_id(cell)
        if not id or len(id) > MAX_ID:
            self.found.add("id", f"rows without an id, or with one of more than {MAX_ID} characters", f"line {line}")
            return ""
        if "\0" in id:
            self.found.add("id", "NUL characters in ids", f"line {line}")
            return ""
        if id != cell:
            self.found.add("id-form", "ids that are read without their spaces and '.0'", f"line {line}")
        first = self._lines.setdefault(id, line)
        if first != line:
            self.found.add("id-twice", "ids that are there twice", self._name(id, f"lines {first} and {line}"))
        return id

    def may_show(self, id: str) -> bool:
        """Whether this is surely an id: where a csv is broken, a text may stand in its place."""
        return id in (self._expected or ()) or (len(id) < 20 and _INTEGER.fullmatch(id) is not None)

    def _name(self, id: str, place: str) -> str:
        return f"{id} ({place})" if self.may_show(id) else place

    def judge(self) -> None:
        """Compare all ids with the expected ones."""
        if self._expected is None:
            return
        integers = all(map(_INTEGER.fullmatch, self._expected))
        for id, line in self._lines.items():
            if integers and not _INTEGER.fullmatch(id):
                self.found.add("id-integer", "ids that are not integers", f"line {line}")
            elif id not in self._expected:
                self.found.add("id-extra", "ids that are not expected", self._name(id, f"line {line}"))
        for id in sorted(self._expected - self._lines.keys(), key=id_order):
            self.found.add("id-missing", "ids that are missing", id)
