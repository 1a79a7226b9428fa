"""The rows of one csv file, plain or gzipped: every cell as text, every fault with its file and line."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from harness.errors import CorpusError

LARGEST_CELL = 1 << 24
"""Characters. A larger cell is a quote that was never closed, and would fill the memory."""

BAD_GZIP = (EOFError, zlib.error, gzip.BadGzipFile)
"""What reading a gzip that is torn, damaged or none raises."""

Watch = Callable[[bytes, int], None]
"""Is shown each piece of the plain (decompressed) bytes, and how many bytes of the file are read by then."""


def read_rows(path: Path, watch: Watch) -> Iterator[tuple[int, list[str]]]:
    """Yield (line of the file on which the row starts, its cells), the header first. Blank lines are no rows.

    The file is streamed. Raises CorpusError for a broken gzip, bad UTF-8, a quote that is not closed, and a row
    with more or fewer cells than the header.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST_CELL))
    with path.open("rb") as file:
        watched = io.BufferedReader(_Watched(_plain(path, file), file, watch), 1 << 18)
        reader = csv.reader(io.TextIOWrapper(watched, "utf-8-sig", newline="\n"), strict=True)
        line, width = 1, 0
        try:
            for cells in reader:
                if cells:
                    width = width or len(cells)
                    if len(cells) != width:
                        raise _wrong_width(path, line, len(cells), width)
                    yield line, cells
                line = reader.line_num + 1
        except UnicodeDecodeError:
            raise no_utf8(path, *_first_bad_byte(path)) from None
        except BAD_GZIP as error:
            raise bad_gzip(path, line, error) from None
        except csv.Error as error:
            raise _bad_csv(path, line, reader.line_num, str(error)) from None


def _plain(path: Path, file: BinaryIO) -> BinaryIO | gzip.GzipFile:
    return gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file


class _Watched(io.RawIOBase):
    """Hands on what is read from `plain`, showing it to `watch`."""

    def __init__(self, plain: BinaryIO | gzip.GzipFile, file: BinaryIO, watch: Watch) -> None:
        self._plain, self._file, self._watch = plain, file, watch

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        piece = self._plain.read(len(buffer))
        buffer[: len(piece)] = piece
        self._watch(piece, self._file.tell())
        return len(piece)


def _wrong_width(path: Path, line: int, cells: int, width: int) -> CorpusError:
    return CorpusError(
        f"{path}: line {line}: the row has {cells} cells, the header has {width}",
        todo="put quotes around a cell that holds a comma or a line break",
    )


def bad_gzip(path: Path, line: int, error: Exception) -> CorpusError:
    reason = "the file breaks off" if isinstance(error, EOFError) else "the gzip data are broken"
    return CorpusError(
        f"{path}: {reason}; it can be read as far as about line {line}",
        todo=f"copy or download the file again; if it was never packed, name it {path.with_suffix('').suffix}",
    )


def _bad_csv(path: Path, line: int, noticed: int, reason: str) -> CorpusError:
    if "new-line character" in reason:
        return CorpusError(
            f"{path}: line {line}: a carriage return stands outside of quotes",
            todo="save the file with the line ends of Unix or Windows",
        )
    if "field limit" in reason:
        return CorpusError(
            f"{path}: line {line}: a cell of this row has more than {LARGEST_CELL:,} characters",
            todo="close the quote that was left open there",
        )
    return CorpusError(
        f"{path}: line {line}: a quote in this row is left open, or stands single within a quoted cell "
        f"(noticed at line {noticed})",
        todo='close the quote; within a quoted cell a quote is written twice: ""',
    )


def no_utf8(path: Path, line: int, byte: int) -> CorpusError:
    return CorpusError(
        f"{path}: line {line}, byte {byte} of the line: this is not UTF-8", todo="save the file as UTF-8"
    )


def _first_bad_byte(path: Path) -> tuple[int, int]:
    """Read the file again, line by line: the fast reader only knows its buffer."""
    line = 0
    with path.open("rb") as file:
        for line, data in enumerate(_plain(path, file), 1):
            try:
                data.decode()
            except UnicodeDecodeError as error:
                return line, error.start + 1
    return line, 1
