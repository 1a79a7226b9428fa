"""What there is to judge below some paths: runs of ours, files that others sent, and what each is called on a board."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from harness import manifest as manifests
from harness.characters import printable
from harness.errors import SubmissionError
from harness.intake import counted
from harness.submission import read_submission
from harness.types import Task

_SUFFIX = re.compile(r"\.(csv|csv\.gz|zip)\Z", re.IGNORECASE)
_OF_A_MAC = "__MACOSX"


@dataclass(frozen=True)
class Sent:
    """What lies below `top`, and what to tell of it."""

    top: Path
    items: tuple[Path, ...]
    told: tuple[str, ...]


def find(path: Path, task: Task, is_run: Callable[[Path], bool]) -> Sent:
    """Run folders, and files with a submission that lie in none. Of the two files that a run hands in only the zip, if
    both hold the same: else the one may be what was sent later."""
    if path.is_file():
        return Sent(path.parent, (path,), ())
    if not path.is_dir():
        raise SubmissionError(f"there is no {path}", todo="name a run's folder, a csv, a zip, or a folder of these")
    runs = sorted(found.parent for found in path.rglob(manifests.FILE) if is_run(found.parent))
    sent = (file for file in path.rglob("*") if may_be_sent(file))
    files = sorted(file for file in sent if not any(run in file.parents for run in runs))
    unlike, doubled = _twins(files, task)
    items = (*runs, *(file for file in files if file not in doubled))
    if not items:
        raise SubmissionError(f"{path} holds no run, csv or zip", todo="name a folder that does")
    told = [f"{clean(str(folder))}: its csv and its zip do not hold the same, and both are judged" for folder in unlike]
    if idle := [_shown(one) for one in _passed_over(path, {*items, *doubled})]:
        told.append(f"passed over, for nothing there ends in .csv, .csv.gz or .zip{counted(idle, len(idle))}")
    return Sent(path, items, tuple(told))


def may_be_sent(file: Path) -> bool:
    """By its name; a Mac leaves a `._` beside each file."""
    return bool(_SUFFIX.search(file.name)) and not file.name.startswith(".") and not file.is_dir()


def _twins(files: Sequence[Path], task: Task) -> tuple[list[Path], set[Path]]:
    """The folders whose csv and zip, of the names that the task gives them, are not the same; and each csv that is."""
    form = task.submission
    there = {*files}
    pairs = [(one.with_name(form.file_name), one) for one in files if one.name == form.archive_name]
    pairs = [(csv, archive) for csv, archive in pairs if csv in there]
    same = {csv: _same(csv, archive, task) for csv, archive in pairs}
    return [csv.parent for csv, found in same.items() if found is False], {csv for csv, found in same.items() if found}


def _same(one: Path, other: Path, task: Task) -> bool | None:
    """None where one of them cannot be read, which is told when it is judged."""
    try:
        return read_submission(one, task).rows == read_submission(other, task).rows
    except SubmissionError:
        return None


def _passed_over(folder: Path, known: set[Path]) -> Iterator[Path]:
    """What somebody may have sent and holds nothing that is known: it lies in the folder itself, or beside folders that
    do. What lies in a run, or beside a file that is known further down, belongs to that."""
    if folder in known or (folder / manifests.FILE).exists():
        return
    busy = {above for one in known for above in one.parents}
    for one in sorted(folder.iterdir()):
        if one in known or one.name.startswith(".") or one.name == _OF_A_MAC:
            continue
        if one not in busy:
            yield one
        elif not any(other.parent == one for other in known):
            yield from _passed_over(one, known)


def _shown(one: Path) -> str:
    return clean(str(one)) + (" (a link: give what it leads to)" if one.is_symlink() and one.is_dir() else "")


# --------------------------------------------------------------------------- labels


def labels(found: Sequence[Sent], task: Task, board_of: Callable[[Path], Hashable]) -> dict[Path, str]:
    """For each item a label that no other has on its board: the name of a run's folder, a file's place without suffix;
    its whole place below what was asked for where two would share one, and below all of that where they still would."""
    names: dict[Path, tuple[str, str, str]] = {}
    common = os.path.commonpath([one.top.absolute() for one in found]) if found else ""
    for one in found:
        for item in one.items:
            below = item.relative_to(one.top)
            name = _folder_name(item) if item.is_dir() else _file_name(item, one.top, task)
            names.setdefault(
                item, (name, clean(str(below)) if below.name else name, clean(os.path.relpath(item, common)))
            )
    boards = {item: board_of(item) for item in names}
    shared = [Counter((boards[item], own[level]) for item, own in names.items()) for level in range(3)]
    given: dict[tuple[Hashable, str], Path] = {}
    for item, own in names.items():
        alone = (label for label, many in zip(own, shared, strict=True) if many[boards[item], label] == 1)
        first = next(alone, own[1])
        numbered = (f"{first} ({number})" for number in count(2))  # once they are printable, two may read the same
        next(label for label in chain([first], numbered) if given.setdefault((boards[item], label), item) == item)
    return {item: label for (_, label), item in given.items()}


def _folder_name(folder: Path) -> str:
    return clean(folder.resolve().name if folder.name in ("", "..") else folder.name)


def _file_name(file: Path, top: Path, task: Task) -> str:
    """Where the file lies below `top`, without suffix. `submission` says nothing: that takes its folder's name."""
    place = file.relative_to(top).parent / _stem(file.name)
    if place.name in {_stem(task.submission.file_name), _stem(task.submission.archive_name)}:
        place = place.parent
    return clean(str(place) if place.name else file.resolve().parent.name)


def _stem(name: str) -> str:
    return _SUFFIX.sub("", name)


def clean(name: str) -> str:
    """Files of others may have names that are no UTF-8, or hold codes for a terminal."""
    return printable(os.fsencode(name).decode("utf-8", "replace"))
