"""The rows that scorers have measured, kept under the corpus's root: nothing is measured twice.

A row belongs to a measure (the digest of a scorer's signatures) and a pair (the digest of its ids and texts). sqlite
keeps it whole through a crash, and lets several processes write.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.kept_rows import KeptRows
from harness.types import Pair

FLUSH_SECONDS = 1.0
"""Rows wait no longer than this before they are written: what `kill -9` can lose."""

_TABLE = """CREATE TABLE IF NOT EXISTS rows
    (measure TEXT, pair BLOB, cells BLOB, PRIMARY KEY (measure, pair)) WITHOUT ROWID"""


def pair_key(pair: Pair) -> bytes:
    """Digest of all that a scorer sees of a pair."""
    seen = (pair.case, pair.group, pair.field, pair.reference, pair.hypothesis)
    parts = [part.encode("utf-8", "surrogatepass") for part in seen]
    lengths = " ".join(str(len(part)) for part in parts)
    return hashlib.blake2b(b"".join([lengths.encode(), b"\0", *parts]), digest_size=16).digest()


class ScoreCache:
    """Rows of float64 by measure and pair. What is put is written within a second, and on `close`.

    Raises ScoreError where the file cannot be read or written."""

    def __init__(self, path: Path) -> None:
        self._rows = KeptRows(path, _TABLE, "scores", "measured")
        self._waiting: list[tuple[str, bytes, bytes]] = []
        self._flushed = time.monotonic()

    def get(self, measure: str, keys: Sequence[bytes], cells: int) -> NDArray[np.float64]:
        """Array of shape (keys, cells), NaN in the rows that are not kept."""
        found = np.full((len(keys), cells), np.nan)
        query = "SELECT cells FROM rows WHERE measure = ? AND pair = ?"
        for at, cell in enumerate(self._rows.cells(query, [(measure, key) for key in keys])):
            if cell and len(cell) == found.itemsize * cells:
                found[at] = np.frombuffer(cell, dtype="<f8")
        return found

    def put(self, measure: str, keys: Sequence[bytes], rows: NDArray[np.float64]) -> None:
        self._waiting += [(measure, key, row.astype("<f8").tobytes()) for key, row in zip(keys, rows, strict=True)]
        if time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        self._rows.write("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", self._waiting)
        self._waiting, self._flushed = [], time.monotonic()

    def close(self) -> None:
        try:
            if self._waiting:
                self.flush()
        finally:
            self._rows.close()
