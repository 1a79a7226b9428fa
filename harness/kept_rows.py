"""A file of rows that are kept under a corpus's root: sqlite, whole after a crash, written by several processes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import ScoreError
from harness.files import PRIVATE_FILE

_WAIT_SECONDS = 60


class KeptRows:
    """A table in a file of its own, readable by the owner alone. `what` are its rows called in a message, `again` how
    they come about once more.

    Raises ScoreError where the file cannot be read or written."""

    def __init__(self, path: Path, table: str, what: str, again: str) -> None:
        self._path, self._what, self._again = path, what, again
        with self._named():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
            # A plugin may ask for its inputs from threads of its own; sqlite takes one statement at a time.
            self._db = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(table)

    def cells(self, query: str, keys: Sequence[tuple[Any, ...]]) -> list[bytes | None]:
        """The first cell of the row of each key, None where there is none."""
        with self._named():
            rows = [self._db.execute(query, key).fetchone() for key in keys]
        return [row[0] if row else None for row in rows]

    def write(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """All of the rows, or none."""
        with self._named():
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(statement, rows)
            self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise ScoreError(
                f"the kept {self._what} in {self._path} cannot be read or written: {error}",
                todo=f"make room on the disk; or delete the file: what it holds is {self._again} again",
            ) from None
