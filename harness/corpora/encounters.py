"""The corpus of encounters: a csv a split, in it what was said at each visit and the note that was written of it (the
layout of ACI-Bench: encounter_id, dialogue, note; other columns, and files such as *_metadata.csv, are not read)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from harness.corpora.csv_rows import read_rows
from harness.corpora.marking import Marked, Marking, read_marking
from harness.corpora.table_index import ID, Table, bad_id, check_header
from harness.corpora.tables import in_order
from harness.errors import CorpusError
from harness.types import RawStay, Task
from harness.workspace import corpus_root

_ID, _DIALOGUE = "encounter_id", "dialogue"


def open_encounters(data: Path | None, task: Task) -> EncountersCorpus:
    """The corpus at `data` for `task`. Raises CorpusError if there is none, or no file of any of the task's splits."""
    if data is None:
        raise CorpusError(
            f"{task.name} has no synthetic cases: it needs a folder of dialogues",
            todo="--data DIR, in it train.csv, valid.csv and others with the columns encounter_id, dialogue and note; "
            "ACI-Bench is free (CC BY 4.0): data/challenge_data of github.com/wyim/aci-bench",
        )
    if not data.is_dir():
        raise CorpusError(f"{data}: there is no such folder", todo="--data names the folder that holds the csv files")
    marking = read_marking(data)
    corpus = EncountersCorpus(data, task, marking, corpus_root(marking.name, data))
    if not corpus.splits():
        found = sorted(path.name for path in data.iterdir() if path.name.endswith((".csv", ".csv.gz")))
        raise CorpusError(
            f"{data}: no split in it; there is {', '.join(found) or 'no csv at all'}",
            todo=f"the splits of {task.name} are files named {', '.join(f'{split}.csv' for split in task.splits)}; "
            "something may stand before the name (name_test1.csv), .gz behind it",
        )
    return corpus


@dataclass(frozen=True)
class _Split:
    """A file as it was read: the digest of its plain bytes, and by id dialogues and targets (None in a hidden test)."""

    digest: str
    dialogues: Mapping[str, str]
    targets: Mapping[str, Mapping[str, str]] | None


@dataclass(frozen=True)
class EncountersCorpus(Marked):
    """The cases of a folder; see `harness.types.Corpus`. A split is read whole when it is first asked about.

    Every encounter is a subject of its own: the corpus names nobody who came twice."""

    data: Path
    task: Task
    marking: Marking
    root: Path
    _read: dict[str, _Split] = field(default_factory=dict, repr=False, compare=False)

    def splits(self) -> tuple[str, ...]:
        return tuple(split for split in self.task.splits if self._files(split))

    def ids(self, split: str) -> tuple[str, ...]:
        return tuple(self._opened(split).dialogues)

    def groups(self, split: str) -> Mapping[str, str]:
        return {id: id for id in self._opened(split).dialogues}

    def has_targets(self, split: str) -> bool:
        return self._opened(split).targets is not None

    def digest(self, split: str) -> str:
        return self._opened(split).digest

    def warnings(self, split: str) -> Mapping[str, int]:
        empty = sum(not dialogue.strip() for dialogue in self._opened(split).dialogues.values())
        return {"encounters without a dialogue": empty} if empty else {}

    def stays(self, split: str, ids: Collection[str] | None = None) -> Iterator[RawStay]:
        opened = self._opened(split)
        strange = in_order(set(ids or ()) - opened.dialogues.keys())
        if strange:
            more = f" (nor {len(strange) - 1} others that were asked for)" if strange[1:] else ""
            raise CorpusError(
                f"{self._file(split)}: no row has the {_ID} {strange[0]}{more}",
                todo=f"the ids of {split} are its {_ID}",
            )
        for id in opened.dialogues if ids is None else in_order(set(ids)):
            targets = None if opened.targets is None else opened.targets[id]
            yield RawStay(id, id, opened.dialogues[id], targets=targets)

    def _files(self, split: str) -> list[Path]:
        """Files that are named as the split: train.csv, or with a name before it, clinicalnlp_taskB_test1.csv.gz. Those
        that a Mac leaves beside them (._train.csv) are none."""
        pattern = re.compile(rf"(?!\.)(?:.*_)?{re.escape(split)}\.csv(?:\.gz)?")
        return sorted(path for path in self.data.iterdir() if pattern.fullmatch(path.name))

    def _file(self, split: str) -> Path:
        files = self._files(split)
        if not files:
            raise CorpusError(
                f"{self.data}: there is no split '{split}'", todo=f"choose one of {', '.join(self.splits())}"
            )
        if len(files) > 1:
            raise CorpusError(
                f"{self.data}: the split {split} could be {' or '.join(file.name for file in files)}",
                todo="keep the one that is right",
            )
        return files[0]

    def _opened(self, split: str) -> _Split:
        if split not in self._read:
            self._read[split] = _read(self._file(split), tuple(f.name for f in self.task.fields))
        return self._read[split]


def _read(path: Path, fields: tuple[str, ...]) -> _Split:
    content = hashlib.sha256()
    rows = read_rows(path, lambda piece, position: content.update(piece))
    _, columns = next(rows, (1, []))
    check_header(path, Table("encounters", _ID, (_ID, _DIALOGUE), optional=fields), columns)
    places = {name: columns.index(name) for name in fields if name in columns}
    if places and (missing := [name for name in fields if name not in places]):
        raise CorpusError(
            f"{path}: line 1: there is {', '.join(places)} but no column {', '.join(missing)}",
            todo="give a column for each field of the task, of its name; for a hidden test none",
        )
    near = {name: get_close_matches(name, columns, n=1, cutoff=0.8) for name in fields if name not in columns}
    if meant := [f"{found[0]!r} where {name} may be meant" for name, found in near.items() if found]:
        raise CorpusError(
            f"{path}: line 1: there is {', '.join(meant)}",
            todo="rename the column: to what is meant, or, in a hidden test, to a name less like it",
        )
    dialogues: dict[str, str] = {}
    targets: dict[str, Mapping[str, str]] = {}
    lines: dict[str, int] = {}
    for line, cells in rows:
        id = cells[columns.index(_ID)]
        if not ID.fullmatch(id):
            raise bad_id(path, line, _ID, id)
        if id in lines:
            raise CorpusError(
                f"{path}: lines {lines[id]} and {line} have the same {_ID} {id}", todo="keep one of the rows"
            )
        lines[id] = line
        dialogues[id] = cells[columns.index(_DIALOGUE)]
        targets[id] = {name: cells[at] for name, at in places.items()}
    if not dialogues:
        raise CorpusError(f"{path}: there is no row below the header", todo="give the file that has the encounters")
    ordered = {id: dialogues[id] for id in in_order(dialogues)}
    return _Split(content.hexdigest(), ordered, targets if places else None)
