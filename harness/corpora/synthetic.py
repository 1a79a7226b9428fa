"""The synthetic ward: a seeded writer of the six tables, so that everything runs where no real chart may go.

What a stay is depends on the ward's version, its seed, how many stays it has, the stay's number and its split alone, so
the ward streams: memory is flat however many stays are written, and any number of processes writes the same bytes. A
version is frozen: a change of one byte is a new version, and every old one stays here under its number.

Beside the tables of a split stand its ledger of facts (`facts.jsonl.gz`, see `harness.corpora.ward.facts`) and lists of
ids by what the train split knows (`ids/`); neither is read with the tables. The clinical content is no advice.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import IO, TypeAlias

from harness.corpora.marking import FILE_NAME, read_marking, write_marking
from harness.corpora.ward.course import draw_course, draw_patient
from harness.corpora.ward.dice import Dice
from harness.corpora.ward.stay import Told, tell
from harness.errors import CorpusError
from harness.processes import DeafContext
from harness.progress import counter

NAME = "ward"
LICENCE = "CC0-1.0; written by harness data synthesize, no patient is described"
MINIMUM = 10
"""Stays below which some split would be empty."""

SHARES: Mapping[str, float] = {"train": 0.63, "valid": 0.135, "test_phase_1": 0.135, "test_phase_2": 0.1}
LEDGER = "facts.jsonl.gz"
SCORERS = ("facts",)
"""Those that read the ledger."""

_NOTE = ("note_id", "subject_id", "hadm_id", "note_type", "note_seq", "charttime", "storetime", "text")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "discharge": _NOTE,
    "discharge_target": (
        "note_id",
        "hadm_id",
        "discharge_instructions",
        "brief_hospital_course",
        "discharge_instructions_word_count",
        "brief_hospital_course_word_count",
    ),
    "radiology": _NOTE,
    "edstays": (
        "subject_id",
        "hadm_id",
        "stay_id",
        "intime",
        "outtime",
        "gender",
        "race",
        "arrival_transport",
        "disposition",
    ),
    "triage": (
        "subject_id",
        "stay_id",
        "temperature",
        "heartrate",
        "resprate",
        "o2sat",
        "sbp",
        "dbp",
        "pain",
        "acuity",
        "chiefcomplaint",
    ),
    "diagnosis": ("subject_id", "stay_id", "seq_num", "icd_code", "icd_version", "icd_title"),
}

_UNFINISHED = ".unfinished"
_CHUNK = 25
"""Subjects that a process tells at a time."""


# --------------------------------------------------------------------------- what is written where


_BLOCK = 60
_ONE_WORD = {
    "brief_hospital_course": ("N/A", "None", "Uneventful.", "Uncomplicated."),
    "discharge_instructions": ("N/A", "None", "Verbal.", "Attached."),
}


def _not_written(seed: int, number: int, stays: int) -> Mapping[str, str]:
    """Once in 60 stays a target is 'NA', once another single word; never in a ward that is smaller than that."""
    if stays < _BLOCK:
        return {}
    dice, half = Dice(f"{seed}/block/{number // _BLOCK}"), _BLOCK // 2
    first, second = dice.shuffled(sorted(_ONE_WORD))
    gaps = {
        dice.below(half): {first: "NA"},
        half + dice.below(half): {second: dice.pick(_ONE_WORD[second])},
    }
    return gaps.get(number % _BLOCK, {})


def split_sizes(stays: int) -> dict[str, int]:
    """Stays per split, near the official shares and never none. Raises CorpusError below `MINIMUM`."""
    if stays < MINIMUM:
        raise CorpusError(
            f"{stays} stays cannot fill the {len(SHARES)} splits of the task", todo=f"ask for at least {MINIMUM} stays"
        )
    sizes = {split: int(stays * share) for split, share in SHARES.items()}
    by_remainder = sorted(SHARES, key=lambda split: sizes[split] - stays * SHARES[split])
    for split in by_remainder[: stays - sum(sizes.values())]:
        sizes[split] += 1
    return sizes


@dataclass(frozen=True)
class _Chunk:
    """Some subjects of a split: (subject, the number of the first stay, stays)."""

    version: int
    seed: int
    stays: int
    split: str
    subjects: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class _Written:
    """What a chunk has for each file of its split: rows of the tables, lines of the ledger, ids by list."""

    split: str
    stays: int
    tables: Mapping[str, str]
    ledger: str
    ids: Mapping[str, str]


def _plan(version: int, seed: int, stays: int, sizes: Mapping[str, int]) -> Iterator[_Chunk]:
    """Who stays in which split; a patient with all stays belongs to one."""
    dice = Dice(f"{seed}/stays of a subject")
    number = subject = 0
    for split, size in sizes.items():
        end, chunk = number + size, list[tuple[int, int, int]]()
        while number < end:
            of_subject = min(dice.weighted((1, 2, 3), (80, 14, 6)), end - number)
            chunk.append((subject, number, of_subject))
            subject, number = subject + 1, number + of_subject
            if len(chunk) == _CHUNK or number == end:
                yield _Chunk(version, seed, stays, split, tuple(chunk))
                chunk = []


def _write_chunk(chunk: _Chunk) -> _Written:
    tables = {table: io.StringIO() for table in COLUMNS}
    writers = {table: csv.DictWriter(file, COLUMNS[table], lineterminator="\n") for table, file in tables.items()}
    ledger: list[str] = []
    ids: dict[str, list[str]] = {}
    for told in VERSIONS[chunk.version](chunk):
        for table, row in told.rows:
            writers[table].writerow(row)
        ledger.append(told.ledger)
        for name in told.groups:
            ids.setdefault(name, []).append(told.id)
    return _Written(
        chunk.split,
        len(ledger),
        {table: file.getvalue() for table, file in tables.items()},
        "".join(f"{line}\n" for line in ledger),
        {name: "".join(f"{id}\n" for id in listed) for name, listed in ids.items()},
    )


def _version_1(chunk: _Chunk) -> Iterator[Told]:
    test = chunk.split.startswith("test")
    for subject, first, stays in chunk.subjects:
        patient = draw_patient(chunk.seed, subject, stays, test)
        for index in range(stays):
            course = draw_course(chunk.seed, first + index, patient, index, test)
            yield tell(chunk.seed, course, chunk.split, _not_written(chunk.seed, first + index, chunk.stays))


VERSIONS: Mapping[int, Callable[[_Chunk], Iterator[Told]]] = {1: _version_1}
"""Every version of the ward that there was. A published one never changes: tests pin its bytes."""

LATEST = max(VERSIONS)


# --------------------------------------------------------------------------- writing


def synthesize(
    out: Path, stays: int, seed: int, version: int | None = None, processes: int | None = None
) -> dict[str, int]:
    """Write a ward of `stays` stays as the task's four splits of six tables, their ledgers, and its `corpus.toml`,
    into `out`. Without a version it is the latest.

    Returns the stays per split. The same version, seed and number of stays give the same bytes (of the tables before
    they are packed: compressors differ), whatever the number of processes. A ward that is already there is replaced
    once the new one is whole. Raises CorpusError if there are too few stays, for an unknown version, or if `out` holds
    anything but a ward.
    """
    version = LATEST if version is None else version
    if version not in VERSIONS:
        raise CorpusError(
            f"there is no version {version} of the ward",
            todo=f"choose one of {', '.join(map(str, VERSIONS))}: --ward-version",
        )
    sizes = split_sizes(stays)
    unfinished = _begin(out)
    written = _write(_plan(version, seed, stays, sizes), processes or _processes(stays))
    for split, chunks in groupby(_counted(written, stays), key=lambda chunk: chunk.split):
        with _files(unfinished / split) as files:
            for chunk in chunks:
                _append(files, unfinished / split / "ids", chunk)
    write_marking(unfinished, NAME, LICENCE, SCORERS, ward_version=version, seed=seed, stays=stays)
    _finish(unfinished, out, sizes)
    return sizes


def _counted(chunks: Iterator[_Written], stays: int) -> Iterator[_Written]:
    """The chunks, with a bar that counts their stays."""
    bar = counter("writing the ward", stays, "stay")
    for chunk in chunks:
        yield chunk
        bar.update(chunk.stays)
    bar.close()


def _processes(stays: int) -> int:
    """One for a small ward: to start another takes longer than to write it."""
    return 1 if stays < 2000 else os.cpu_count() or 1


def _write(chunks: Iterator[_Chunk], processes: int) -> Iterator[_Written]:
    """The chunks, written, in their order; a few are under way at a time, so that memory stays flat."""
    if processes == 1:
        yield from map(_write_chunk, chunks)
        return
    with ProcessPoolExecutor(processes, DeafContext()) as pool:
        waiting: deque[Future[_Written]] = deque()
        for chunk in chunks:
            waiting.append(pool.submit(_write_chunk, chunk))
            if len(waiting) > 3 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _begin(out: Path) -> Path:
    """An empty folder in `out` to write in. Refuses a folder of something else: writing over a real release, and
    marking it public, must not happen."""
    if out.is_file():
        raise CorpusError(f"{out} is a file", todo="give a folder that is new or empty")
    unfinished = out / _UNFINISHED
    if out.exists() and any(one != unfinished for one in out.iterdir()):
        marking = read_marking(out)
        if marking.restricted or (marking.name, marking.licence) != (NAME, LICENCE):  # anybody may name a corpus ward
            raise CorpusError(
                f"{out} holds something that is not a synthetic ward", todo="give a folder that is new or empty"
            )
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True)
    except OSError as error:
        raise CorpusError(f"{out} cannot be written: {error.strerror}", todo="give another folder") from None
    return unfinished


def _finish(unfinished: Path, out: Path, splits: Iterable[str]) -> None:
    """Move what was written to its place. The marking goes first: a ward that is torn here is still known as one, and
    nothing else in `out` has to be taken for one."""
    (unfinished / FILE_NAME).replace(out / FILE_NAME)
    for split in splits:
        shutil.rmtree(out / split, ignore_errors=True)
        (unfinished / split).rename(out / split)
    unfinished.rmdir()


_Files: TypeAlias = Mapping[str, IO[str]]


@contextmanager
def _files(folder: Path) -> Iterator[_Files]:
    """The six tables with their headers and the ledger, gzipped without time and name."""
    folder.mkdir()
    with ExitStack() as stack:
        files: dict[str, IO[str]] = {}
        for name in (*(f"{table}.csv.gz" for table in COLUMNS), LEDGER):
            file = stack.enter_context((folder / name).open("wb"))
            packed = stack.enter_context(gzip.GzipFile("", "wb", 6, file, mtime=0))
            files[name] = stack.enter_context(io.TextIOWrapper(packed, "utf-8", newline=""))
        for table, columns in COLUMNS.items():
            csv.writer(files[f"{table}.csv.gz"], lineterminator="\n").writerow(columns)
        yield files


def _append(files: _Files, lists: Path, written: _Written) -> None:
    for table, rows in written.tables.items():
        files[f"{table}.csv.gz"].write(rows)
    files[LEDGER].write(written.ledger)
    for name, ids in written.ids.items():
        lists.mkdir(exist_ok=True)
        with (lists / f"{name}.txt").open("a", encoding="utf-8") as file:
            file.write(ids)
