"""The corpus of six tables: a folder a split, in it discharge.csv or discharge.csv.gz and, where there are any,
discharge_target, radiology, edstays, triage and diagnosis (the layout of the Discharge Me! release)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from harness.corpora.marking import Marked, Marking, read_marking
from harness.corpora.table_index import NOTE_DATES, Index, open_index, tables
from harness.dates import moment
from harness.errors import CorpusError
from harness.types import RawStay, Row, Task
from harness.workspace import corpus_root

_OF_THE_STAY = {
    "radiology": "SELECT * FROM radiology WHERE hadm_id = ? ORDER BY charttime, CAST(note_seq AS INTEGER), _line",
    "edstays": "SELECT * FROM edstays WHERE hadm_id = ? ORDER BY intime, stay_id",
    "triage": "SELECT t.* FROM edstays e JOIN triage t ON t.stay_id = e.stay_id WHERE e.hadm_id = ? "
    "ORDER BY e.intime, e.stay_id, t._line",
    "diagnosis": "SELECT t.* FROM edstays e JOIN diagnosis t ON t.stay_id = e.stay_id WHERE e.hadm_id = ? "
    "ORDER BY e.intime, e.stay_id, CAST(t.seq_num AS INTEGER), t._line",
}

_FILE = re.compile(r"([^.].*)(\.csv(?:\.gz)?)")
_NEAR = 0.85
"""How like a table's name one is that means it: `diagnoses` does, MIMIC's `diagnoses_icd` and `icustays` do not."""


def open_tables(data: Path, task: Task) -> TablesCorpus:
    """The corpus at `data` for `task`. Raises CorpusError if none of the task's splits has a folder there."""
    if not data.is_dir():
        raise CorpusError(f"{data}: there is no such folder", todo="--data names the folder that holds the splits")
    marking = read_marking(data)
    if not any((data / split).is_dir() for split in task.splits):
        hint = (
            " This folder holds tables itself: name the folder above it." if list(data.glob("discharge.csv*")) else ""
        )
        raise CorpusError(
            f"{data}: no split in it; there is {_folders(data)}",
            todo=f"the splits of {task.name} are folders named {', '.join(task.splits)}.{hint}",
        )
    return TablesCorpus(data, task, marking, corpus_root(marking.name, data))


@dataclass(frozen=True)
class TablesCorpus(Marked):
    """The cases of a folder. What is asked of a split reads its index, which the first question builds.

    Every method that takes a split raises CorpusError, naming file, line and column, if its tables are at fault.
    """

    data: Path
    task: Task
    marking: Marking
    root: Path
    _open: dict[str, tuple[Index, Mapping[str, str]]] = field(default_factory=dict, repr=False, compare=False)

    def splits(self) -> tuple[str, ...]:
        """The task's splits that have a folder here, in the task's order."""
        return tuple(split for split in self.task.splits if (self.data / split).is_dir())

    def ids(self, split: str) -> tuple[str, ...]:
        """The hadm_id of every note, in the order of whole numbers."""
        return tuple(self.groups(split))

    def groups(self, split: str) -> Mapping[str, str]:
        """hadm_id -> subject_id, in the order of `ids`."""
        return self._opened(split)[1]

    def has_targets(self, split: str) -> bool:
        return "discharge_target" in self._files(split)

    def digest(self, split: str) -> str:
        """SHA-256 over the tables' plain bytes by table: the same for .csv and .csv.gz."""
        return self._opened(split)[0].digest

    def warnings(self, split: str) -> Mapping[str, int]:
        """What is odd but allowed, counted, such as "radiology rows of no stay"."""
        absent = _absent(self._files(split))
        missing = {f"of the six tables missing: {', '.join(absent)}": len(absent)} if absent else {}
        return {**missing, **self._opened(split)[0].warnings}

    def stays(self, split: str, ids: Collection[str] | None = None) -> Iterator[RawStay]:
        """Yield the stays (all, or those of `ids`), one in memory at a time, in the order of `ids(split)`."""
        index, groups = self._opened(split)
        strange = sorted(set(ids or ()) - groups.keys())
        if strange:
            raise CorpusError(
                f"{self.data / split}: no note has the hadm_id {strange[0]}"
                + (f" (nor {len(strange) - 1} others that were asked for)" if strange[1:] else ""),
                todo=f"the ids of {split} are the hadm_id of its discharge table",
            )
        with index.reading() as db:
            db.row_factory = _row
            for id in groups if ids is None else in_order(set(ids)):
                yield self._stay(db, id)

    def _stay(self, db: sqlite3.Connection, id: str) -> RawStay:
        note: Row = db.execute("SELECT * FROM discharge WHERE hadm_id = ?", (id,)).fetchone()
        target: Row | None = db.execute("SELECT * FROM discharge_target WHERE hadm_id = ?", (id,)).fetchone()
        return RawStay(
            id=id,
            group=note["subject_id"],
            document=note["text"],
            time=_stored([cell for column in NOTE_DATES if (cell := note.get(column))]),
            tables={name: tuple(map(_dated, db.execute(query, (id,)))) for name, query in _OF_THE_STAY.items()},
            targets={f.name: target[f.name] for f in self.task.fields} if target else None,
        )

    def _opened(self, split: str) -> tuple[Index, Mapping[str, str]]:
        if split not in self._open:
            index = open_index(self.root / "index", split, self._files(split), tuple(f.name for f in self.task.fields))
            with index.reading() as db:
                groups = dict(db.execute("SELECT hadm_id, subject_id FROM discharge"))
            self._open[split] = index, {id: groups[id] for id in in_order(groups)}
        return self._open[split]

    def _files(self, split: str) -> dict[str, Path]:
        """The split's files by table."""
        folder = self.data / split
        if split not in self.splits():
            near = get_close_matches(split, self.splits(), n=1)
            raise CorpusError(
                f"{self.data}: there is no split '{split}'; there is {_folders(self.data)}",
                todo=f"did you mean {near[0]}?" if near else f"choose one of {', '.join(self.splits())}",
            )
        found: dict[str, Path] = {}
        for table in tables(()):
            plain, packed = folder / f"{table.name}.csv", folder / f"{table.name}.csv.gz"
            if plain.exists() and packed.exists():
                raise CorpusError(
                    f"{folder}: there is {plain.name} and {packed.name}", todo="keep the one that is right"
                )
            if plain.exists() or packed.exists():
                found[table.name] = plain if plain.exists() else packed
        _check_names(folder, _absent(found))
        if "discharge" not in found:
            raise CorpusError(
                f"{folder}: there is no discharge.csv and no discharge.csv.gz",
                todo="the notes are the one table that a split cannot do without",
            )
        return found


def _absent(files: Mapping[str, Path]) -> list[str]:
    return [table.name for table in tables(()) if table.name not in files]


def _check_names(folder: Path, absent: Collection[str]) -> None:
    """Refuse files that are named nearly as these tables: nobody would miss what is in them."""
    names = {path.name: match for path in folder.iterdir() if (match := _FILE.fullmatch(path.name.lower()))}
    near = {name: get_close_matches(match[1], absent, n=1, cutoff=_NEAR) for name, match in sorted(names.items())}
    near = {name: found for name, found in near.items() if found and not _is_of_its_own(names[name][1], found[0])}
    if meant := [f"{name!r} where {found[0]}{names[name][2]} is expected" for name, found in near.items()]:
        raise CorpusError(
            f"{folder}: there is {', '.join(meant)}",
            todo="rename what is one of the six tables, and move out of this folder what is not",
        )


def _is_of_its_own(name: str, table: str) -> bool:
    """With a word more somebody names another file: discharge_target_gold may lie aside on purpose."""
    return name.startswith(f"{table}_") or name.endswith(f"_{table}")


def in_order(ids: Iterable[str]) -> list[str]:
    """Sorted: whole numbers first, by value, then the others as text."""
    return sorted(ids, key=lambda id: (0, int(id), id) if id.isdecimal() else (1, 0, id))


def _stored(dates: list[str]) -> str:
    """The first that can be read; the first where none can."""
    return next((date for date in dates if moment(date)), next(iter(dates), ""))


def _dated(row: Row) -> Row:
    """A charttime that cannot be read is that of the storing, which is never earlier: no row is known too soon."""
    stored = row.get("storetime", "")
    if "charttime" in row and moment(stored) and not moment(row["charttime"]):
        return {**row, "charttime": stored}
    return row


def _row(cursor: sqlite3.Cursor, values: tuple[str, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True) if column[0] != "_line"}


def _folders(data: Path) -> str:
    return ", ".join(sorted(path.name for path in data.iterdir() if path.is_dir())) or "no folder at all"
