"""Files that survive a crash: digests, atomic writes, append with fsync, folders whole or not at all, a lock."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import IO, Any

from harness.errors import RunError

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FULL_TO_SQLITE = {"SQLITE_FULL": errno.ENOSPC, "SQLITE_IOERR_WRITE": errno.EIO}
"""A full share of a disk is the second to it, as any write that was refused for another reason than a full disk."""
_CUT_BY_NUMPY = re.compile(r"\d+ requested and \d+ written")


def no_room(error: BaseException) -> OSError | None:
    """What the machine said where a disk, or a user's share of it, is full: its fault, whoever was writing."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return error
    number = _number_of(error)
    return OSError(number, os.strerror(number)) if number else None


def _number_of(error: BaseException) -> int:
    """The number of a full disk in an error without one, 0 where it tells of something else. sqlite has names of its
    own; numpy, and the libraries in Rust (safetensors, tokenizers), say it in words alone."""
    if isinstance(error, OSError) and _CUT_BY_NUMPY.fullmatch(str(error)):
        return errno.ENOSPC
    in_rust = (number for number in _FULL if f"(os error {number})" in str(error))
    return next(in_rust, _FULL_TO_SQLITE.get(getattr(error, "sqlite_errorname", ""), 0))


@contextmanager
def named_if_full() -> Iterator[None]:
    """Raises OSError for a full disk, whatever a library raises."""
    try:
        yield
    except Exception as error:
        if full := no_room(error):
            raise full from None
        raise


def canonical_json(value: Any) -> str:
    """JSON in ASCII (any text survives), with sorted keys and no spaces: the same value gives the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)


def finite(value: Any) -> Any:
    """The same with null for what is no number or infinite, which JSON does not have."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Path):
        return value.name
    raise TypeError(f"not JSON: {type(value).__name__}")


def digest(value: Any) -> str:
    """SHA-256 (hex) of a value's canonical JSON."""
    return digest_bytes(canonical_json(value).encode())


def digest_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def digest_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_folder(folder: Path) -> str:
    """Digest of the names and contents of the files below a folder."""
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    return digest({one.relative_to(folder).as_posix(): digest_file(one) for one in files})


def private_folder(path: Path) -> Path:
    """Create `path` (and what is missing above it) readable by its owner alone."""
    missing = [p for p in (path, *path.parents) if not p.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    path.chmod(PRIVATE_FOLDER)
    return path


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A temporary neighbour to write to, which becomes the file at `path` when it is whole: fsync, rename."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)  # mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_torn(folder: Path) -> None:
    """Delete the temporary files that a killed process left of its atomic writes."""
    for path in folder.glob(".*.tmp"):
        path.unlink()


def read_object(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file; an empty one where there is no file, or something else in it."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remove(*paths: Path) -> None:
    """Delete files and links, and folders with all that is in them."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def half_of(folder: Path) -> Path:
    """Where `whole_or_not` works, beside the folder."""
    place = folder.resolve()
    return place.parent / f".{place.name}.half"


@contextmanager
def whole_or_not(folder: Path, what: str) -> Iterator[Path]:
    """A folder to write into, which takes its place at the end. What a killed process left of one is cleared away by
    the next."""
    place, work = folder.resolve(), half_of(folder)
    work.mkdir(parents=True, exist_ok=True)
    lock = work / ".lock"
    with locked(lock, what):
        remove(*(one for one in work.iterdir() if one != lock))
        try:
            yield work
            work.replace(place)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
        (place / lock.name).unlink()  # held until here: nobody took the folder for a half one that was left


class JsonLines:
    """An append-only file of JSON lines. Each append reaches the disk before it returns.

    A last line without its newline is what a crash left of an append: it is cut off on opening.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Iterator[dict[str, Any]]:
        return (record for _, record in self.located())

    def located(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each record after the offset of its line."""
        if not self.path.exists():
            return
        offset = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    yield offset, json.loads(line)
                except ValueError:
                    raise RunError(
                        f"{self.path.name}: line {number} is not JSON",
                        todo="the file was edited or the disk is at fault: delete that line, what it held is made anew",
                    ) from None
                offset += len(line)

    def at(self, offset: int) -> dict[str, Any]:
        """The record of the line that begins there."""
        with self.path.open("rb") as file:
            file.seek(offset)
            record: dict[str, Any] = json.loads(file.readline())
        return record

    @contextmanager
    def appending(self) -> Iterator[_Appender]:
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            _cut_torn_line(fd)
            yield _Appender(fd)
        finally:
            os.close(fd)


class _Appender:
    def __init__(self, fd: int) -> None:
        self._fd = fd

    def append(self, value: Any) -> int:
        """The offset of its line."""
        offset = os.lseek(self._fd, 0, os.SEEK_CUR)
        data = canonical_json(value).encode() + b"\n"
        while data:
            data = data[os.write(self._fd, data) :]
        os.fsync(self._fd)
        return offset


def _cut_torn_line(fd: int) -> None:
    end = os.lseek(fd, 0, os.SEEK_END)
    while end > 0:
        start = max(0, end - 65536)
        at = os.pread(fd, end - start, start).rfind(b"\n")
        if at >= 0:
            end = start + at + 1
            break
        end = start
    os.ftruncate(fd, end)
    os.lseek(fd, 0, os.SEEK_END)


@contextmanager
def locked(path: Path, what: str, *, wait: bool = False) -> Iterator[None]:
    """Hold a lock file for as long as the process lives; a second holder is refused, or may `wait`; a dead one is no
    obstacle."""
    import fcntl

    fd = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(f"{what} is in use by another process", todo="wait for it to end, or stop it") from None
        except OSError as error:
            raise RunError(
                f"{path} cannot be locked: {error.strerror}",
                todo="name a folder on a disk that has locks, with --out or HARNESS_WORKSPACE",
            ) from None
        yield
    finally:
        os.close(fd)
