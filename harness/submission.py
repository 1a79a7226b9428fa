"""Write and read what is handed in: a csv of ids and fields, and the zip around it. Same rows, same bytes."""

from __future__ import annotations

import io
import re
import shutil
import stat
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from harness.characters import readable
from harness.errors import SubmissionError
from harness.files import digest_file, replacing
from harness.types import Submission, Task
from harness.validate import MAX_ID, examine, id_order, plain_id

_NEEDS_QUOTES = re.compile('[,"\r\n]')
_UNREADABLE = re.compile("[\0\ud800-\udfff]")
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def write_csv(rows: Mapping[str, Mapping[str, str]], task: Task) -> bytes:
    """The csv of field values by id, whole; see `csv_lines`."""
    return b"".join(csv_lines(rows, task))


def csv_lines(rows: Mapping[str, Mapping[str, str]], task: Task) -> Iterator[bytes]:
    """The lines of a csv of field values by id: sorted by id (as integers where they are), LF, UTF-8 without a byte
    order mark, quotes only where needed.

    A text is read back exactly as it was, but for two things that no csv reader is sure to survive: a NUL is left
    out, and half of a surrogate pair becomes U+FFFD (two halves become the character that they stand for).
    Raises SubmissionError for an id that would be read back as another, and for a row that lacks a field.
    """
    form = task.submission
    yield _line(form.columns)
    for at, id in enumerate(sorted(rows, key=id_order), 1):
        if id != plain_id(id) or not 0 < len(id) <= MAX_ID or _UNREADABLE.search(id):
            raise SubmissionError(
                f"{form.file_name} cannot hold the id of row {at}: it would be refused, or read back as another",
                todo="use the ids of the corpus",
            )
        values = {**rows[id], form.id_column: id}
        lacking = [name for name in form.columns if name not in values]
        if lacking:
            raise SubmissionError(f"case {id} has no {' and no '.join(lacking)}", todo="run the system again")
        yield _line([values[name] for name in form.columns])


def _line(cells: Sequence[str]) -> bytes:
    return (",".join(map(_cell, cells)) + "\n").encode()


def _cell(text: str) -> str:
    if _UNREADABLE.search(text):
        text = readable(text.replace("\0", ""))
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text


def write_zip(csv: bytes, task: Task) -> bytes:
    """The zip of a csv, whole; see `zip_csv`."""
    data = io.BytesIO()
    zip_csv(io.BytesIO(csv), len(csv), task, data)
    return data.getvalue()


def zip_csv(csv: IO[bytes], size: int, task: Task, archive: IO[bytes]) -> None:
    """Write the zip that the task's server takes: the csv, of so many bytes, at its root, without time or owner.

    The same bytes wherever Python's zlib is the same; what is compared across machines is the csv."""
    member = zipfile.ZipInfo(task.submission.file_name, _NO_TIME)
    member.create_system = 3  # Unix, on every machine
    member.external_attr = (stat.S_IFREG | 0o644) << 16
    member.compress_type = zipfile.ZIP_DEFLATED
    member.file_size = size
    with zipfile.ZipFile(archive, "w") as packed, packed.open(member, "w") as file:
        shutil.copyfileobj(csv, file)


def write_submission(rows: Mapping[str, Mapping[str, str]], task: Task, folder: Path) -> str:
    """Write csv and zip into a folder, a row in memory at a time. The digest of the csv."""
    csv = folder / task.submission.file_name
    with replacing(csv) as file:
        file.writelines(csv_lines(rows, task))
    with replacing(folder / task.submission.archive_name) as archive, csv.open("rb") as lines:
        zip_csv(lines, csv.stat().st_size, task, archive)
    return digest_file(csv)


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
