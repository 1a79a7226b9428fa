"""Concepts of texts, found once and kept: for the next system on the same references, and for whoever shows a case."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from pathlib import Path

from harness.files import digest
from harness.kept_rows import KeptRows
from harness.nlp.concepts.ngrams import Concepts

FILE = "concepts.sqlite"

_TABLE = """CREATE TABLE IF NOT EXISTS concepts
    (matcher TEXT, text BLOB, found BLOB, PRIMARY KEY (matcher, text)) WITHOUT ROWID"""


class KeptConcepts:
    """A file of concepts by matcher and text; the texts themselves are not in it, and are one where their line breaks
    alone tell them apart. Several processes may write to it.

    Raises ScoreError where the file cannot be read or written."""

    def __init__(self, path: Path) -> None:
        self._rows = KeptRows(path, _TABLE, "concepts", "found")

    def get(self, matcher: str, texts: Sequence[str]) -> list[Concepts | None]:
        query = "SELECT found FROM concepts WHERE matcher = ? AND text = ?"
        cells = self._rows.cells(query, [(matcher, _key(text)) for text in texts])
        return [_unpacked(cell) if cell else None for cell in cells]

    def put(self, matcher: str, found: Sequence[tuple[str, Concepts]]) -> None:
        rows = [(matcher, _key(text), _packed(concepts)) for text, concepts in found]
        self._rows.write("INSERT OR IGNORE INTO concepts VALUES (?, ?, ?)", rows)


def in_one_line(text: str) -> str:
    """As matchers are shown a text: a line break separates words as a blank does."""
    return text.replace("\n", " ")


def matcher_key(identity: object, environment: object) -> str:
    """What tells a matcher's finds from those of another, or of itself on other libraries."""
    return digest([identity, environment])[:32]


def _key(text: str) -> bytes:
    return hashlib.blake2b(in_one_line(text).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _packed(concepts: Concepts) -> bytes:
    return zlib.compress(json.dumps(list(concepts.items()), separators=(",", ":")).encode(), 1)


def _unpacked(data: bytes) -> Concepts:
    return {term: tuple(ids) for term, ids in json.loads(zlib.decompress(data))}
