"""Prepared cases of a split, kept under the corpus's root: prepared once, read when they are asked for.

A file of rows, so that a sample, a single case or a command that was stopped half-way prepares what is lacking and
nothing else. There is no target in it: of a stay that still holds one, only the record that says so is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from harness import types
from harness.examples import store_key
from harness.files import canonical_json, digest, digest_file, private_folder
from harness.kept_rows import KeptRows
from harness.lazy import Lazy
from harness.leaks import Leak
from harness.prepare import Prepared, prepare
from harness.progress import bar
from harness.types import Case, Corpus, Part, Task

AT_ONCE = 128
"""Cases that are written together: what `kill -9` can lose."""

_CASES = "CREATE TABLE IF NOT EXISTS cases (id TEXT PRIMARY KEY, cells BLOB)"
_RECORDS = "CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, cells BLOB) WITHOUT ROWID"


class KeptCases(Lazy[Case]):
    """The cases of these ids, in this order. What is held of each is its id."""

    def __init__(self, path: Path, ids: Sequence[str]) -> None:
        self.ids = tuple(ids)
        self._cases = KeptRows(path, _CASES, "cases", "prepared")
        self._records = KeptRows(path, _RECORDS, "cases", "prepared")

    def __len__(self) -> int:
        return len(self.ids)

    def make(self, at: int) -> Case:
        id = self.ids[at]
        (cells,) = self._cases.cells("SELECT cells FROM cases WHERE id = ?", [(id,)])
        if cells is None:
            raise KeyError(id)
        group, parts = json.loads(cells)
        return Case(id, group, tuple(Part(**{**part, "precedes": tuple(part["precedes"])}) for part in parts))

    def records(self) -> Iterator[str]:
        """Of each case, as a line of JSON: what is left of each target (longest run, share of 8-grams), which rows were
        dropped."""
        return (line for _, line in self._lines() if line is not None)

    def checks(self) -> Iterator[tuple[tuple[Leak, ...], Mapping[str, int]]]:
        """The same as (leaks, rows of dated tables that were left out), case by case."""
        for line in self.records():
            record = json.loads(line)
            yield tuple(Leak(**leak) for leak in record["leaks"]), record["dropped"]

    def lacking(self) -> list[str]:
        """The ids of those that are not prepared."""
        return [id for id, line in self._lines() if line is None]

    def keep(self, some: Sequence[Prepared]) -> None:
        """Write them; the records last, as they say that a case is there."""
        clean = [one.case for one in some if all(leak.status != "leak" for leak in one.leaks)]
        records = [(one.case.id, _record(one)) for one in some]
        self._cases.write("INSERT OR REPLACE INTO cases VALUES (?, ?)", [(case.id, _cells(case)) for case in clean])
        self._records.write("INSERT OR REPLACE INTO records VALUES (?, ?)", records)

    def _lines(self) -> Iterator[tuple[str, str | None]]:
        left = iter(self.ids)
        while some := list(islice(left, AT_ONCE)):
            found = self._records.cells("SELECT cells FROM records WHERE id = ?", [(id,) for id in some])
            yield from ((id, None if cells is None else cells.decode()) for id, cells in zip(some, found, strict=True))


def open_cases(corpus: Corpus, task: Task, split: str, ids: Sequence[str], cut_leaks: bool) -> KeptCases:
    """The cases of these ids; those that no command prepared before are prepared now."""
    folder = private_folder(corpus.root / "cases")
    kept = KeptCases(folder / f"{split}-{_key(corpus, task, split, cut_leaks)[:16]}.sqlite", ids)
    if lacking := kept.lacking():
        stays = bar(corpus.stays(split, lacking), f"preparing {split}", total=len(lacking), unit="stay")
        prepared = (prepare(stay, task, cut_leaks) for stay in stays)
        while some := list(islice(prepared, AT_ONCE)):
            kept.keep(some)
    return kept


def _key(corpus: Corpus, task: Task, split: str, cut_leaks: bool) -> str:
    """Digest of all that determines a case: the split's tables, the task's rules and code, the code that reads and
    prepares."""
    sources = [__file__, str(types.__file__)]
    return digest([store_key(corpus, task, split), cut_leaks, [digest_file(Path(path)) for path in sources]])


def _cells(case: Case) -> bytes:
    return json.dumps([case.group, [vars(part) for part in case.parts]]).encode()


def _record(one: Prepared) -> bytes:
    return canonical_json({"case": one.case.id, "leaks": one.leaks, "dropped": one.dropped}).encode()
