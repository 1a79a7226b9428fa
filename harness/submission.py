"""Write and read what is handed in: a csv of ids and fields, and the zip around it. Same rows, same bytes."""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

from harness.errors import SubmissionError
from harness.types import Submission, Task
from harness.validate import MAX_ID, examine, id_order, plain_id

_NEEDS_QUOTES = re.compile('[,"\r\n]')
_UNREADABLE = re.compile("[\0\ud800-\udfff]")
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_LEVEL = 6


def write_csv(rows: Mapping[str, Mapping[str, str]], task: Task) -> bytes:
    """The csv of field values by id: sorted by id (as integers where they are), LF, UTF-8 without a byte order mark,
    quotes only where needed.

    A text is read back exactly as it was, but for two things that no csv reader is sure to survive: a NUL is left
    out, and half of a surrogate pair becomes U+FFFD (two halves become the character that they stand for).
    Raises SubmissionError for an id that would be read back as another, and for a row that lacks a field.
    """
    form = task.submission
    lines = [",".join(map(_cell, form.columns))]
    for id in sorted(rows, key=id_order):
        if id != plain_id(id) or not 0 < len(id) <= MAX_ID or _UNREADABLE.search(id):
            raise SubmissionError(f"{id!r} cannot be an id in {form.file_name}", todo="use the ids of the corpus")
        values = {**rows[id], form.id_column: id}
        lacking = [name for name in form.columns if name not in values]
        if lacking:
            raise SubmissionError(f"case {id} has no {' and no '.join(lacking)}", todo="run the system again")
        lines.append(",".join(_cell(values[name]) for name in form.columns))
    return "".join(f"{line}\n" for line in lines).encode()


def _cell(text: str) -> str:
    if _UNREADABLE.search(text):
        text = text.replace("\0", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text


def write_zip(csv: bytes, task: Task) -> bytes:
    """The zip that the task's server takes: the csv at its root, without time or owner.

    The same bytes wherever Python's zlib is the same; what is compared across machines is the csv."""
    member = zipfile.ZipInfo(task.submission.file_name, _NO_TIME)
    member.create_system = 3  # Unix, on every machine
    member.external_attr = (stat.S_IFREG | 0o644) << 16
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(member, csv, zipfile.ZIP_DEFLATED, _LEVEL)
    return data.getvalue()


def read_submission(path: Path, task: Task) -> Submission:
    """The values of a .csv, .csv.gz or .zip by id, in the order of the file; other columns are left out.

    Every cell is text: 'NA' and 'None' too, and a cell that a short row lacks is ''. Raises SubmissionError with every
    reason for which `validate` would refuse the file, whichever ids are expected.
    """
    rows: dict[str, Mapping[str, str]] = {}
    problems = examine(path, task, None, rows.__setitem__)
    reasons = [problem.message for problem in problems if problem.level == "refused"]
    if reasons:
        raise SubmissionError(
            f"this is no submission for {task.name}:" + "".join(f"\n  {reason}" for reason in reasons),
            todo="mend the file; `harness validate` lists all that it checks",
        )
    return Submission(task.name, rows)
