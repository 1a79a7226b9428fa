"""Concepts of texts, found once and kept: for the next system on the same references, and for whoever shows a case."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.errors import ScoreError
from harness.files import PRIVATE_FILE, digest
from harness.nlp.concepts.ngrams import Concepts

FILE = "concepts.sqlite"

_WAIT_SECONDS = 60
_TABLE = """CREATE TABLE IF NOT EXISTS concepts
    (matcher TEXT, text BLOB, found BLOB, PRIMARY KEY (matcher, text)) WITHOUT ROWID"""


class KeptConcepts:
    """A file of concepts by matcher and text; the texts themselves are not in it. Several processes may write to it.

    Raises ScoreError where the file cannot be read or written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._named():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
            self._db = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(_TABLE)

    def get(self, matcher: str, texts: Sequence[str]) -> list[Concepts | None]:
        query = "SELECT found FROM concepts WHERE matcher = ? AND text = ?"
        with self._named():
            rows = [self._db.execute(query, (matcher, _key(text))).fetchone() for text in texts]
        return [_unpacked(row[0]) if row else None for row in rows]

    def put(self, matcher: str, found: Sequence[tuple[str, Concepts]]) -> None:
        rows = [(matcher, _key(text), _packed(concepts)) for text, concepts in found]
        with self._named():
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR IGNORE INTO concepts VALUES (?, ?, ?)", rows)
            self._db.execute("COMMIT")

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise ScoreError(
                f"the kept concepts in {self.path} cannot be read or written: {error}",
                todo="make room on the disk; or delete the file: what it holds is found again",
            ) from None


def matcher_key(identity: object, environment: object) -> str:
    """What tells a matcher's finds from those of another, or of itself on other libraries."""
    return digest([identity, environment])[:32]


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _packed(concepts: Concepts) -> bytes:
    return zlib.compress(json.dumps(list(concepts.items()), separators=(",", ":")).encode(), 1)


def _unpacked(data: bytes) -> Concepts:
    return {term: tuple(ids) for term, ids in json.loads(zlib.decompress(data))}
