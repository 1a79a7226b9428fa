"""Read a csv out of a file that nobody vouches for: a .csv, a .csv.gz or a .zip.

Nothing is extracted to disk, only regular files are opened, and the limits below hold for what is unpacked, not
for what the file claims, so that memory is bounded and a bomb ends early. What is wrong goes into `Findings`,
under the name of a check.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO, Any, NoReturn

from harness.types import SubmissionFormat

MIB = 2**20
MAX_BYTES = 512 * MIB
"""Bytes of the csv. Discharge Me's larger test split needs about 60 MB, its training split 280 MB."""
MAX_RATIO = 800
"""Unpacked to packed bytes, beyond `RATIO_FROM` unpacked. Prose packs 3 to 4 times, a model that only loops was
seen to reach 230 times; deflate ends at 1,032."""
RATIO_FROM = 32 * MIB
MAX_ROW = 24 * MIB
"""Characters of one row, which is what is in memory at a time: at worst some 400 MB, if it is all commas."""
MAX_ROWS = 250_000
MAX_DIRECTORY = MIB
"""Bytes of a zip's directory: some 10,000 members."""
SHOWN = 10
"""Places that a message names before it counts the rest."""


_Bytes = IO[bytes] | io.BufferedReader | gzip.GzipFile


class Unreadable(Exception):
    """The rest of the file cannot be read; the reason is among the findings."""


class Findings:
    """What was found so far, alike problems in one group: how many, and the first places. `file` is named in each."""

    def __init__(self, file: str) -> None:
        self.file = shown(file)
        self._groups: dict[tuple[str, str], tuple[list[str], list[int]]] = {}

    def add(self, check: str, what: str, place: str = "") -> None:
        """`what` (never text of a cell) is wrong, at `place` if there may be several."""
        places, count = self._groups.setdefault((check, f"{self.file}: {what}"), ([], [0]))
        if place:
            count[0] += 1
            if len(places) < SHOWN:
                places.append(place)

    def stop(self, check: str, what: str) -> NoReturn:
        """`what` is so wrong that reading ends."""
        self.add(check, what)
        raise Unreadable

    def only(self, check: str, what: str) -> NoReturn:
        """The file is no csv at all: nothing else that was found of it is of use."""
        self._groups.clear()
        self.stop(check, what)

    def messages(self) -> Iterator[tuple[str, str]]:
        """(check, message) of each group."""
        for (check, what), (places, count) in self._groups.items():
            yield check, what + counted(places, count[0])


def counted(places: Sequence[str], count: int) -> str:
    """How many places there are, and the first of them."""
    if not count:
        return ""
    first = places[:SHOWN]
    rest = f" and {count - len(first):,} more" if count > len(first) else ""
    return f" ({count:,}): {', '.join(first)}{rest}"


def shown(name: str) -> str:
    """A file's name, safe to print on a terminal."""
    return (name if name.isprintable() else ascii(name)[1:-1])[:100]


# --------------------------------------------------------------------------- opening


def read_rows(path: Path, form: SubmissionFormat, found: Findings) -> Generator[tuple[int, list[str]], None, None]:
    """(line on which it begins, cells) of every row that is not blank; the first is the header. One row is in memory
    at a time. Raises Unreadable, its reason among the findings, where reading cannot go on."""
    with ExitStack() as stack:
        yield from _rows(_open(path, form, found, stack), found)


def _check_file(path: Path, found: Findings) -> int:
    """Size in bytes of a regular file; a device or a pipe is never opened."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        found.stop("file", f"cannot be opened: {getattr(error, 'strerror', None) or error}")
    if stat.S_ISDIR(status.st_mode):
        found.stop("file", "is a folder: name the file in it")
    if not stat.S_ISREG(status.st_mode):
        found.stop("file", "is not a regular file")
    if path.suffix.lower() not in {".csv", ".gz", ".zip"}:
        found.stop("file", "ends in neither .csv, .csv.gz nor .zip")
    return status.st_size


def _open(path: Path, form: SubmissionFormat, found: Findings, stack: ExitStack) -> IO[str]:
    """The csv in `path` as text, not a byte of it read. Bytes that are not UTF-8 come as lone surrogates."""
    size = _check_file(path, found)
    kind = path.suffix.lower()
    stream: _Bytes
    try:
        packed = stack.enter_context(_ShortReads(io.FileIO(path)))
    except OSError as error:
        found.stop("file", f"cannot be opened: {error.strerror}")
    if kind == ".zip":
        _check_name("file-name", path.name, form.archive_name, found)
        stream, size = _open_member(packed, size, form, found, stack)
    else:
        if form.unpacked:
            found.add("zipped", f"{form.judge} takes a zip: pack it as {form.file_name} in {form.archive_name}")
        _check_name(_csv_name(form), path.name[:-3] if kind == ".gz" else path.name, form.file_name, found)
        stream = stack.enter_context(closing(gzip.GzipFile(fileobj=packed))) if kind == ".gz" else packed
    counted = io.BufferedReader(_Counted(stream, size, found), 2**16)
    return stack.enter_context(io.TextIOWrapper(counted, "utf-8", "surrogateescape", newline=""))


def _csv_name(form: SubmissionFormat) -> str:
    return "csv-name" if form.unpacked else "file-name"


def _check_name(check: str, name: str, expected: str, found: Findings) -> None:
    if name != expected:
        found.add(check, f"'{shown(name)}' is named '{expected}' by the task")


class _LongDirectory(Exception):
    pass


class _ShortReads(io.BufferedReader):
    """A file that refuses a long read: ZipFile reads a zip's directory, whatever length it claims, in one piece."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(MAX_DIRECTORY + 1 if size is None or size < 0 else min(size, MAX_DIRECTORY + 1))
        if len(data) > MAX_DIRECTORY:
            raise _LongDirectory
        return data


# What zipfile, gzip and zlib raise on broken input; their messages may quote it, so they are not handed on.
_BROKEN = (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError, struct.error, zlib.error)


class _Counted(io.RawIOBase):
    """Unpacks until the file is too large to be a submission, and turns what breaks into a finding."""

    def __init__(self, stream: _Bytes, packed: int, found: Findings) -> None:
        self._stream, self._packed, self._found, self._count = stream, packed, found, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        try:
            data = self._stream.read(len(buffer))
        except _BROKEN:
            self._found.stop("archive", "cannot be unpacked to its end: it is cut off or damaged")
        self._count += len(data)
        _check_size(self._count, self._packed, self._found)
        buffer[: len(data)] = data
        return len(data)


def _check_size(size: int, packed: int, found: Findings) -> None:
    if size > MAX_BYTES:
        found.stop("size", f"the csv has more than {MAX_BYTES // MIB} MiB")
    if size > RATIO_FROM and size > MAX_RATIO * packed:
        found.stop("size", f"the csv has more than {RATIO_FROM // MIB} MiB and {MAX_RATIO} times its packed size")


def _open_member(
    packed: IO[bytes], size: int, form: SubmissionFormat, found: Findings, stack: ExitStack
) -> tuple[IO[bytes], int]:
    """The csv of a zip, and its packed size in bytes."""
    try:
        archive = stack.enter_context(zipfile.ZipFile(packed))
    except _LongDirectory:
        found.stop("size", f"the zip's directory has more than {MAX_DIRECTORY // MIB} MiB")
    except _BROKEN:
        found.stop("archive", "is not a readable zip")
    members = archive.infolist()
    for member in members:
        if _leads_out(member):
            found.add("archive-path", "members that are links or lead out of their folder", shown(member.filename))
    csv_member = _the_csv(members, form, found)
    for member in members:
        if member is not csv_member:
            found.add("archive-extra", "members beside the csv", shown(member.filename))
    if csv_member.flag_bits & 1:
        found.stop("archive", "the csv is encrypted: pack it without a password")
    if csv_member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        found.stop("archive", "the csv is packed by another method than deflate")
    size = min(size, csv_member.compress_size)
    _check_size(csv_member.file_size, size, found)
    _check_name(_csv_name(form), csv_member.filename, form.file_name, found)
    found.file += f"/{shown(csv_member.filename)}"
    try:
        return stack.enter_context(archive.open(csv_member)), size
    except _BROKEN:
        found.stop("archive", "cannot be unpacked: it is damaged")


def _leads_out(member: zipfile.ZipInfo) -> bool:
    name = member.filename.replace("\\", "/")
    leads_out = name.startswith("/") or re.match("[A-Za-z]:", name) is not None or ".." in name.split("/")
    return leads_out or stat.S_ISLNK(member.external_attr >> 16)


def _the_csv(members: list[zipfile.ZipInfo], form: SubmissionFormat, found: Findings) -> zipfile.ZipInfo:
    """The one csv at the root: the one of the right name, else the only one."""
    safe = [m for m in members if not _leads_out(m) and m.filename.lower().endswith(".csv")]
    at_root = [m for m in safe if not re.search(r"[/\\]|^\.", m.filename)]
    chosen = [m for m in at_root if m.filename == form.file_name] or at_root
    if not chosen:
        zipped = any(m.filename.lower().endswith(".zip") for m in members)
        hint = ": zip the file, not its folder" if safe else ": there is a zip in it, give that one" if zipped else ""
        found.stop("archive-csv", f"no csv at the root of the zip{hint}")
    if len(chosen) > 1:
        found.stop("archive-csv", f"{len(chosen)} csv files at the root of the zip: leave one, {form.file_name}")
    return chosen[0]


# --------------------------------------------------------------------------- reading


_NO_CSV = {
    "is a zip or an Excel workbook, whatever its name: export a workbook as CSV UTF-8, name a zip .zip": ("PK\3\4",),
    "is UTF-16: save it as UTF-8": ("\udcff\udcfe", "\udcfe\udcff"),
}
"""What else may be named as a csv: the first bytes of such a file, as text."""
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Lines:
    """The lines that csv.reader is fed, within the limit of a row. The reader asks for the next line only while
    a row is not complete: if it then meets the end, a quote is open."""

    def __init__(self, text: IO[str], found: Findings) -> None:
        self._text, self._found = text, found
        self.number = 0
        self.room = MAX_ROW
        self.last = ""
        self.ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(self.room + 1)
        if not line:
            self.ended = True
            raise StopIteration
        self.number += 1
        self.room -= len(line)
        if self.room < 0:
            self._found.stop("size", f"line {self.number} belongs to a row of more than {MAX_ROW:,} characters")
        if self.number == 1:
            line = self._checked_start(line)
        if not line.isascii() and _SURROGATE.search(line):
            self._found.add("utf-8", "bytes that are not UTF-8", f"line {self.number}")
        self.last = line
        return line

    def _checked_start(self, line: str) -> str:
        for what, starts in _NO_CSV.items():
            if line.startswith(starts):
                self._found.only("utf-8", what)
        if line.startswith("\ufeff"):
            self._found.add("bom", "begins with a byte order mark")
        return line.removeprefix("\ufeff")


def _rows(text: IO[str], found: Findings) -> Generator[tuple[int, list[str]], None, None]:
    # The reader's limit on a cell is the whole process's, and its default is less than a long text.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_ROW + 1))
    lines = _Lines(text, found)
    reader = csv.reader(lines)
    for _ in range(MAX_ROWS + 2):
        start, lines.room = lines.number + 1, MAX_ROW
        row = next(reader, None)
        if row is None:
            return
        if lines.ended:
            found.stop("quotes", f"a quote opens in the row that begins on line {start} and is never closed")
        if lines.last.endswith("\r\n"):
            found.add("line-ends", "rows end in CR LF")
        elif lines.last.endswith("\r"):
            found.add("line-ends", "rows end in CR")
        if row:
            yield start, row
        else:
            found.add("blank-line", "blank lines, which are skipped", f"line {start}")
    found.stop("size", f"the csv has more than {MAX_ROWS:,} rows")
