"""The rows that scorers have measured, kept under the corpus's root: nothing is measured twice.

A row belongs to a measure (the digest of a scorer's signatures) and a pair (the digest of its ids and texts). sqlite
keeps it whole through a crash, and lets several processes write.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import ScoreError
from harness.files import PRIVATE_FILE
from harness.types import Pair

FLUSH_SECONDS = 1.0
"""Rows wait no longer than this before they are written: what `kill -9` can lose."""

_WAIT_SECONDS = 60
_TABLE = """CREATE TABLE IF NOT EXISTS rows
    (measure TEXT, pair BLOB, cells BLOB, PRIMARY KEY (measure, pair)) WITHOUT ROWID"""


def pair_key(pair: Pair) -> bytes:
    """Digest of all that a scorer sees of a pair."""
    parts = [part.encode("utf-8", "surrogatepass") for part in (pair.case, pair.field, pair.reference, pair.hypothesis)]
    lengths = " ".join(str(len(part)) for part in parts)
    return hashlib.blake2b(b"".join([lengths.encode(), b"\0", *parts]), digest_size=16).digest()


class ScoreCache:
    """Rows of float64 by measure and pair. What is put is written within a second, and on `close`.

    Raises ScoreError where the file cannot be read or written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._waiting: list[tuple[str, bytes, bytes]] = []
        self._flushed = time.monotonic()
        with self._named():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
            self._db = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(_TABLE)

    def get(self, measure: str, keys: Sequence[bytes], cells: int) -> NDArray[np.float64]:
        """Array of shape (keys, cells), NaN in the rows that are not kept."""
        found = np.full((len(keys), cells), np.nan)
        query = "SELECT cells FROM rows WHERE measure = ? AND pair = ?"
        with self._named():
            for at, key in enumerate(keys):
                row = self._db.execute(query, (measure, key)).fetchone()
                if row and len(row[0]) == found.itemsize * cells:
                    found[at] = np.frombuffer(row[0], dtype="<f8")
        return found

    def put(self, measure: str, keys: Sequence[bytes], rows: NDArray[np.float64]) -> None:
        self._waiting += [(measure, key, row.astype("<f8").tobytes()) for key, row in zip(keys, rows, strict=True)]
        if time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        with self._named():
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", self._waiting)
            self._db.execute("COMMIT")
        self._waiting, self._flushed = [], time.monotonic()

    def close(self) -> None:
        try:
            if self._waiting:
                self.flush()
        finally:
            self._db.close()

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise ScoreError(
                f"the kept scores in {self.path} cannot be read or written: {error}",
                todo="make room on the disk; or delete the file: what it holds is measured again",
            ) from None
